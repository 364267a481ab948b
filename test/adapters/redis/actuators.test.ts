import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { createRedisState, type RedisState } from '../../../src/adapters/redis/state.ts';
import type { ActuatorRecord } from '../../../src/ports.ts';

/** Other programs write to the same Redis: what they leave under Tidemark's keys stops nothing and stays there. */

let redis: Redis;
let prefix: string;
let state: RedisState;

beforeEach(async () => {
  redis = new Redis(inject('redisUrl'));
  prefix = `test-${randomUUID()}:`;
  const policy = { cooldownMs: 60_000, maxRestartsPerHour: 4, holdMs: 0 };
  state = createRedisState({
    url: inject('redisUrl'),
    policy,
    keyPrefix: prefix,
  });
  await state.untilAvailable(5_000);
});
afterEach(async () => {
  await state.close();
  const keys = await redis.keys(`${prefix}*`);
  if (keys.length > 0) await redis.del(...keys);
  redis.disconnect();
});

const RECORD: ActuatorRecord = {
  id: 'one',
  name: 'tidemark.1',
  startedAtMs: 1,
  leads: true,
  partitions: [0, 1],
  targets: ['shop:worker'],
  dynos: 3,
};
const names = async () => (await state.actuators.all()).map(({ name }) => name);

describe('the records of actuators', () => {
  it.each<[string, Partial<Record<keyof ActuatorRecord, unknown>>]>([
    ['of another id', { id: 'two' }],
    ['without a name', { name: '' }],
    ['with a number of dynos that no fleet has', { dynos: 1e308 }],
    ['with fewer dynos than none', { dynos: -1 }],
    ['from after the last time of a calendar', { startedAtMs: 1e300 }],
    ['with a hundred thousand partitions', { partitions: Array(100_000).fill(1) }],
    ['with negative partitions', { partitions: [-1] }],
    ['with an allow-list that is none', { allowed: 'shop:worker' }],
    ['with an allow-list of something else', { allowed: [{}] }],
  ])('%s are left out', async (_, change) => {
    await state.actuators.save(RECORD);
    await redis.sadd(`${prefix}actuators`, 'forged');
    await redis.set(`${prefix}actuator:forged`, JSON.stringify({ ...RECORD, id: 'forged', ...change }), 'PX', 600_000);
    expect(await names()).toEqual(['tidemark.1']);
  });

  it('that never expire are left out, or nobody would ever forget them', async () => {
    await redis.sadd(`${prefix}actuators`, 'forged');
    await redis.set(`${prefix}actuator:forged`, JSON.stringify({ ...RECORD, id: 'forged' }));
    expect(await names()).toEqual([]);
  });

  it('under keys of another type hide no other record', async () => {
    await state.actuators.save(RECORD);
    await redis.sadd(`${prefix}actuators`, 'list');
    await redis.rpush(`${prefix}actuator:list`, 'x');
    expect(await names()).toEqual(['tidemark.1']);
  });

  it('whose index is of another type are empty, until an actuator saves its own', async () => {
    await redis.set(`${prefix}actuators`, 'x');
    expect(await names()).toEqual([]);
    await state.actuators.save(RECORD);
    expect(await names()).toEqual(['tidemark.1']);
  });

  it('that have expired are forgotten by who saves, not by who reads', async () => {
    await redis.sadd(`${prefix}actuators`, 'gone');
    await state.actuators.all();
    expect(await redis.smembers(`${prefix}actuators`)).toEqual(['gone']);
    await state.actuators.save(RECORD);
    expect(await redis.smembers(`${prefix}actuators`)).toEqual(['one']);
  });
});

it('an index of targets of another type does not hide whether an actuator leads', async () => {
  await redis.set(`${prefix}ledgers`, 'x');
  expect(await state.isLed()).toBe(false);
  await redis.set(`${prefix}leader`, 'someone');
  expect(await state.isLed()).toBe(true);
});
