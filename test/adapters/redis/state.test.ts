import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { createRedisState, type RedisState } from '../../../src/adapters/redis/state.ts';
import type { ActuatorEvent, Snapshots } from '../../../src/ports.ts';
import { embeddedLeaderKey } from '../../../src/shared/leader-key.ts';
import { aClaim } from '../../models/a-claim.ts';

const SHOP = { app: 'shop', processType: 'worker' };

let redis: Redis;
let keyPrefix: string;
let states: RedisState[];

beforeEach(() => {
  redis = new Redis(inject('redisUrl'));
  keyPrefix = `test-${randomUUID()}:`;
  states = [];
});
afterEach(async () => {
  await Promise.all(states.map((state) => state.close()));
  const keys = await redis.keys(`${keyPrefix}*`);
  if (keys.length > 0) await redis.del(...keys);
  redis.disconnect();
});

async function open(log: string[] = []): Promise<RedisState> {
  const policy = { cooldownMs: 60_000, maxRestartsPerHour: 4, holdMs: 0 };
  const state = createRedisState({
    url: inject('redisUrl'),
    policy,
    keyPrefix,
    log: (_, message) => log.push(message),
  });
  states.push(state);
  await state.untilAvailable(5_000);
  return state;
}

describe('the ledger between actuators', () => {
  it('grants one of fifty claims that come at once over ten connections', async () => {
    const actuators = await Promise.all(Array.from({ length: 10 }, () => open()));
    const claims = Array.from({ length: 50 }, (_, index) =>
      actuators[index % 10]?.ledger.claim(aClaim({ dyno: `worker.${index}`, bootId: `boot-${index}` })),
    );
    const answers = await Promise.all(claims);
    expect(answers.filter((answer) => answer?.ok)).toHaveLength(1);
    expect(answers.filter((answer) => answer?.ok === false && answer.why === 'attempt-open')).toHaveLength(49);
  });

  it('lets one of twenty move on to each phase', async () => {
    const actuators = await Promise.all(Array.from({ length: 4 }, () => open()));
    const claimed = await actuators[0]?.ledger.claim(aClaim());
    if (claimed?.ok !== true) throw new Error('not claimed');
    const moves = Array.from({ length: 20 }, (_, index) =>
      actuators[index % 4]?.ledger.advance(claimed.attempt, { to: 'draining', platformDynoId: 'p', deadlineInMs: 1 }),
    );
    expect((await Promise.all(moves)).filter((answer) => answer?.ok)).toHaveLength(1);
  });

  it('lets nothing in the ledger expire', async () => {
    const { ledger } = await open();
    const claimed = await ledger.claim(aClaim());
    if (!claimed.ok) throw new Error('not claimed');
    const move = { platformDynoId: 'p', deadlineInMs: 1_000 };
    const drained = await ledger.advance(claimed.attempt, { to: 'draining', ...move });
    if (!drained.ok) throw new Error('not moved');
    await ledger.advance(drained.attempt, { to: 'sending', ...move });
    await ledger.pause(null);
    const keys = await redis.keys(`${keyPrefix}*`);
    const lives = await Promise.all(keys.map(async (key) => [key.slice(keyPrefix.length), await redis.pttl(key)]));
    expect(Object.fromEntries(lives)).toEqual({
      'ledger:shop:worker': -1,
      'spent:shop:worker': -1,
      open: -1,
      ledgers: -1,
      epoch: -1,
      'pause-all': -1,
    });
  });

  it('takes a record that something else wrote for a ledger that cannot be read', async () => {
    const { ledger } = await open();
    await redis.hset(`${keyPrefix}ledger:shop:worker`, 'attempt', '{"id":"x"}');
    await expect(ledger.read(SHOP)).rejects.toMatchObject({ code: 'ledger-unavailable' });
    await expect(ledger.claim(aClaim())).resolves.toEqual({ ok: false, why: 'attempt-open' });
  });

  it('finds the attempts of other targets next to one that cannot be read', async () => {
    const { ledger } = await open();
    const mail = { app: 'mail', processType: 'worker' };
    await ledger.claim(aClaim());
    await ledger.claim(aClaim({ target: mail }));
    await redis.hset(`${keyPrefix}ledger:shop:worker`, 'attempt', '{"id":"x"}');
    expect(await ledger.open()).toMatchObject([{ target: mail }]);
  });
});

