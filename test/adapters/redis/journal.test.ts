import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { createRedisState, type RedisState } from '../../../src/adapters/redis/state.ts';

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
  await redis.del(`${prefix}journal`);
  redis.disconnect();
});

const eventBy = (by: string) => JSON.stringify({ type: 'steering', timeMs: 1, what: 'pause', target: null, by });
const write = (id: string, text = eventBy(id)) => redis.xadd(`${prefix}journal`, id, 'event', text);
const read = async (count: number) =>
  (await state.journal.recent(count)).map((event) => (event.type === 'steering' ? event.by : event.type));

it('events of one millisecond are all read, newest first', async () => {
  for (const id of ['0-1', '7-0', '7-1', '7-2', '8-0']) await write(id);
  expect(await read(10)).toEqual(['8-0', '7-2', '7-1', '7-0', '0-1']);
  expect(await read(2)).toEqual(['8-0', '7-2']);
});

it('a long entry hides no other one', async () => {
  await write('1-0');
  await write('2-0', 'x'.repeat(1024 ** 2));
  await write('3-0');
  expect(await read(10)).toEqual(['3-0', '1-0']);
});

it('no more entries are looked at than make some MB together, since Redis serves nobody else meanwhile', async () => {
  await write('1-0');
  for (let at = 2; at < 20; at++) await write(`${at}-0`, 'x'.repeat(1024 ** 2));
  await write('20-0');
  expect(await read(1000)).toEqual(['20-0']);
});
