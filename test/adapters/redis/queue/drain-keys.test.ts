import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { connectRedis, type RedisConnection } from '../../../../src/adapters/redis/connection/connection.ts';
import { createDrainKeys } from '../../../../src/adapters/redis/queue/drain-keys.ts';
import { ConfigError, LedgerUnavailable } from '../../../../src/model/errors.ts';
import type { DrainKeys } from '../../../../src/ports.ts';
import {
  type DrainAnswer,
  type DrainedBoot,
  type DrainKeyNames,
  drainKeyNames,
} from '../../../../src/shared/drain-messages.ts';
import { PATIENCE } from '../../../patience.ts';

let keys: DrainKeys;
let redis: Redis;
let boot: DrainedBoot;
let names: DrainKeyNames;

const HOLD_MS = 300_000;

function namesOf(of: DrainedBoot): DrainKeyNames {
  const made = drainKeyNames(of);
  if (made === null) throw new Error('no names');
  return made;
}

beforeEach(async () => {
  redis = new Redis(inject('redisUrl'));
  keys = createDrainKeys({ url: inject('redisUrl'), holdMs: HOLD_MS });
  boot = { app: 'shop', bootId: randomUUID() };
  names = namesOf(boot);
  await vi.waitFor(() => keys.refresh({ ...boot, bootId: randomUUID() }, 'first'), PATIENCE);
});

afterEach(async () => {
  redis.disconnect();
  await keys.close();
});

async function answer(processId: string, changes: Partial<DrainAnswer> = {}): Promise<void> {
  const [seconds] = await redis.time();
  const value: DrainAnswer = { attemptId: 'first', idle: true, atMs: Number(seconds) * 1000, ...changes };
  await redis.hset(names.answers, processId, JSON.stringify(value));
}

it('asks by a key that holds the attempt and lives 10 s, made new by each refresh', async () => {
  expect(await keys.refresh(boot, 'first')).toEqual(new Map());
  expect(await redis.get(`tidemark:drain:shop:${boot.bootId}`)).toBe(`first ${HOLD_MS}`);
  expect(await redis.pttl(names.question)).toBeGreaterThan(9_000);
  await redis.pexpire(names.question, 2_000);
  await keys.refresh(boot, 'first');
  expect(await redis.pttl(names.question)).toBeGreaterThan(9_000);
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
  ['that are none', () => redis.hset(names.answers, { a: 'idle', b: 'null', c: '7' })],
])('does not count answers %s', async (_what, write) => {
  await write();
  expect(await keys.refresh(boot, 'first')).toEqual(new Map());
});

it('gets no more of what others wrote there than it looks at', async () => {
  await answer('a');
  await redis.hset(names.answers, 'b', 'x'.repeat(5_000_000), 'y'.repeat(5_000_000), 'c');
  const sizes: number[] = [];
  const inner = connectRedis({ url: inject('redisUrl') });
  const watched: RedisConnection = {
    ...inner,
    run: (what, command) =>
      inner.run(what, async (client) => {
        const reply = await command(client);
        sizes.push(JSON.stringify(reply).length);
        return reply;
      }),
  };
  await inner.untilReady(10_000);
  const watchedKeys = createDrainKeys({ url: inject('redisUrl'), holdMs: HOLD_MS }, watched);
  expect(await watchedKeys.refresh(boot, 'first')).toEqual(new Map([['a', true]]));
  const many = Array.from({ length: 20_000 }, (_, index) => [`process-${index}`, '{}']).flat();
  await redis.hset(names.answers, ...many);
  await watchedKeys.refresh(boot, 'first');
  await watchedKeys.close();
  expect(sizes.length).toBe(2);
  expect(Math.max(...sizes)).toBeLessThan(50_000);
});

it("does not count an answer of the future, as there is after Redis's clock was set back", async () => {
  await answer('a', { atMs: Date.now() + 60_000 });
  expect(await keys.refresh(boot, 'first')).toEqual(new Map());
});

