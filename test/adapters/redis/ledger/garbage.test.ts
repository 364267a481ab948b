import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { createDrainKeys } from '../../../../src/adapters/redis/queue/drain-keys.ts';
import { createRedisState, type RedisState } from '../../../../src/adapters/redis/state.ts';
import { UnreadableRecord } from '../../../../src/model/errors.ts';
import type { ActuatorEvent } from '../../../../src/ports.ts';
import { drainKeyNames } from '../../../../src/shared/drain-messages.ts';
import { aClaim } from '../../../models/a-claim.ts';

const SHOP = { app: 'shop', processType: 'worker' };
const MAIL = { app: 'mail', processType: 'worker' };
const FLOOR = { dyno: 'worker.1', bootId: 'boot', release: null, bytesPerJob: null, bytesPerJobError: null };
const RECORD = 'ledger:shop:worker';

let redis: Redis;
let prefix: string;
let state: RedisState;
let log: string[];

beforeEach(async () => {
  redis = new Redis(inject('redisUrl'));
  prefix = `test-${randomUUID()}:`;
  log = [];
  const policy = { cooldownMs: 60_000, maxRestartsPerHour: 4, holdMs: 0 };
  state = createRedisState({
    url: inject('redisUrl'),
    policy,
    keyPrefix: prefix,
    log: (level, message) => void (level === 'warn' && log.push(message)),
    leaseMs: 300,
  });
  await state.untilAvailable(5_000);
});

afterEach(async () => {
  await state.close();
  const keys = await redis.keys(`${prefix}*`);
  if (keys.length > 0) await redis.del(...keys);
  redis.disconnect();
});

const WRONG_TYPES: Readonly<Record<string, (key: string) => Promise<unknown>>> = {
  'a string': (key) => redis.set(key, 'garbage'),
  'a number': (key) => redis.set(key, '7'),
  'a list': (key) => redis.rpush(key, 'garbage'),
  'a hash': (key) => redis.hset(key, 'garbage', 'garbage'),
  'a set': (key) => redis.sadd(key, 'garbage'),
  'a string of 1 MB': (key) => redis.set(key, 'x'.repeat(1024 * 1024)),
};

const VALUES: Readonly<Record<string, string>> = {
  nothing: '',
  'no JSON': '{"garbage',
  null: 'null',
  'a number': '7',
  'a text': '"garbage"',
  'an object': '{"garbage":1}',
  'a list of garbage': '[null,7,"x",{},[]]',
  NaN: 'nan',
  'a negative number': '-1',
  'a huge number': '1e308',
  'more than a double holds': '1e999',
  'the far future': '99999999999999999',
  '1 MB': 'x'.repeat(1024 * 1024),
};

/** Puts something into a key in the place of what is there. */
async function replace(key: string, put: (key: string) => Promise<unknown>): Promise<void> {
  await redis.del(`${prefix}${key}`);
  await put(`${prefix}${key}`);
}

async function claimed(target = SHOP) {
  const answer = await state.ledger.claim(aClaim({ target }));
  if (!answer.ok) throw new Error(`not claimed: ${answer.why}`);
  return answer.attempt;
}

/** The other target is read, learns, and has its attempts go on, whatever the first one's records hold. */
async function expectMailWorks(): Promise<void> {
  await state.ledger.learnFloor(MAIL, { ...FLOOR, floorBytes: 5 });
  expect(await state.ledger.read(MAIL)).toMatchObject({ learnedFloorBytes: 5, open: { target: MAIL } });
  expect((await state.ledger.open()).map(({ target }) => target.app)).toContain('mail');
  await state.ledger.resume(null);
  await state.ledger.pause(null);
  expect((await state.ledger.read(MAIL)).paused).toBe(true);
  await state.ledger.resume(null);
  expect((await state.ledger.read(MAIL)).paused).toBe(false);
}

