import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { createRedisState, type RedisState } from '../../../../src/adapters/redis/state.ts';
import { LEARNING_CASES } from '../../../models/ledger/rule-cases.ts';

const SHOP = { app: 'shop', processType: 'worker' };

let redis: Redis;
let prefix: string;
let state: RedisState;

beforeEach(async () => {
  redis = new Redis(inject('redisUrl'));
  prefix = `test-${randomUUID()}:`;
  const policy = { cooldownMs: 60_000, maxRestartsPerHour: 4, holdMs: 0 };
  state = createRedisState({ url: inject('redisUrl'), policy, keyPrefix: prefix });
  await state.untilAvailable(5_000);
});

afterEach(async () => {
  await state.close();
  const keys = await redis.keys(`${prefix}*`);
  if (keys.length > 0) await redis.del(...keys);
  redis.disconnect();
});

it.each(LEARNING_CASES)('the ledger in Redis keeps what the rule keeps when %s', async (_, learned, kept) => {
  for (const name of learned) {
    const [dyno = '', bootId = ''] = name.split('/');
    const jobs = { bytesPerJob: null, bytesPerJobError: null };
    await state.ledger.learnFloor(SHOP, { dyno, bootId, floorBytes: 1, ...jobs, release: null });
  }
  const floors = JSON.parse((await redis.hget(`${prefix}ledger:shop:worker`, 'floors')) ?? '[]');
  expect(floors.map(({ dyno, bootId }: { dyno: string; bootId: string }) => `${dyno}/${bootId}`)).toEqual(kept);
});
