import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { createKeys } from '../../src/adapters/redis/keys.ts';
import { freePort } from '../../src/testbed/dyno-manager/free-port.ts';
import { type DynoManager, startDynoManager } from '../../src/testbed/dyno-manager/manager.ts';
import { type RedisServer, startRedis } from '../../src/testbed/servers/redis-server.ts';
import { startPointRouter } from '../../test/chaos/point-router.ts';
import { APP, RunningActuator } from '../../test/integration/actuator/running-actuator.ts';

const REGISTER = new URL('../../src/register.ts', import.meta.url).href;
const WORKER = fileURLToPath(new URL('../restarts-worker.ts', import.meta.url));
const TOKEN = 'HRKU-bench-token';
const HOUR_MS = 3_600_000;

export interface SettingOptions {
  /** One dyno of each process type. */
  readonly types: readonly string[];
  readonly actuators: number;
  readonly env: Readonly<Record<string, string>>;
  readonly exportEveryMs: number;
  /** Default: `bench/restarts-worker.ts`. */
  readonly program?: string;
}

/** Redis, dynos, and actuators behind one address for points. */
export interface Setting {
  readonly redis: RedisServer;
  readonly manager: DynoManager;
  readonly actuators: readonly RunningActuator[];
  stop(): Promise<void>;
}

export async function startSetting(options: SettingOptions): Promise<Setting> {
  const { types, exportEveryMs, program = WORKER } = options;
  const redis = await startRedis({ appendFsyncAlways: true });
  await ageLedger(redis.url);
  const ports: number[] = [];
  for (let count = 0; count < options.actuators; count++) ports.push(await freePort());
  const router = await startPointRouter(() => ports.map((port) => `http://127.0.0.1:${port}`));
  const command = [process.execPath, '--import', REGISTER, program];
  const manager = await startDynoManager({
    token: TOKEN,
    apps: [
      {
        name: APP,
        formation: types.map((type) => ({ type, command })),
        env: {
          REDIS_URL: redis.url,
          OTEL_EXPORTER_OTLP_ENDPOINT: router.url,
          OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Bearer%20ingest-t0ken',
          OTEL_METRIC_EXPORT_INTERVAL: String(exportEveryMs),
          OTEL_METRIC_EXPORT_TIMEOUT: String(exportEveryMs),
        },
      },
    ],
  });
  const actuators: RunningActuator[] = [];
  for (const port of ports) {
    const env = {
      PORT: String(port),
      REDIS_URL: redis.url,
      HEROKU_API_URL: manager.url,
      HEROKU_API_TOKEN: TOKEN,
      TIDEMARK_TARGETS: types.map((type) => `${APP}:${type}`).join(','),
      ...options.env,
    };
    actuators.push(await RunningActuator.start(env));
  }
  return {
    redis,
    manager,
    actuators,
    async stop() {
      await manager.stop();
      for (const actuator of actuators) await actuator.kill();
      router.stop();
      await redis.stop();
    },
  };
}

/** A ledger that is new is held for a while; this one has been there for an hour. */
async function ageLedger(url: string): Promise<void> {
  const client = new Redis(url);
  await client.set(createKeys().epoch, String(Date.now() - HOUR_MS));
  client.disconnect();
}

/**
 * Waits for the condition; rejects if it is not true in time. A check that throws is repeated, because the machine is
 * busy.
 */
export async function until(what: string, condition: () => Promise<boolean>, withinMs = 300_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  let cause: unknown;
  const holds = () =>
    condition().catch((error: unknown) => {
      cause = error;
      return false;
    });
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${withinMs / 1000} s`, { cause });
    await delay(250);
  }
}
