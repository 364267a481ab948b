import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../../src/testbed/dyno-manager/free-port.ts';
import { type DynoManager, startDynoManager } from '../../../src/testbed/dyno-manager/manager.ts';
import { type RedisServer, startRedis } from '../../../src/testbed/servers/redis-server.ts';
import { APP, RunningActuator, runCli } from './running-actuator.ts';

const TOKEN = 'HRKU-test-token';
const PASSWORD = 'correct-horse';
const SLEEPER = [process.execPath, '-e', "process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000);"];
/** What a run may take on a busy machine; nothing is asserted about it. */
const PATIENCE = { timeout: 60_000, interval: 200 };

let redis: RedisServer;
let url: string;
/** A port that nobody listens on: no actuator answers here. */
let port: string;
const cleanups: (() => unknown)[] = [];

beforeEach(async () => {
  redis = await startRedis();
  cleanups.push(() => redis.stop());
  const open = new Redis(redis.url);
  await open.config('SET', 'requirepass', PASSWORD);
  open.disconnect();
  url = redis.url.replace('redis://', `redis://:${PASSWORD}@`);
  port = String(await freePort());
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
  const env = { HEROKU_API_URL: manager.url, HEROKU_API_TOKEN: TOKEN, TIDEMARK_REDIS_URL: url };
  const actuator = await RunningActuator.start(env);
  cleanups.push(() => actuator.stop());
  return actuator;
}

describe('pause and resume when no actuator can be reached', { timeout: 180_000 }, () => {
  it('go by the ledger, and a running actuator obeys', async () => {
    const manager = await startPlatform();
    const actuator = await startActuator(manager);
    const env = { PORT: port, TIDEMARK_REDIS_URL: url };
    const restart = () => actuator.cli('restart', APP, 'worker.1');
    await vi.waitFor(async () => expect(await actuator.get('/readyz')).toMatchObject({ ready: true }), PATIENCE);

    const paused = await runCli(['pause', `${APP}:worker`, '--by', 'ana'], env);
    expect(paused).toMatchObject({ code: 0, stderr: '' });
    expect(paused.stdout).toContain(
      `Paused: ${APP}:worker, in the ledger (Redis at 127.0.0.1:${redis.port}), ` +
        'because no actuator answers on this machine.',
    );
    // No dyno has reported yet, so a misspelt name would look the same.
    expect(paused.stdout).toContain(`No dyno of ${APP}:worker has reported there`);
    expect((await restart()).stderr).toMatch(/409.*paused/);
    await vi.waitFor(
      async () => expect((await actuator.cli('status')).stdout).toMatch(/paused by ana since/),
      PATIENCE,
    );

    const resumed = await runCli(['resume', `${APP}:worker`], env);
    expect(resumed.stdout).toMatch(/^Resumed: shop:worker, in the ledger/);
    expect(resumed.stdout).not.toContain('check the name');
    await vi.waitFor(async () => expect((await restart()).stdout).toMatch(/on its way/), PATIENCE);
    expect(manager.deletes().all).toBe(0);
  });

  it('name a ledger that no actuator leads on, and use REDIS_URL if the state has no Redis of its own', async () => {
    const paused = await runCli(['pause'], { PORT: port, REDIS_URL: url });
    expect(paused.stdout).toMatch(/^Paused: all targets, in the ledger.*No actuator leads/);
    const client = new Redis(url);
    cleanups.push(() => client.disconnect());
    // Without --by the user of this machine.
    expect(await client.get('tidemark:pause-all')).toMatch(/^\d{13} \S+@\S+$/);
    expect((await client.xrevrange('tidemark:journal', '+', '-', 'COUNT', 1)).flat(2)).toContainEqual(
      expect.stringMatching(/"steering".*"what":"pause"/),
    );
    await runCli(['resume'], { PORT: port, REDIS_URL: url });
    expect(await client.get('tidemark:pause-all')).toBe('0');
  });

  it('refuse what is no target, a named actuator that is away, and a Redis that is, without its password', async () => {
    const env = { PORT: port, TIDEMARK_REDIS_URL: url };
    const badTarget = await runCli(['pause', 'shop'], env);
    expect(badTarget).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('"shop" is not app:type') });
    const named = await runCli(['pause', '--url', `http://:${PASSWORD}@127.0.0.1:${port}`], env);
    expect(named).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('leave them out') });
    const wrong = await runCli(['pause'], { ...env, TIDEMARK_REDIS_URL: url.replace(PASSWORD, 'wrong-battery') });
    const badUrl = await runCli(['pause'], { ...env, TIDEMARK_REDIS_URL: `http://:${PASSWORD}@host` });
    const none = await runCli(['pause'], { PORT: port });
    for (const { code, stdout } of [wrong, badUrl, none])
      expect({ code: code === 0, stdout }).toEqual({ code: false, stdout: '' });
    expect(none.stderr).toMatch(/no actuator answers.*TIDEMARK_REDIS_URL/);
    const said = [badTarget, named, wrong, badUrl].map(({ stderr }) => stderr).join('\n');
    expect(said).not.toMatch(/correct-horse|wrong-battery/);
  });
});
