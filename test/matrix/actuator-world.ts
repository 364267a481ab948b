import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { vi } from 'vitest';
import { createRedisState, type RedisState } from '../../src/adapters/redis/state.ts';
import type { LedgerView } from '../../src/ports.ts';
import { type DynoManager, startDynoManager } from '../../src/testbed/dyno-manager/manager.ts';
import { type RedisServer, startRedis } from '../../src/testbed/servers/redis-server.ts';
import { RunningActuator } from '../integration/actuator/running-actuator.ts';
import { loadBullmq, makeVersionedApp, type VersionedApp } from './bullmq-versions.ts';
import { APP, keysOf, PATIENCE } from './matrix-dyno.ts';

const REGISTER = new URL('../../src/register.ts', import.meta.url).href;
/** Its first file takes jobs of the queues `work` and `worker.1`, and counts in Redis those that it has done. */
const APP_FILES = ['../chaos/worker-app.ts', './app/threaded-app.ts', './app/counting-processor.cjs'].map((name) =>
  fileURLToPath(new URL(name, import.meta.url)),
);
const TOKEN = 'HRKU-matrix-token';
const DYNO = 'worker.1';
const TARGET = { app: APP, processType: 'worker' };
const RELEASE_KEY = 'release';
const LEDGER_POLICY = { cooldownMs: 1_000, maxRestartsPerHour: 100, holdMs: 0 };
/** `sandbox-thread`: in threads that BullMQ starts for a sandboxed processor. */
export type JobsIn = 'main-thread' | 'worker-thread' | 'sandbox-thread';

type Queue = InstanceType<ReturnType<typeof loadBullmq>['Queue']>;

/**
 * A dyno with a real worker of one version of BullMQ, an actuator that restarts it, the dyno manager and a Redis: all
 * real processes.
 */
export class ActuatorWorld {
  readonly manager: DynoManager;
  readonly #version: string;
  readonly #app: VersionedApp;
  readonly #server: RedisServer;
  readonly #redis: Redis;
  readonly #state: RedisState;
  readonly #queue: Queue;
  readonly #actuatorEnv: Readonly<Record<string, string>>;
  readonly #added: string[] = [];
  actuator: RunningActuator | null = null;

