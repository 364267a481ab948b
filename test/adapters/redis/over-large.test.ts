import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createRedisState, type RedisState } from '../../../src/adapters/redis/state.ts';
import { UnreadableRecord } from '../../../src/model/errors.ts';
import { startRedis } from '../../../src/testbed/servers/redis-server.ts';

/*
 * Values that Tidemark has never written, as anyone may put them there who may write to its Redis. They must not reach
 * the actuator: it would run out of memory before it could say no. A Redis of its own shows what was sent.
 */

const MIB = 1024 ** 2;
const LARGE = 'x'.repeat(8 * MIB);
const SHOP = { app: 'shop', processType: 'worker' };

let server: Awaited<ReturnType<typeof startRedis>>;
let redis: Redis;
let state: RedisState;
let log: string[];

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});

afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

beforeEach(async () => {
  await redis.flushall();
  log = [];
  const policy = { cooldownMs: 60_000, maxRestartsPerHour: 4, holdMs: 0 };
  state = createRedisState({
    url: server.url,
    policy,
    log: (level, message) => void (level === 'warn' && log.push(message)),
  });
  await state.untilAvailable(5_000);
});

afterEach(() => state.close());

async function sentBytes(): Promise<number> {
  return Number(/total_net_output_bytes:(\d+)/.exec(await redis.info('stats'))?.[1]);
}

/** What is read, and that little of it was sent. */
async function readLittle<T>(read: () => Promise<T>): Promise<T> {
  const before = await sentBytes();
  try {
    return await read();
  } finally {
    expect((await sentBytes()) - before).toBeLessThan(MIB);
  }
}

async function loaded(): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  await state.snapshots.load(null, (key, json) => found.set(key, json));
  return found;
}

describe('an over-large value does not leave Redis', () => {
  it('as a snapshot: it is reported, and the others are read', async () => {
    await state.snapshots.save([{ bootKey: 'good', json: 'text', jobs: 'jobs' }]);
    await redis.sadd('tidemark:boots', 'bad', LARGE);
    await redis.set('tidemark:boot:bad', LARGE);
    await redis.set('tidemark:jobs:bad', LARGE);
    expect(await readLittle(loaded)).toEqual(new Map([['good', 'text']]));
    expect(log).toEqual([expect.stringMatching(/tidemark:boot:bad .*longer than 262144 bytes/)]);
    await redis.sadd('tidemark:boots', 'bad');
    const shown: string[] = [];
    const wanted = { isWanted: () => true, max: 10 };
    expect(await readLittle(() => state.savedBoots(wanted, (key) => shown.push(key)))).toBe(0);
    expect(shown).toEqual(['good']);
    expect(await readLittle(() => state.savedJobs(['good', 'bad']))).toEqual(new Map([['good', 'jobs']]));
  });

  it('as the time over the quota', async () => {
    await redis.set('tidemark:over-limit', LARGE);
    expect(await readLittle(() => state.reports.loadOverLimit())).toBeNull();
    expect(log).toEqual([expect.stringMatching(/over the quota .*tidemark:over-limit .*longer than/)]);
  });

  it('as the record of an actuator', async () => {
    await redis.sadd('tidemark:actuators', 'one', LARGE);
    await redis.set('tidemark:actuator:one', LARGE);
    expect(await readLittle(() => state.actuators.all())).toEqual([]);
  });

  it('as an event of the journal', async () => {
    await redis.xadd('tidemark:journal', '*', 'event', LARGE);
    expect(await readLittle(() => state.journal.recent(10))).toEqual([]);
    expect(log).toEqual([expect.stringContaining('XDEL tidemark:journal')]);
  });

  it('as a name among the records', async () => {
    await redis.sadd('tidemark:ledgers', LARGE);
    expect(await readLittle(() => state.isLed())).toBe(false);
  });

  it.each(['attempt', 'history', 'sent', 'cooldownUntilMs'])(
    'as the field %s of a record: its target stops',
    async (field) => {
      await redis.hset('tidemark:ledger:shop:worker', field, LARGE);
      await expect(readLittle(() => state.ledger.read(SHOP))).rejects.toThrow(UnreadableRecord);
    },
  );

  it('as a spent boot, a pause or an epoch', async () => {
    await redis.zadd('tidemark:spent:shop:worker', 1, LARGE);
    await redis.set('tidemark:pause-all', `1700000000000 ${LARGE}`);
    await redis.set('tidemark:epoch', LARGE);
    expect(await readLittle(() => state.ledger.read(SHOP))).toMatchObject({ paused: true, spentBootIds: [] });
  });

  it.each(['history', 'dryHistory', 'floors'])(
    'as %s with 80,000 wrong entries: it is reported, and little is made of each',
    async (field) => {
      await redis.hset('tidemark:ledger:shop:worker', field, `[${'{},'.repeat(80_000)}{}]`);
      const before = process.memoryUsage().heapUsed;
      const read = await state.ledger.read(SHOP).catch((error: unknown) => error);
      expect(process.memoryUsage().heapUsed - before).toBeLessThan(100 * MIB);
      // Without its history a target stops; the others are not needed.
      if (field === 'history') expect(read).toBeInstanceOf(UnreadableRecord);
      else expect(read).toMatchObject({ history: [], dryHistory: [], learnedFloorBytes: null });
      expect(`${read}${log.join('')}`).toMatch(/expected array to have <=1000 items/);
    },
  );

  it('as open attempts by the thousand: a part of them, another one each time, and not a line for each', async () => {
    const put = `
      for at = 1, 3000 do
        local key = 'tidemark:ledger:app' .. at .. ':worker'
        redis.call('HSET', key, 'attempt', string.rep('x', 60000))
        redis.call('SADD', 'tidemark:open', key)
      end`;
    await redis.eval(put, 0);
    const before = await sentBytes();
    for (let call = 0; call < 3; call++) expect(await state.ledger.open()).toEqual([]);
    expect((await sentBytes()) - before).toBeLessThan(3 * 17 * MIB);
    for (let call = 0; call < 100 && log.length <= 1000; call++) await state.ledger.open();
    expect(log).toHaveLength(1001);
    await state.ledger.open();
    expect(log).toHaveLength(1001);
    expect(log.at(-1)).toMatch(/More than 1000 keys in Redis/);
  });
});
