import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openSavedApi } from '../../../src/actuator/saved/saved-api.ts';
import { resolveShownSettings } from '../../../src/config/resolve.ts';
import { freePort } from '../../../src/testbed/dyno-manager/free-port.ts';
import { type DynoManager, startDynoManager } from '../../../src/testbed/dyno-manager/manager.ts';
import { type RedisServer, startRedis } from '../../../src/testbed/servers/redis-server.ts';
import { APP, type DecisionRow, feed, RunningActuator, runCli } from './running-actuator.ts';

const TOKEN = 'HRKU-test-token';
const SLEEPER = [process.execPath, '-e', "process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000);"];
/** What a run may take on a busy machine; nothing is asserted about it. */
const PATIENCE = { timeout: 60_000, interval: 200 };

let redis: RedisServer;
/** Of a machine without an actuator, and with nothing set but the Redis. */
let env: Record<string, string>;
const cleanups: (() => unknown)[] = [];

beforeEach(async () => {
  redis = await startRedis();
  cleanups.push(() => redis.stop());
  env = { PORT: String(await freePort()), TIDEMARK_REDIS_URL: redis.url };
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startPlatform(): Promise<DynoManager> {
  const formation = [{ type: 'worker', command: SLEEPER, quantity: 1 }];
  const manager = await startDynoManager({ apps: [{ name: APP, formation }], token: TOKEN });
  cleanups.push(() => manager.stop());
  return manager;
}

async function startActuator(manager: DynoManager): Promise<RunningActuator> {
  const actuator = await RunningActuator.start({
    HEROKU_API_URL: manager.url,
    HEROKU_API_TOKEN: TOKEN,
    TIDEMARK_REDIS_URL: redis.url,
    // Longer than the test: it decides and waits, for a reason that only its own settings give.
    TIDEMARK_MIN_UPTIME: '1h',
    TIDEMARK_MAX_RSS: '600MiB',
  });
  cleanups.push(() => actuator.stop());
  return actuator;
}

async function dynoIdOf(manager: DynoManager): Promise<string> {
  const headers = { authorization: `Bearer ${TOKEN}`, accept: 'application/vnd.heroku+json; version=3' };
  const dynos = (await (await fetch(`${manager.url}/apps/${APP}/dynos`, { headers })).json()) as { id: string }[];
  return dynos[0]?.id ?? '';
}

it('status says what it could not read in Redis, next to what it shows', { timeout: 60_000 }, async () => {
  const client = new Redis(redis.url);
  cleanups.push(() => client.disconnect());
  await client.set('tidemark:epoch', Date.now() - 60_000);
  await client.set('tidemark:journal', 'of another program');
  const status = await runCli(['status', '--redis'], env);
  expect(status).toMatchObject({ code: 0, stdout: expect.stringContaining('Last decisions') });
  expect(status.stderr).toMatch(/^tidemark: the journal cannot be read: .*WRONGTYPE.*\n$/);
});

describe('status and top of an actuator that nothing can reach', { timeout: 180_000 }, () => {
  it('show what it has left in Redis: its decisions, memory, pauses and lead, and then that it is gone', async () => {
    const manager = await startPlatform();
    const actuator = await startActuator(manager);
    const id = await dynoIdOf(manager);
    const worker = await feed(actuator, { name: 'worker.1', id }, () => 700);
    cleanups.push(() => worker.stop());
    const known = await vi.waitFor(async () => {
      const row = (await actuator.decisions()).find(({ reason }) => reason === 'min-uptime');
      expect(row).toBeDefined();
      return row as DecisionRow;
    }, PATIENCE);
    await runCli(['pause', `${APP}:worker`], env);

    // On a busy machine its measurements may have stopped for a moment.
    const shown = await vi.waitFor(async () => {
      const top = await runCli(['top', '--json'], env);
      expect(top.stderr).toBe('');
      const answers = JSON.parse(top.stdout);
      expect(answers.dynos).toMatchObject([{ reason: 'min-uptime' }]);
      return answers;
    }, PATIENCE);
    expect(shown.status).toMatchObject({ read_from: 'redis', leading: true, ledger: 'available' });
    expect(shown.status.targets).toMatchObject([{ target: `${APP}:worker`, dry_run: false, paused_by: 'target' }]);
    const { dyno, boot_id, action } = known;
    // By this process's own settings nothing would be wrong with it, and it would be dry.
    expect(shown.dynos[0]).toMatchObject({ dyno, boot_id, action, dry_run: false });
    expect(shown.dynos[0].explanation).toMatch(/over the absolute limit/);
    expect(shown.dynos[0].usage_bytes).toBe(700 * 1024 ** 2);

    await actuator.stop();
    const status = await runCli(['status', '--redis'], env);
    expect(status.stdout).toMatch(
      /^Restarts are off: no actuator leads\n {2}Read from Redis at 127\.0\.0\.1:\d+: memory/,
    );
    expect(status.stdout).toMatch(/paused by \S+@\S+ since/);
    expect(status.stdout).toContain('worker.1');
    expect(manager.deletes().all).toBe(0);
  });

  it('have a page next to them, for this machine, that reads the same and changes nothing', async () => {
    const actuator = await startActuator(await startPlatform());
    await vi.waitFor(async () => expect((await runCli(['status', '--redis'], env)).code).toBe(0), PATIENCE);
    await actuator.stop();
    const saved = await openSavedApi(redis.url, resolveShownSettings({}));
    cleanups.push(() => saved.close());
    const base = `http://127.0.0.1:${await saved.serve(0)}`;
    expect(await (await fetch(`${base}/`)).text()).toContain('Tidemark');
    const status = await (await fetch(`${base}/api/status`)).json();
    expect(status).toMatchObject({ read_from: 'redis', read_only: true, leading: false });
    const headers = { authorization: 'Bearer null', 'content-type': 'application/json' };
    const pause = await fetch(`${base}/api/pause`, { method: 'POST', headers, body: '{}' });
    expect(pause.status).toBe(403);
    expect(await pause.json()).toMatchObject({ error: { code: 'read-only' } });
    const elsewhere = await fetch(`${base}/api/status`, { headers: { 'x-forwarded-for': '203.0.113.7' } });
    expect(elsewhere.status).toBe(403);
  });

  it('leave a Redis that no actuator has used as it is, and say so', async () => {
    const { code, stderr } = await runCli(['status', '--redis'], env);
    expect(code).toBe(2);
    expect(stderr).toMatch(/no actuator has used the Redis at 127\.0\.0\.1:\d+: check TIDEMARK_REDIS_URL/);
    const client = new Redis(redis.url);
    cleanups.push(() => client.disconnect());
    expect(await client.dbsize()).toBe(0);
  });

  it('ask an actuator that --url names, whatever Redis is set, and refuse both at once', async () => {
    const named = await runCli(['status', '--url', `http://127.0.0.1:${env.PORT}`], env);
    expect(named.stderr).toMatch(/no actuator answers at/);
    const both = await runCli(['status', '--redis', '--url', 'http://127.0.0.1:9'], env);
    expect(both).toMatchObject({ code: 2, stderr: expect.stringMatching(/--redis and --url: give one/) });
    const none = await runCli(['top', '--json', '--redis'], { PORT: env.PORT ?? '' });
    expect(none).toMatchObject({ code: 2, stderr: expect.stringMatching(/set TIDEMARK_REDIS_URL/) });
  });
});
