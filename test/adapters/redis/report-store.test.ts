import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { createRedisState, type RedisState } from '../../../src/adapters/redis/state.ts';

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
  const state = createRedisState({ url: inject('redisUrl'), policy, keyPrefix, log: (_, said) => log.push(said) });
  states.push(state);
  await state.untilAvailable(5_000);
  return state;
}

it('gives the summary of a week to one of several actuators, and to none in the very first week', async () => {
  const actuators = await Promise.all([open(), open(), open()]);
  const claim = (week: number) => Promise.all(actuators.map(({ reports }) => reports.claimWeek(week)));
  expect(await claim(2900)).toEqual([false, false, false]);
  expect((await claim(2901)).filter(Boolean)).toHaveLength(1);
  expect(await claim(2901)).toEqual([false, false, false]);
  const [later] = [await open()];
  expect(await later?.reports.claimWeek(2901)).toBe(false);
  expect(await later?.reports.claimWeek(2903)).toBe(true);
});

it('sends no summary by a key that something else wrote, and mends it', async () => {
  await redis.set(`${keyPrefix}summary-week`, 'nonsense');
  const { reports } = await open();
  expect(await reports.claimWeek(2901)).toBe(false);
  expect(await reports.claimWeek(2902)).toBe(true);
});

it('keeps the time over the quota, and says once that it cannot', async () => {
  const log: string[] = [];
  const { reports } = await open(log);
  expect(await reports.loadOverLimit()).toBeNull();
  await reports.saveOverLimit('{"shop:worker":{"1":2}}');
  expect(await reports.loadOverLimit()).toBe('{"shop:worker":{"1":2}}');
  await redis.del(`${keyPrefix}over-limit`);
  await redis.lpush(`${keyPrefix}over-limit`, 'x');
  expect(await reports.loadOverLimit()).toBeNull();
  expect(await reports.loadOverLimit()).toBeNull();
  expect(log.filter((line) => line.includes('over the quota'))).toHaveLength(1);
});