it('writes the key with an expiry over whatever somebody left there', async () => {
  await redis.hset(names.question, 'a', 'b');
  await redis.set(names.answers, 'no hash');
  expect(await keys.refresh(boot, 'first')).toEqual(new Map());
  expect(await redis.get(names.question)).toBe(`first ${HOLD_MS}`);
  expect(await redis.pttl(names.question)).toBeGreaterThan(9_000);
  // Workers can answer again.
  await answer('a');
  expect(await keys.refresh(boot, 'first')).toEqual(new Map([['a', true]]));
  await redis.set(names.question, 'first', 'KEEPTTL');
  await redis.persist(names.question);
  await keys.refresh(boot, 'first');
  expect(await redis.pttl(names.question)).toBeGreaterThan(9_000);
});

it('leaves no key without an expiry when its script fails halfway', async () => {
  const user = `halfway-${boot.bootId}`;
  await redis.acl('SETUSER', user, 'on', '>secret', '~*', '&*', '+@all', '-hgetall');
  const url = new URL(inject('redisUrl'));
  Object.assign(url, { username: user, password: 'secret' });
  const refused = createDrainKeys({ url: url.href, holdMs: HOLD_MS });
  try {
    await vi.waitFor(
      () => expect(refused.refresh(boot, 'first')).rejects.toThrow(/can't run this command|hgetall/i),
      PATIENCE,
    );
    expect(await redis.pttl(names.question)).toBeGreaterThan(9_000);
  } finally {
    await refused.close();
    await redis.acl('DELUSER', user);
  }
});

it('lets the workers continue by deleting the keys, but not those of another attempt', async () => {
  await keys.refresh(boot, 'second');
  await answer('a', { attemptId: 'second' });
  await keys.clear(boot, 'first');
  expect(await redis.get(names.question)).toBe(`second ${HOLD_MS}`);
  await keys.clear(boot, 'second');
  expect(await redis.exists(names.question, names.answers)).toBe(0);
});

it('throws when Redis is not there, and refuses an invalid address', async () => {
  const away = createDrainKeys({ url: 'redis://127.0.0.1:1', holdMs: HOLD_MS });
  await expect(away.refresh(boot, 'first')).rejects.toThrow(LedgerUnavailable);
  await expect(away.clear(boot, 'first')).rejects.toThrow(LedgerUnavailable);
  await away.close();
  expect(() => createDrainKeys({ url: 'queue', holdMs: HOLD_MS })).toThrow(ConfigError);
});

it('lets workers continue even if an older actuator asked with another hold', async () => {
  await redis.set(names.question, 'first 1000');
  await keys.clear(boot, 'first');
  expect(await redis.exists(names.question)).toBe(0);
});

it('asks for no boot whose app or id is too long to be true', async () => {
  await expect(keys.refresh({ app: 'shop', bootId: 'x'.repeat(1_000) }, 'first')).rejects.toThrow(LedgerUnavailable);
});

describe('the names of the keys', () => {
  it('are those that people and other tools see', () => {
    expect(drainKeyNames({ app: 'shop', bootId: 'boot-1' })).toEqual({
      question: 'tidemark:drain:shop:boot-1',
      answers: 'tidemark:drain-answers:shop:boot-1',
      formerAnswers: 'tidemark:drain:shop:boot-1:answers',
    });
  });

  it('of two boots are never the same, whatever their ids: none makes another one stop, or answers for it', () => {
    const id = fc.oneof(fc.constantFrom('a', 'a:answers', 'answers', 'a:b', '%3A', 'drain-answers'), fc.string());
    const boot = fc.record({ app: id, bootId: id });
    fc.assert(
      fc.property(boot, boot, (one, other) => {
        fc.pre(one.app !== other.app || one.bootId !== other.bootId);
        const taken = Object.values(drainKeyNames(one) ?? {});
        const others = Object.values(drainKeyNames(other) ?? {});
        expect(others.filter((name) => taken.includes(name))).toEqual([]);
        expect(new Set(taken).size).toBe(taken.length);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['no app', { app: '', bootId: 'boot-1' }],
    ['an id that is too long', { app: 'shop', bootId: ':'.repeat(100) }],
  ])('are not made for %s', (_what, of) => {
    expect(drainKeyNames(of)).toBeNull();
  });
});