  private constructor(parts: {
    readonly version: string;
    readonly app: VersionedApp;
    readonly server: RedisServer;
    readonly manager: DynoManager;
    readonly grace: string;
  }) {
    const { version, app, server, manager, grace } = parts;
    this.#version = version;
    this.#app = app;
    this.#server = server;
    this.manager = manager;
    this.#redis = new Redis(server.url);
    this.#state = createRedisState({ url: server.url, policy: LEDGER_POLICY });
    const { Queue } = loadBullmq(version);
    this.#queue = new Queue('work', { connection: { host: '127.0.0.1', port: server.port } });
    this.#actuatorEnv = {
      REDIS_URL: server.url,
      HEROKU_API_URL: manager.url,
      HEROKU_API_TOKEN: TOKEN,
      TIDEMARK_GRACE: grace,
      TIDEMARK_COOLDOWN: '1s',
      TIDEMARK_MAX_RESTARTS_PER_HOUR: '100',
    };
  }

  static async start(version: string, grace: string, jobsIn: JobsIn = 'main-thread'): Promise<ActuatorWorld> {
    const server = await startRedis();
    const app = makeVersionedApp(version, APP_FILES);
    const entry = jobsIn === 'main-thread' ? 'worker-app.ts' : 'threaded-app.ts';
    const command = [process.execPath, '--import', REGISTER, `${app.path}/${entry}`];
    const env = { REDIS_URL: server.url, OTEL_METRICS_EXPORTER: 'none', JOBS_IN: jobsIn };
    const manager = await startDynoManager({
      token: TOKEN,
      apps: [{ name: APP, formation: [{ type: 'worker', command }], env }],
    });
    const world = new ActuatorWorld({ version, app, server, manager, grace });
    await world.#state.untilAvailable(PATIENCE.timeout);
    await world.startActuator();
    await world.works();
    return world;
  }

  async startActuator(): Promise<void> {
    this.actuator = await RunningActuator.start(this.#actuatorEnv);
  }

  /** Kill -9. */
  async killActuator(): Promise<void> {
    await this.actuator?.kill();
    this.actuator = null;
  }

  get bootId(): string {
    const found = this.manager.dynos().find(({ name }) => name === DYNO);
    if (found === undefined) throw new Error(`there is no ${DYNO}`);
    return found.dynoId;
  }

  ledger(): Promise<LedgerView> {
    return this.#state.ledger.read(TARGET);
  }

  resume(): Promise<void> {
    return this.#state.ledger.resume(TARGET);
  }

  pause(): Promise<void> {
    return this.#state.ledger.pause(TARGET);
  }

  /**
   * A person's restart, and its drain up to the first answer of the worker: the actuator may be held for a moment after
   * its start.
   */
  async askForRestart(): Promise<string> {
    const { bootId } = this;
    await this.until(
      async () => ((await this.actuator?.post(`/api/dynos/${APP}/${DYNO}/restart`)) ?? 500) < 300,
      'the restart is accepted',
    );
    await this.untilAnswered(bootId);
    return bootId;
  }

  untilAnswered(bootId: string): Promise<void> {
    return this.until(
      async () => (await this.#redis.hlen(keysOf({ app: APP, bootId }).answers)) > 0,
      'the worker has answered',
    );
  }

  untilKeyExpired(bootId: string): Promise<void> {
    return this.until(
      async () => (await this.#redis.exists(keysOf({ app: APP, bootId }).question)) === 0,
      'the key has expired',
    );
  }

  async deleteDrainKey(bootId: string): Promise<void> {
    await this.#redis.del(keysOf({ app: APP, bootId }).question);
  }

  async untilClosed(outcome: string): Promise<void> {
    await this.until(async () => {
      const { open, history } = await this.ledger();
      return open === null && history[0]?.outcome === outcome;
    }, `the attempt has closed as ${outcome}`);
  }

  /** Adds a job that runs until `release`; it is taken before this resolves. */
  async addHeld(): Promise<string> {
    const id = await this.#add({ until: RELEASE_KEY });
    await this.until(async () => (await this.#queue.getActiveCount()) > 0, 'the job has started');
    return id;
  }

  async release(): Promise<void> {
    await this.#redis.set(RELEASE_KEY, 'now');
  }

  /** Fails where the worker does not do a new job. */
  async works(): Promise<void> {
    await this.untilDone(await this.#add({}));
  }

  untilDone(id: string): Promise<void> {
    return this.until(async () => (await this.#redis.hexists('done', id)) === 1, `${id} is done`);
  }

  /** Jobs that did not begin and end exactly once, or failed. */
  async jobsAmiss(): Promise<readonly string[]> {
    const [begun, done] = [await this.#redis.hgetall('begun'), await this.#redis.hgetall('done')];
    const failed = await this.#queue.getFailedCount();
    return [
      ...this.#added.filter((id) => begun[id] !== '1' || done[id] !== '1'),
      ...(failed > 0 ? [`${failed} failed`] : []),
    ];
  }

  async #add(data: { readonly until?: string }): Promise<string> {
    const jobId = `job-${this.#added.length}`;
    const id = `work/${jobId}`;
    this.#added.push(id);
    await this.#queue.add('work', data, { jobId });
    return id;
  }

  async until(condition: () => Promise<boolean>, what: string): Promise<void> {
    await vi.waitUntil(condition, PATIENCE).catch(async (error: unknown) => {
      const { open, history } = await this.ledger();
      const seen = JSON.stringify({ open, history: history.slice(0, 2), log: this.manager.log.slice(-4) });
      throw new Error(`BullMQ ${this.#version}: in vain waited until ${what}. ${error}. ${seen}`);
    });
  }

  async stop(): Promise<void> {
    await this.actuator?.kill();
    await this.manager.stop();
    await this.#queue.close();
    await this.#state.close();
    this.#redis.disconnect();
    await this.#server.stop();
    this.#app.remove();
  }
}