describe('the journal', () => {
  const event = (attemptId: string): ActuatorEvent => ({
    type: 'reclaimed',
    timeMs: 1,
    target: 'shop:worker',
    attemptId,
    reclaimedBytes: 5,
    usageBytes: 450,
  });

  it('gives back the newest events first', async () => {
    const { journal } = await open();
    for (const id of ['a', 'b', 'c']) await journal.append(event(id));
    expect(await journal.recent(2)).toEqual([event('c'), event('b')]);
  });

  it('does not reject without Redis, and says it once', async () => {
    const log: string[] = [];
    const state = await open(log);
    await state.close();
    await expect.poll(state.available).toBe(false);
    for (const id of ['a', 'b']) await state.journal.append(event(id));
    expect(await state.journal.recent(5)).toEqual([]);
    expect(log.filter((message) => message.includes('journal'))).toHaveLength(1);
  });
});

async function loaded({ load }: Snapshots, partition: number | null = null): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  await load(partition, (key, json) => found.set(key, json));
  return found;
}

describe('the snapshots', () => {
  it('come back by boot, for two days, without those that have expired', async () => {
    const { snapshots } = await open();
    await snapshots.save([{ bootKey: 'a', json: '{"a":1}' }]);
    await snapshots.save([{ bootKey: 'a', json: '{"a":2}' }]);
    await snapshots.save([{ bootKey: 'b', json: '{}' }]);
    expect(await redis.pttl(`${keyPrefix}boot:a`)).toBeGreaterThan(47 * 3_600_000);
    await redis.del(`${keyPrefix}boot:b`);
    expect(await loaded(snapshots)).toEqual(new Map([['a', '{"a":2}']]));
    expect(await redis.smembers(`${keyPrefix}boots`)).toEqual(['a']);
  });
});

describe('what jobs did in a boot', () => {
  it('is kept next to its snapshot for a day, and is absent where nothing was written', async () => {
    const { snapshots, savedJobs } = await open();
    await snapshots.save([{ bootKey: 'a', json: '{}', jobs: '{"jobs":1}' }]);
    await snapshots.save([{ bootKey: 'a', json: '{}' }]);
    await snapshots.save([{ bootKey: 'b', json: '{}' }]);
    expect(await savedJobs(['a', 'b', 'never-seen'])).toEqual(new Map([['a', '{"jobs":1}']]));
    const livesMs = await redis.pttl(`${keyPrefix}jobs:a`);
    expect(livesMs).toBeGreaterThan(23 * 3_600_000);
    expect(livesMs).toBeLessThanOrEqual(24 * 3_600_000);
  });
});

describe('the snapshots of a partition', () => {
  it('are those of its boots, which are among all of them too', async () => {
    const { snapshots } = await open();
    await snapshots.save([
      { bootKey: 'a', json: 'of 0', partition: 0 },
      { bootKey: 'b', json: 'of 1', partition: 1 },
      { bootKey: 'c', json: 'of none' },
    ]);
    expect(await loaded(snapshots, 0)).toEqual(new Map([['a', 'of 0']]));
    expect(await loaded(snapshots, 1)).toEqual(new Map([['b', 'of 1']]));
    expect(await loaded(snapshots, 2)).toEqual(new Map());
    expect([...(await loaded(snapshots)).keys()].sort()).toEqual(['a', 'b', 'c']);
  });
});

describe('the leader', () => {
  it('of one target, inside its workers, is known to another actuator', async () => {
    const target = { app: `shop-${randomUUID()}`, processType: 'worker' };
    const { isLedInside } = await open();
    expect(await isLedInside(target)).toBe(false);
    const key = embeddedLeaderKey(target);
    await redis.set(key, 'a-worker', 'PX', 60_000);
    const other = await open();
    expect(await other.isLedInside(target)).toBe(true);
    expect(await other.isLedInside({ ...target, processType: 'mailer' })).toBe(false);
    await redis.del(key);
  });

  it('is one of two, and hands over on a clean stop', async () => {
    const [one, two] = [await open(), await open()];
    one.leader.start();
    await expect.poll(() => redis.exists(`${keyPrefix}leader`), { timeout: 10_000 }).toBe(1);
    two.leader.start();
    await expect.poll(() => two.leader.isLeader(), { timeout: 10_000 }).toBe(false);
    expect(one.leader.isLeader()).toBe(true);
    await one.leader.stop();
    expect(one.leader.isLeader()).toBe(false);
    await expect.poll(() => two.leader.isLeader(), { timeout: 10_000 }).toBe(true);
  });

  it('is every actuator when Redis cannot be reached', async () => {
    const state = createRedisState({
      url: 'redis://127.0.0.1:1',
      policy: { cooldownMs: 0, maxRestartsPerHour: 0, holdMs: 0 },
    });
    states.push(state);
    state.leader.start();
    expect(state.leader.isLeader()).toBe(true);
  });
});
