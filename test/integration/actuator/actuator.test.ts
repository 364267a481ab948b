import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type DynoManager, startDynoManager } from '../../../src/testbed/dyno-manager/manager.ts';
import { startRedis } from '../../../src/testbed/servers/redis-server.ts';
import { redisDatabase } from '../../redis-databases.ts';
import { APP, type Dyno, feed, RunningActuator, runCli } from './running-actuator.ts';

const TOKEN = 'HRKU-test-token';
const SLEEPER = [process.execPath, '-e', "process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000);"];

/** Level for five seconds, then up in stairs, and level again at 88 % of 512 MB. */
const bloated = (second: number) => Math.min(450, second < 5 ? 100 : 100 + Math.floor(second - 4) * 90);
const healthy = () => 120;
/** What a run may take on a busy machine; nothing is asserted about it. */
const PATIENCE = { timeout: 45_000, interval: 100 };

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function later<T>(thing: T, cleanup: (thing: T) => unknown): T {
  cleanups.push(() => cleanup(thing));
  return thing;
}

async function startPlatform(quantity: number): Promise<{ manager: DynoManager; dynos: readonly Dyno[] }> {
  const formation = [{ type: 'worker', command: SLEEPER, quantity }];
  const manager = later(await startDynoManager({ apps: [{ name: APP, formation }], token: TOKEN }), (one) =>
    one.stop(),
  );
  return { manager, dynos: manager.dynos().map(({ name, dynoId }) => ({ name, id: dynoId })) };
}

async function startActuator(manager: DynoManager, env: Readonly<Record<string, string>>): Promise<RunningActuator> {
  const actuator = await RunningActuator.start({ HEROKU_API_URL: manager.url, HEROKU_API_TOKEN: TOKEN, ...env });
  return later(actuator, (one) => one.stop());
}

async function startFeed(actuator: RunningActuator, dyno: Dyno | undefined, usageMb: (second: number) => number) {
  if (dyno === undefined) throw new Error('the platform has no such dyno');
  later(await feed(actuator, dyno, usageMb), (one) => one.stop());
}