describe("garbage in one target's records", () => {
  beforeEach(async () => {
    await claimed(SHOP);
    await claimed(MAIL);
  });

  it.each(Object.entries(WRONG_TYPES))('the record is %s: its target stops, the others continue', async (_, put) => {
    await replace(RECORD, put);
    await expectMailWorks();
    if (_ === 'a hash') return;
    for (let times = 0; times < 3; times++) {
      await expect(state.ledger.read(SHOP)).rejects.toThrow(UnreadableRecord);
      await expect(state.ledger.learnFloor(SHOP, { ...FLOOR, floorBytes: 5 })).rejects.toThrow(UnreadableRecord);
      await expect(state.ledger.claim(aClaim({ target: SHOP }))).rejects.toThrow(UnreadableRecord);
    }
    expect(log.filter((line) => line.includes(`${prefix}${RECORD}`)).length).toBeGreaterThan(0);
    expect(log.length).toBeLessThanOrEqual(4);
    expect(log.every((line) => /redis-cli|Find out/.test(line))).toBe(true);
  });

  const FIELDS = ['attempt', 'history', 'dryHistory', 'floors', 'sent', 'cooldownUntilMs', 'breakerUntilMs', 'spends'];
  it.each(FIELDS.flatMap((field) => Object.entries(VALUES).map(([what, value]) => [field, what, value] as const)))(
    'the field %s holds %s: its target stops or starts again, the others continue',
    async (field, _, value) => {
      await redis.hset(`${prefix}${RECORD}`, field, value);
      await expectMailWorks();
      const view = await state.ledger.read(SHOP).catch((error: unknown) => error);
      if (view instanceof Error) {
        expect(view).toBeInstanceOf(UnreadableRecord);
        expect(
          log.some(
            (line) => line.includes(`${prefix}${RECORD}`) && line.includes('Tidemark restarts no dyno of shop:worker'),
          ),
        ).toBe(true);
      }
      for (let times = 0; times < 3; times++) await state.ledger.read(SHOP).catch(() => undefined);
      expect(log.length).toBeLessThanOrEqual(3);
    },
  );

  it.each(Object.entries(VALUES))('floors that are %s are learned again, and stop nothing', async (_, value) => {
    await redis.hset(`${prefix}${RECORD}`, 'floors', value);
    expect((await state.ledger.read(SHOP)).learnedFloorBytes).toBeNull();
    expect(log).toEqual([expect.stringMatching(/field floors.*learns again.*HDEL/)]);
    await state.ledger.learnFloor(SHOP, { ...FLOOR, floorBytes: 7 });
    expect((await state.ledger.read(SHOP)).learnedFloorBytes).toBe(7);
  });

  it('floors that an older version wrote still count, next to newer ones', async () => {
    const { nowMs } = await state.ledger.read(SHOP);
    const older = [{ dyno: 'worker.1', bootId: 'older', floorBytes: 9, learnedAtMs: nowMs, release: null }];
    await redis.hset(`${prefix}${RECORD}`, 'floors', JSON.stringify(older));
    expect(await state.ledger.read(SHOP)).toMatchObject({ learnedFloorBytes: 9, learnedBytesPerJob: null });
    const jobs = { bytesPerJob: 1_000, bytesPerJobError: 400 };
    await state.ledger.learnFloor(SHOP, { ...FLOOR, floorBytes: null, ...jobs });
    const learnedBytesPerJob = { bytes: 1_000, errorBytes: 400 };
    expect(await state.ledger.read(SHOP)).toMatchObject({ learnedFloorBytes: 9, learnedBytesPerJob });
    expect(log).toEqual([]);
  });

  it.each(Object.entries(WRONG_TYPES).filter(([what]) => what !== 'a set'))(
    'the spent boots are %s: its target stops, the others continue',
    async (_, put) => {
      await replace('spent:shop:worker', put);
      await expectMailWorks();
      await expect(state.ledger.read(SHOP)).rejects.toThrow(UnreadableRecord);
    },
  );
});

