import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openSavedApi } from '../../../src/actuator/saved/saved-api.ts';
import { createRedisState } from '../../../src/adapters/redis/state.ts';
import { ask } from '../../../src/commands/remote/client.ts';
import { resolveShownSettings } from '../../../src/config/resolve.ts';
import { embeddedLeaderKey } from '../../../src/shared/leader-key.ts';
import { type DynoManager, startDynoManager } from '../../../src/testbed/dyno-manager/manager.ts';
import { type RedisServer, startRedis } from '../../../src/testbed/servers/redis-server.ts';
import { ROUTES } from '../../../src/web/schema/routes.ts';
import { RunningActuator } from '../actuator/running-actuator.ts';

const APP = 'shop';
const TOKEN = 'HRKU-test-token';
const REGISTER = new URL('../../../src/register.ts', import.meta.url).href;
const FIXTURE = fileURLToPath(new URL('../../fixtures/embedded/worker.mjs', import.meta.url));
const COMMAND = [process.execPath, '--import', REGISTER, FIXTURE];
const LEADER_KEY = embeddedLeaderKey({ app: APP, processType: 'worker' });
/** What a run may take on a busy machine; nothing is asserted about it. */
const PATIENCE = { timeout: 60_000, interval: 200 };

interface Line {
  readonly dyno: string;
  readonly text: string;
}

const cleanups: (() => unknown)[] = [];
let server: RedisServer;
let redis: Redis;
let lines: Line[] = [];

