import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, inject, it, vi } from 'vitest';
import { createDrainKeys, type DrainKeys } from '../../../src/adapters/redis/drain.ts';
import { ConfigError, LedgerUnavailable } from '../../../src/core/errors.ts';
import { type DrainAnswer, drainAnswersKey, drainKey } from '../../../src/semconv.ts';

let keys: DrainKeys;
let redis: Redis;
let boot: string;

beforeEach(async () => {
  redis = new Redis(inject('redisUrl'));
  keys = createDrainKeys({ url: inject('redisUrl') });
  boot = randomUUID();
  await vi.waitFor(() => keys.refresh(`${boot}-other`, 'first'));
});

afterEach(async () => {
  redis.disconnect();
  await keys.close();
});

async function answer(processId: string, changes: Partial<DrainAnswer> = {}): Promise<void> {
  const [seconds] = await redis.time();
  const value: DrainAnswer = { attemptId: 'first', idle: true, atMs: Number(seconds) * 1000, ...changes };
  await redis.hset(drainAnswersKey(boot), processId, JSON.stringify(value));
}

it('asks by a key that holds the attempt and lives 10 s, made new by each refresh', async () => {
  expect(await keys.refresh(boot, 'first')).toEqual(new Map());
  expect(await redis.get(`tidemark:drain:${boot}`)).toBe('first');
  expect(await redis.pttl(drainKey(boot))).toBeGreaterThan(9_000);
  await redis.pexpire(drainKey(boot), 2_000);
  await keys.refresh(boot, 'first');
  expect(await redis.pttl(drainKey(boot))).toBeGreaterThan(9_000);
});

it('reads what each process answers to this attempt', async () => {
  await answer('a');
  await answer('b', { idle: false });
  expect(await keys.refresh(boot, 'first')).toEqual(
    new Map([
      ['a', true],
      ['b', false],
    ]),
  );
});

it.each<[string, () => Promise<unknown>]>([
  ['to another attempt', () => answer('a', { attemptId: 'earlier' })],
  ['older than the key lives, as of a write that was held up', () => answer('a', { atMs: Date.now() - 60_000 })],
  ['that are none', () => redis.hset(drainAnswersKey(boot), { a: 'idle', b: 'null', c: '7' })],
])('does not count answers %s', async (_what, write) => {
  await write();
  expect(await keys.refresh(boot, 'first')).toEqual(new Map());
});

it('lets the workers go on by deleting both keys, but not those of another attempt', async () => {
  await keys.refresh(boot, 'second');
  await answer('a', { attemptId: 'second' });
  await keys.clear(boot, 'first');
  expect(await redis.get(drainKey(boot))).toBe('second');
  await keys.clear(boot, 'second');
  expect(await redis.exists(drainKey(boot), drainAnswersKey(boot))).toBe(0);
});

it('throws where Redis is not there, and refuses an address that is none', async () => {
  const away = createDrainKeys({ url: 'redis://127.0.0.1:1' });
  await expect(away.refresh(boot, 'first')).rejects.toThrow(LedgerUnavailable);
  await expect(away.clear(boot, 'first')).rejects.toThrow(LedgerUnavailable);
  await away.close();
  expect(() => createDrainKeys({ url: 'queue' })).toThrow(ConfigError);
});