describe('garbage when all targets are listed', () => {
  beforeEach(async () => {
    await claimed(SHOP);
    await claimed(MAIL);
  });

  it.each(Object.entries(WRONG_TYPES).filter(([what]) => what !== 'a set'))(
    'the open attempts are %s: they are found again, and it is reported',
    async (_, put) => {
      await replace('open', put);
      expect((await state.ledger.open()).map(({ target }) => target.app).sort()).toEqual(['mail', 'shop']);
      expect(log).toEqual([expect.stringContaining(`${prefix}open in Redis is not in Tidemark's form`)]);
      await expectMailWorks();
    },
  );

  it.each(Object.entries(WRONG_TYPES))('a member of the open attempts is %s: the others continue', async (_, put) => {
    await put(`${prefix}stray`);
    await redis.sadd(`${prefix}open`, `${prefix}stray`, 'no key at all', '');
    for (let times = 0; times < 2; times++) {
      expect((await state.ledger.open()).map(({ target }) => target.app).sort()).toEqual(['mail', 'shop']);
    }
    expect(log.length).toBeLessThanOrEqual(1);
  });

  it.each(Object.entries(WRONG_TYPES).filter(([what]) => what !== 'a set'))(
    'the list of the records is %s: it is written again',
    async (_, put) => {
      await replace('ledgers', put);
      await state.ledger.open();
      await expectMailWorks();
      expect(await redis.type(`${prefix}ledgers`)).toBe('set');
    },
  );

  it.each([
    ...Object.entries(WRONG_TYPES),
    ...Object.entries(VALUES).map(([what, value]) => [what, (key: string) => redis.set(key, value)] as const),
  ])('the epoch is %s: it begins again', async (_, put) => {
    await replace('epoch', put);
    await expectMailWorks();
    const epoch = Number(await redis.get(`${prefix}epoch`));
    expect(epoch).toBeGreaterThan(0);
    expect(epoch).toBeLessThanOrEqual(Date.now() + 1_000);
  });

  it.each(Object.entries(WRONG_TYPES))('the pause of all is %s: it is a pause, and can be ended', async (_, put) => {
    await put(`${prefix}pause-all`);
    expect((await state.ledger.read(MAIL)).paused).toBe(true);
    await state.ledger.resume(null);
    expect((await state.ledger.read(MAIL)).paused).toBe(false);
  });

  it('the pause of all is as an older version wrote it: it keeps its start, and has no author', async () => {
    await redis.set(`${prefix}pause-all`, '1700000000000');
    expect(await state.ledger.read(MAIL)).toMatchObject({ paused: true, pausedSinceMs: 1700000000000, pauser: null });
  });

  it('the author of a pause is what a terminal obeys, and long: it is shown printable and short', async () => {
    await redis.set(`${prefix}pause-all`, `1700000000000 \u001b[2J${'x'.repeat(999)}`);
    const { pauser } = await state.ledger.read(MAIL);
    expect(pauser).toMatch(/^\\u001b\[2Jx+$/);
    expect(pauser).toHaveLength(64);
  });

  it.each(Object.entries(WRONG_TYPES))('the leader is %s: one leads anyway', async (_, put) => {
    await put(`${prefix}leader`);
    await new Promise<void>((resolve) => {
      state.leader.onLeading(resolve);
      state.leader.start();
    });
    expect(state.leader.isLeader()).toBe(true);
    expect(await redis.pttl(`${prefix}leader`)).toBeGreaterThan(0);
  });
});

const BREAKER: ActuatorEvent = {
  type: 'breaker',
  timeMs: 1,
  target: 'shop:worker',
  reason: null,
  openUntilMs: 2,
  openForMs: 1,
};

describe('garbage in the journal', () => {
  it.each([
    ...Object.entries(VALUES),
    ['an event of no type', '{"type":"garbage","timeMs":1}'],
    ['a decision without its numbers', '{"type":"decision","timeMs":1,"decision":{},"outcome":null}'],
    ['a time that no clock shows', JSON.stringify({ ...BREAKER, timeMs: 1e300 })],
    ['a negative time', JSON.stringify({ ...BREAKER, openUntilMs: -5 })],
  ])('an entry is %s: it is left out and reported once, the others are read', async (_, value) => {
    await state.journal.append(BREAKER);
    await redis.xadd(`${prefix}journal`, '*', 'event', value);
    await redis.xadd(`${prefix}journal`, '*', 'other', 'field');
    for (let times = 0; times < 2; times++) expect(await state.journal.recent(10)).toEqual([BREAKER]);
    expect(log.length).toBeGreaterThan(0);
    expect(log.every((line) => line.includes(`XDEL ${prefix}journal`))).toBe(true);
  });

  it.each(Object.entries(WRONG_TYPES))('it is %s: nothing is read, nothing fails', async (_, put) => {
    await put(`${prefix}journal`);
    expect(await state.journal.recent(10)).toEqual([]);
    await state.journal.append(BREAKER);
    expect(log).toHaveLength(1);
  });
});

describe('garbage among the snapshots', () => {
  const loaded = async () => {
    const found = new Map<string, string>();
    await state.snapshots.load(null, (key, json) => found.set(key, json));
    return found;
  };

  it.each(Object.entries(WRONG_TYPES))('one is %s: the others are read, and it is written over', async (_, put) => {
    await state.snapshots.save([{ bootKey: 'good', json: 'text' }]);
    await redis.sadd(`${prefix}boots`, 'bad');
    await put(`${prefix}boot:bad`);
    expect((await loaded()).get('good')).toBe('text');
    await state.snapshots.save([{ bootKey: 'bad', json: 'text' }]);
    expect((await loaded()).get('bad')).toBe('text');
  });

  it.each(Object.entries(WRONG_TYPES).filter(([what]) => what !== 'a set'))(
    'their list is %s: it is started again, and reported',
    async (_, put) => {
      await put(`${prefix}boots`);
      expect(await loaded()).toEqual(new Map());
      expect(log).toEqual([expect.stringContaining(`${prefix}boots in Redis is not in Tidemark's form`)]);
      await state.snapshots.save([{ bootKey: 'good', json: 'text' }]);
      expect((await loaded()).get('good')).toBe('text');
    },
  );
});

describe('garbage among the answers to a drain', () => {
  const BOOT = { app: 'shop', bootId: `boot-${randomUUID()}` };
  const ANSWERS = drainKeyNames(BOOT)?.answers ?? '';
  const keys = () => createDrainKeys({ url: inject('redisUrl'), holdMs: 60_000 });

  it.each(Object.entries(WRONG_TYPES).filter(([what]) => what !== 'a hash'))(
    'they are %s: no one has answered',
    async (_, put) => {
      await put(ANSWERS);
      const drain = keys();
      await expect.poll(() => drain.refresh(BOOT, 'a').catch(() => null)).toEqual(new Map());
      await drain.clear(BOOT, 'a');
      await drain.close();
      await redis.del(ANSWERS);
    },
  );

  it('one is no answer to this attempt, of now: the others count', async () => {
    const nowMs = Date.now();
    const answer = (changes: object) => JSON.stringify({ attemptId: 'a', idle: true, atMs: nowMs, ...changes });
    await redis.hset(ANSWERS, {
      ...VALUES,
      good: answer({}),
      'idle in a word': answer({ idle: 'yes' }),
      'of the future': answer({ atMs: nowMs + 3_600_000 }),
      'of never': answer({ atMs: 1e300 }),
      old: answer({ atMs: nowMs - 3_600_000 }),
    });
    const drain = keys();
    await expect.poll(() => drain.refresh(BOOT, 'a').catch(() => null)).toEqual(new Map([['good', true]]));
    await drain.clear(BOOT, 'a');
    await drain.close();
  });
});
