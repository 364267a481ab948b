import { Redis } from 'ioredis';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type DynoManager, startDynoManager } from '../../../src/testbed/dyno-manager/manager.ts';
import { startRedis } from '../../../src/testbed/servers/redis-server.ts';
import { APP, feed, RunningActuator } from './running-actuator.ts';

const TOKEN = 'HRKU-test-token';
const SLEEPER = [process.execPath, '-e', "process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000);"];
/** What a run may take on a busy machine; nothing is asserted about it. */
const PATIENCE = { timeout: 45_000, interval: 100 };
/** Level for five seconds, then up in stairs, and level again at 88 % of 512 MB. */
const bloated = (second: number) => Math.min(450, second < 5 ? 100 : 100 + Math.floor(second - 4) * 90);

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface World {
  readonly manager: DynoManager;
  readonly redis: Redis;
  readonly actuator: RunningActuator;
}

async function startWorld(): Promise<World> {
  const server = await startRedis();
  cleanups.push(() => server.stop());
  const formation = [{ type: 'worker', command: SLEEPER, quantity: 1 }];
  const manager = await startDynoManager({ apps: [{ name: APP, formation }], token: TOKEN });
  cleanups.push(() => manager.stop());
  const redis = new Redis(server.url);
  cleanups.push(() => redis.disconnect());
  const actuator = await RunningActuator.start({
    HEROKU_API_URL: manager.url,
    HEROKU_API_TOKEN: TOKEN,
    REDIS_URL: server.url,
    // Shorter than the hold, which is ten windows.
    TIDEMARK_COOLDOWN: '1s',
  });
  cleanups.push(() => actuator.stop());
  return { manager, redis, actuator };
}

const linesWith = (actuator: RunningActuator, what: string) => actuator.lines.filter((line) => line.includes(what));

async function holdIsOver(redis: Redis): Promise<void> {
  const epochMs = Number(await redis.get('tidemark:epoch'));
  await vi.waitFor(async () => {
    const [seconds = 0] = await redis.time();
    expect(Number(seconds) * 1000).toBeGreaterThan(epochMs + 10 * 500 + 3_000);
  }, PATIENCE);
}

describe('a Redis that is emptied under a living actuator', { timeout: 90_000 }, () => {
  it('does not make it send a second DELETE for a boot that the first one did not restart', async () => {
    const { manager, redis, actuator } = await startWorld();
    manager.faults.next('DELETE', `/apps/${APP}/dynos/worker.1`, { kind: 'accepted-without-effect' });
    const [dyno] = manager.dynos();
    if (dyno === undefined) throw new Error('no dyno');
    const feeding = await feed(actuator, { name: dyno.name, id: dyno.dynoId }, bloated);
    cleanups.push(() => feeding.stop());
    await vi.waitFor(() => expect(linesWith(actuator, '"phase":"sending"')).toHaveLength(1), PATIENCE);
    await vi.waitFor(() => expect(manager.deletes().one).toBe(1), PATIENCE);
    await redis.flushall();
    await vi.waitFor(async () => expect(await redis.exists('tidemark:epoch')).toBe(1), PATIENCE);
    await holdIsOver(redis);
    expect(manager.deletes()).toEqual({ one: 1, all: 0 });
    const spent = await redis.zrange(`tidemark:spent:${APP}:worker`, '0', '-1');
    expect(spent).toContain(dyno.dynoId);
    expect(await redis.hget(`tidemark:ledger:${APP}:worker`, 'attempt')).toContain('"phase":"sending"');
    expect(linesWith(actuator, 'Redis has lost the ledger')).toHaveLength(1);
  });

  it('leaves what a person has paused paused', async () => {
    const { manager, redis, actuator } = await startWorld();
    const [dyno] = manager.dynos();
    if (dyno === undefined) throw new Error('no dyno');
    expect((await actuator.cli('pause')).code).toBe(0);
    const feeding = await feed(actuator, { name: dyno.name, id: dyno.dynoId }, bloated);
    cleanups.push(() => feeding.stop());
    await vi.waitFor(async () => {
      expect((await actuator.decisions()).map(({ reason }) => reason)).toContain('paused');
    }, PATIENCE);
    await redis.flushall();
    await vi.waitFor(async () => expect(await redis.exists('tidemark:epoch')).toBe(1), PATIENCE);
    await holdIsOver(redis);
    expect(manager.deletes()).toEqual({ one: 0, all: 0 });
    expect((await actuator.decisions())[0]).toMatchObject({ action: 'none', reason: 'paused' });
  });
});