/** Takes messages and answers none: what is sent to it must not hold others up. */
async function startSilentWebhook(): Promise<{ url: string; messages: readonly string[] }> {
  const messages: string[] = [];
  const server = createServer((request) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk;
    });
    request.on('end', () => messages.push(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  later(server, () => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, messages };
}

/** Tests share a Redis server; each has a database of its own in it. */

describe('the actuator, with a real Redis and a platform over HTTP', { timeout: 90_000 }, () => {
  it('restarts the bloated dyno once, leaves the healthy one, and says why', async () => {
    const { manager, dynos } = await startPlatform(2);
    const { url, messages } = await startSilentWebhook();
    const actuator = await startActuator(manager, {
      REDIS_URL: redisDatabase('an actuator that restarts'),
      TIDEMARK_WEBHOOK_URL: url,
    });
    await startFeed(actuator, dynos[0], bloated);
    await startFeed(actuator, dynos[1], healthy);
    const restarted = await vi.waitFor(async () => {
      const decision = (await actuator.decisions()).find(({ action }) => action === 'restart');
      expect(decision?.outcome).toBe('restarted');
      return decision;
    }, PATIENCE);
    expect(restarted).toMatchObject({ dyno: 'worker.1', boot_id: dynos[0]?.id, reason: 'sustained-over-soft-limit' });
    expect(restarted?.explanation).toMatch(/88 % of 512 MB.*gives back about 350 MB/);
    expect(manager.deletes()).toEqual({ one: 1, all: 0 });
    await vi.waitFor(() => expect(messages).toHaveLength(1), PATIENCE);
    expect(messages[0]).toMatch(/shop worker\.1 was restarted.*88 % of 512 MB/);
    expect(manager.dynos().map(({ dynoId }) => dynoId)[0]).not.toBe(dynos[0]?.id);
    expect(manager.dynos().map(({ dynoId }) => dynoId)[1]).toBe(dynos[1]?.id);

    // A person may restart what the cooldown protects from the policy; a boot that was sent for is asked for by its
    // name.
    const asked = await actuator.cli('restart', APP, 'worker.2');
    expect(asked).toMatchObject({ code: 0, stderr: '' });
    await vi.waitFor(() => expect(manager.deletes()).toEqual({ one: 2, all: 0 }), PATIENCE);
    const paused = await actuator.cli('pause');
    expect(paused.stdout).toBe(`Paused: all targets, by the actuator at ${actuator.url}.\n`);
    const refused = await actuator.cli('restart', APP, 'worker.1');
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toMatch(/409|paused/);
    const unknown = await actuator.cli('restart', 'other', 'worker.1');
    expect(unknown.stderr).toContain('allow-list');
    const status = await actuator.cli('status');
    expect(status.stdout).toMatch(/shop\s+worker\.1\s+450 MB of 512 MB/);
    expect(await actuator.get('/api/status')).toMatchObject({ platform: { calls_left: expect.any(Number) } });

    expect(actuator.lines.join('\n')).not.toContain(TOKEN);
    expect(await actuator.stop()).toBe(0);
  });

  it('restarts a dyno while the budget for watching is empty', async () => {
    const { manager, dynos } = await startPlatform(1);
    const actuator = await startActuator(manager, {
      REDIS_URL: redisDatabase('an actuator without calls'),
      // Six calls at the start: four check the access, one lists, one asks for the sizes.
      TIDEMARK_API_BUDGET: '60',
    });
    await startFeed(actuator, dynos[0], bloated);
    await vi.waitFor(() => expect(manager.deletes()).toEqual({ one: 1, all: 0 }), PATIENCE);
    await vi.waitFor(async () => {
      const decision = (await actuator.decisions()).find(({ action }) => action === 'restart');
      expect(decision?.outcome).toBe('restarted');
    }, PATIENCE);
    const { platform } = (await actuator.get('/api/status')) as { platform: { budget_left: number } };
    expect(platform.budget_left).toBeLessThanOrEqual(2);
    const reads = manager.requests.filter(({ path }) => path === `/apps/${APP}/dynos`);
    expect(reads.length).toBeGreaterThanOrEqual(4);
  });

  it('restarts nothing in a dry run, and says what it would have done', async () => {
    const { manager, dynos } = await startPlatform(1);
    const actuator = await startActuator(manager, {
      REDIS_URL: redisDatabase('an actuator in dry run'),
      TIDEMARK_DRY_RUN: 'true',
    });
    await startFeed(actuator, dynos[0], bloated);
    await vi.waitFor(async () => {
      const decision = (await actuator.decisions()).find(({ action }) => action === 'restart');
      expect(decision?.outcome).toBe('dry-run');
    }, PATIENCE);
    expect(manager.deletes()).toEqual({ one: 0, all: 0 });
    expect(manager.dynos()[0]?.dynoId).toBe(dynos[0]?.id);
  });

  it('tries nothing while the platform refuses the token, says so, and starts no cooldown', async () => {
    const { manager, dynos } = await startPlatform(1);
    const actuator = await startActuator(manager, {
      REDIS_URL: redisDatabase('an actuator without the API'),
      HEROKU_API_TOKEN: 'HRKU-wrong-token',
      TIDEMARK_MAX_RSS: '300MiB',
    });
    await startFeed(actuator, dynos[0], bloated);
    await vi.waitFor(async () => {
      const [newest] = await actuator.decisions();
      expect(newest).toMatchObject({ action: 'none', reason: 'platform-unavailable' });
    }, PATIENCE);
    expect((await actuator.decisions()).filter(({ action }) => action === 'restart')).toEqual([]);
    expect(actuator.lines.filter((line) => line.includes('"phase":"claimed"'))).toEqual([]);
  });

  it('observes without Redis, restarts nothing, says so, and takes up work when Redis is there', async () => {
    const redis = later(await startRedis(), (one) => one.stop());
    await redis.kill();
    const { manager, dynos } = await startPlatform(1);
    const actuator = await startActuator(manager, { REDIS_URL: redis.url });
    await startFeed(actuator, dynos[0], bloated);
    await vi.waitFor(async () => {
      const reasons = (await actuator.decisions()).map(({ reason }) => reason);
      expect(reasons).toContain('ledger-unavailable');
    }, PATIENCE);
    expect(await actuator.get('/readyz')).toMatchObject({
      ledger: 'unavailable',
      restarts: expect.stringContaining('Redis'),
    });
    expect(manager.deletes()).toEqual({ one: 0, all: 0 });

    later(await startRedis({ port: redis.port, dir: redis.dir }), (one) => one.stop());
    await vi.waitFor(() => expect(manager.deletes()).toEqual({ one: 1, all: 0 }), PATIENCE);
  });
});

describe('a bad start', () => {
  it('names every fault at once, and ends with 2', async () => {
    const { code, stdout, stderr } = await runCli(['actuator', '--windwo', '1m'], {
      TIDEMARK_GRAEC: '120s',
      TIDEMARK_COOLDOWN: '15',
      TIDEMARK_DRY_RUN: 'false',
    });
    expect(code).toBe(2);
    expect(stdout).toBe('');
    for (const fault of ['--windwo', 'TIDEMARK_GRAEC', 'TIDEMARK_COOLDOWN', 'HEROKU_API_TOKEN', 'TIDEMARK_TARGETS']) {
      expect(stderr).toContain(fault);
    }
  });

  it('says that its port is taken', async () => {
    const server = later(createServer().listen(0), (one) => one.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await runCli(['actuator', '--port', String(port)]);
    expect(code).toBe(2);
    expect(stderr).toContain(`PORT: ${port} is taken`);
  });

  it.each([
    [['nonsense'], '"nonsense" is not a command'],
    [['actuator', 'extra'], '"extra" is not expected'],
    [['actuator', '--window'], '--window needs a value'],
    [['replay'], 'needs at least one file'],
    [['replay', '/nowhere.csv'], '/nowhere.csv: cannot be read (ENOENT)'],
    [['status', '--url', 'http://127.0.0.1:9'], 'no actuator answers'],
  ])('says what is wrong with %j', async (args, message) => {
    const { code, stderr } = await runCli(args);
    expect(code).toBeGreaterThan(0);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('a fault in the program');
  });
});