beforeEach(async () => {
  lines = [];
  server = await startRedis();
  redis = new Redis(server.url);
  cleanups.push(
    () => server.stop(),
    () => redis.disconnect(),
  );
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function settings(env: Readonly<Record<string, string>> = {}) {
  return {
    REDIS_URL: server.url,
    HEROKU_API_TOKEN: TOKEN,
    OTEL_METRIC_EXPORT_INTERVAL: '200',
    TIDEMARK_EMBEDDED: 'true',
    TIDEMARK_TARGETS: '.:worker',
    TIDEMARK_DRY_RUN: 'false',
    TIDEMARK_WINDOW: '1s',
    TIDEMARK_GRACE: '5s',
    TIDEMARK_MIN_UPTIME: '0s',
    TIDEMARK_COOLDOWN: '10m',
    ...env,
  };
}

/** @param moreTypes process types of one dyno each, next to the workers */
async function startDynos(
  quantity: number,
  env: Readonly<Record<string, string>> = {},
  moreTypes: readonly string[] = [],
): Promise<DynoManager> {
  const port = 20_000 + (process.pid % 20_000);
  const manager = await startDynoManager({
    apps: [
      {
        name: APP,
        formation: [
          { type: 'worker', command: COMMAND, quantity },
          ...moreTypes.map((type) => ({ type, command: COMMAND, quantity: 1 })),
        ],
        env: settings({ HEROKU_API_URL: `http://127.0.0.1:${port}`, ...env }),
      },
    ],
    token: TOKEN,
    port,
    crashDelaysMs: [500],
    output: (text, { dyno }) => void lines.push({ dyno, text }),
  });
  cleanups.push(() => manager.stop(2_000));
  return manager;
}

/** Lines of the actuators' logs. */
function logged(message: string): readonly { readonly dyno: string; readonly entry: Record<string, unknown> }[] {
  return lines.flatMap(({ dyno, text }) => {
    if (!text.startsWith('{')) return [];
    const entry = JSON.parse(text) as Record<string, unknown>;
    return entry.msg === message ? [{ dyno, entry }] : [];
  });
}

/** What a reader of Redis sees: the job names that grew by as much as the bloated dyno did, and where. */
async function guiltyJobs(): Promise<readonly string[]> {
  const api = await openSavedApi(server.url, resolveShownSettings({}));
  try {
    const { targets } = await ask(api.address, ROUTES.jobs);
    const grown = targets.flatMap(({ jobs }) => jobs).filter(({ net_bytes }) => net_bytes > 200e6);
    return grown.map(({ name, dynos }) => `${name} in ${dynos[0]?.dyno}`);
  } finally {
    await api.close();
  }
}

function decisionsIn(log: readonly string[]): readonly string[] {
  return log.filter((line) => JSON.parse(line).msg === 'decision');
}

describe('an actuator inside the workers', { timeout: 150_000 }, () => {
  it('restarts the bloated dyno once, from one of the workers, and the rest stays as it was', async () => {
    const manager = await startDynos(2);
    const [bloated, healthy] = manager.dynos().map(({ dynoId }) => dynoId);
    await vi.waitFor(() => expect(manager.deletes()).toEqual({ one: 1, all: 0 }), PATIENCE);
    await vi.waitFor(async () => {
      const outcomes = await redis.hgetall(`tidemark:ledger:${APP}:worker`);
      expect(JSON.stringify(outcomes)).toContain('restarted');
    }, PATIENCE);
    const state = createRedisState({ url: server.url, policy: { cooldownMs: 0, maxRestartsPerHour: 0, holdMs: 0 } });
    cleanups.push(() => state.close());
    expect(await state.untilAvailable(5_000)).toBe(true);
    // Where the leader restarted its own dyno, nobody leads until another worker has found the key free.
    await vi.waitFor(async () => expect(await state.isLed()).toBe(true), PATIENCE);
    const [first, second] = manager.dynos().map(({ dynoId }) => dynoId);
    expect(first).not.toBe(bloated);
    expect(second).toBe(healthy);
    expect(new Set(logged('the actuator runs inside this worker').map(({ dyno }) => dyno)).size).toBeLessThanOrEqual(2);
    await vi.waitFor(async () => expect(await guiltyJobs()).toContain('grow in worker.1'), PATIENCE);
    expect(lines.map(({ text }) => text).join('\n')).not.toContain(TOKEN);
  });

  it('leaves a restart to the actuator of its own process type, where two types have one', async () => {
    const manager = await startDynos(2, { TIDEMARK_TARGETS: '.:worker,.:mailer' }, ['mailer']);
    await vi.waitFor(() => {
      const leading = logged('the actuator runs inside this worker').map(({ dyno }) => dyno);
      expect(leading).toContain('mailer.1');
    }, PATIENCE);
    const outcome = await vi.waitFor(() => {
      const closed = logged('attempt').find(({ entry }) => entry.outcome !== null);
      expect(closed).toBeDefined();
      return closed;
    }, PATIENCE);
    expect(outcome?.entry).toMatchObject({ outcome: 'restarted', dyno: 'worker.1' });
    expect(manager.deletes()).toEqual({ one: 1, all: 0 });
  });

  it('goes on in another worker when the one that leads is killed', async () => {
    const manager = await startDynos(2, { TIDEMARK_DRY_RUN: 'true' });
    const leading = await vi.waitFor(() => {
      const [line] = logged('the actuator runs inside this worker');
      expect(line).toBeDefined();
      return line?.dyno;
    }, PATIENCE);
    const before = await redis.get(LEADER_KEY);
    const { pid } = manager.dynos().find(({ name }) => name === leading) ?? {};
    process.kill(pid as number, 'SIGKILL');
    await vi.waitFor(async () => {
      const now = await redis.get(LEADER_KEY);
      expect(now).not.toBeNull();
      expect(now).not.toBe(before);
    }, PATIENCE);
    await vi.waitFor(() => expect(logged('the actuator runs inside this worker')).toHaveLength(2), PATIENCE);
  });

  it('writes its journal alone, next to a service that reads the same measurements', async () => {
    await startDynos(1, { TIDEMARK_DRY_RUN: 'true' });
    await vi.waitFor(() => expect(logged('the actuator runs inside this worker')).toHaveLength(1), PATIENCE);
    const service = await RunningActuator.start({
      REDIS_URL: server.url,
      TIDEMARK_SOURCE: 'redis',
      TIDEMARK_DRY_RUN: 'true',
      TIDEMARK_WINDOW: '1s',
      TIDEMARK_INGEST_TOKENS: '',
    });
    cleanups.push(() => service.stop());
    // Without a token its own decisions are advice of another kind: none of them may be among the journalled ones.
    await vi.waitFor(() => expect(decisionsIn(service.lines)).not.toEqual([]), PATIENCE);
    await vi.waitFor(() => expect(logged('decision').length).toBeGreaterThan(2), PATIENCE);
    const state = createRedisState({ url: server.url, policy: { cooldownMs: 0, maxRestartsPerHour: 0, holdMs: 0 } });
    cleanups.push(() => state.close());
    expect(await state.untilAvailable(5_000)).toBe(true);
    const journalled = (await state.journal.recent(100)).flatMap((event) =>
      event.type === 'decision' ? [event.decision.timeMs] : [],
    );
    expect(journalled).not.toEqual([]);
    const inside = logged('decision').map(({ entry }) => entry.timeMs);
    expect(inside).toEqual(expect.arrayContaining(journalled));
  });

  it('says what is wrong with its settings, and the worker works on', async () => {
    await startDynos(1, { TIDEMARK_WINDOW: 'soon' });
    await vi.waitFor(() => {
      const said = lines.map(({ text }) => text).find((text) => text.includes('TIDEMARK_WINDOW'));
      expect(said).toMatch(/the actuator does not run in this worker: TIDEMARK_WINDOW: "soon" is not a duration/);
    }, PATIENCE);
    expect(logged('the actuator runs inside this worker')).toEqual([]);
  });

  it('restarts nothing that the allow-list does not name', async () => {
    const manager = await startDynos(1, { TIDEMARK_TARGETS: '.:mailer', TIDEMARK_LIMIT: '512MiB' });
    await vi.waitFor(() => {
      const [line] = logged('TIDEMARK_TARGETS does not name shop:worker: Tidemark will restart nothing here');
      expect(line?.entry.advice).toBe('set TIDEMARK_TARGETS=.:worker');
    }, PATIENCE);
    await vi.waitFor(() => {
      const over = logged('decision').filter(({ entry }) => Number(entry.floorBytes) > Number(entry.softLimitBytes));
      expect(over).not.toEqual([]);
    }, PATIENCE);
    expect(manager.deletes()).toEqual({ one: 0, all: 0 });
  });

  it('does not keep a process alive, and gives the lead back when its last worker closes', async () => {
    const child = spawn(process.execPath, COMMAND.slice(1), {
      env: { PATH: process.env.PATH, DYNO: 'worker.2', HEROKU_APP_NAME: APP, ...settings() },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk));
    const closed = once(child, 'close');
    await vi.waitFor(() => expect(output).toContain('the actuator runs inside this worker'), PATIENCE);
    child.kill('SIGTERM');
    expect(await closed).toEqual([0, null]);
  });

  it('leaves a process whose standard error is closed as it was', async () => {
    const child = spawn(process.execPath, COMMAND.slice(1), {
      env: { PATH: process.env.PATH, DYNO: 'worker.2', HEROKU_APP_NAME: APP, ...settings() },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr.destroy();
    const closed = once(child, 'close');
    await vi.waitFor(async () => expect(await redis.exists(LEADER_KEY)).toBe(1), PATIENCE);
    // By then the actuator has written into the closed output.
    await vi.waitFor(async () => expect(await redis.exists('tidemark:boots')).toBe(1), PATIENCE);
    child.kill('SIGTERM');
    expect(await closed).toEqual([0, null]);
  });
});
