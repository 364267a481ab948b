import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { connectRedis, type RedisConnection } from '../../../../src/adapters/redis/connection/connection.ts';
import { createMemoryReports } from '../../../../src/adapters/redis/queue/memory-reports.ts';
import { lookForDrain } from '../../../../src/instrument/drain/drain-redis.ts';
import { LedgerUnavailable } from '../../../../src/model/errors.ts';
import { REPORTED_PROCESSES } from '../../../../src/model/memory-report.ts';
import type { MemoryReports } from '../../../../src/ports.ts';
import { type DrainedBoot, drainKeyNames } from '../../../../src/shared/drain-messages.ts';
import {
  ALLOCATION_SITES,
  MEMORY_ANSWER_MAX_BYTES,
  type MemoryAnswer,
  type MemoryReportKeyNames,
  memoryReportKeyNames,
} from '../../../../src/shared/memory-report-messages.ts';

let connection: RedisConnection;
let reports: MemoryReports;
let redis: Redis;
let boot: DrainedBoot;
let names: MemoryReportKeyNames;

beforeEach(async () => {
  redis = new Redis(inject('redisUrl'));
  connection = connectRedis({ url: inject('redisUrl') });
  await connection.untilReady(10_000);
  reports = createMemoryReports(connection);
  boot = { app: 'shop', bootId: randomUUID() };
  const made = memoryReportKeyNames(boot);
  if (made === null) throw new Error('no names');
  names = made;
});

afterEach(async () => {
  redis.disconnect();
  await connection.close();
});

const SITE = { functionName: 'leak', place: 'src/a.js:1:1', caller: null, bytes: 1000 };

function anAnswer(changes: Partial<MemoryAnswer> = {}): MemoryAnswer {
  return {
    attemptId: 'first',
    rssBytes: 5000,
    heapUsedBytes: 3000,
    heapTotalBytes: 4000,
    externalBytes: 100,
    arrayBufferBytes: 50,
    spaces: [{ name: 'old_space', usedBytes: 2900 }],
    sampled: { forMs: 60_000, bytes: 1000, sites: [SITE] },
    notSampled: null,
    ...changes,
  };
}

const write = (processId: string, value: unknown) =>
  redis.hset(names.answers, processId, typeof value === 'string' ? value : JSON.stringify(value));

describe('the question', () => {
  it('expires within a minute, and is what a worker reads together with the drain key', async () => {
    await reports.ask(boot, 1234.5);
    expect(await redis.pttl(names.question)).toBeGreaterThan(50_000);
    expect(await redis.pttl(names.question)).toBeLessThanOrEqual(60_000);
    expect(await look()).toMatchObject([{ question: null, samplingMaxRssBytes: 1234 }]);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['a list', () => redis.rpush(names.question, 'x')],
    ['no number', () => redis.set(names.question, '-1')],
    ['a number beyond all memory', () => redis.set(names.question, '9'.repeat(40))],
  ])('that is %s asks nothing, and hides no drain', async (_what, spoil) => {
    await spoil();
    await redis.set(drainKeyNames(boot)?.question ?? '', 'first 1000', 'PX', 10_000);
    expect(await look()).toMatchObject([{ question: { attemptId: 'first' }, samplingMaxRssBytes: null }]);
  });

  /** As a worker does: over BullMQ's adapter of ioredis. */
  async function look() {
    const drain = drainKeyNames(boot);
    if (drain === null) throw new Error('no names');
    const worker = { client: Promise.resolve(redis), opts: {}, closing: undefined };
    const { sightings } = await lookForDrain([worker as never], drain, names.question);
    return sightings;
  }

  it('lies in the cluster slot of the drain key, because one script reads both', () => {
    const strange = { app: 'a{b}:c', bootId: '{boot}' };
    // What a cluster hashes: the part in the first pair of braces, or the whole key without one.
    const [, hashed] = /\{([^}]+)\}/.exec(memoryReportKeyNames(strange)?.question ?? '') ?? [];
    expect(hashed).toBe(drainKeyNames(strange)?.question);
    expect(hashed).not.toMatch(/[{}]/);
  });
});

describe('the answers', () => {
  it('are null where no process has answered', async () => {
    expect(await reports.read(boot, 'first')).toBeNull();
  });

  it('come with the largest process first, and no more than a record may hold', async () => {
    for (let rss = 1; rss <= 6; rss++) await write(`process-${rss}`, anAnswer({ rssBytes: rss }));
    const report = await reports.read(boot, 'first');
    expect(report?.map(({ processId }) => processId)).toEqual(['process-6', 'process-5', 'process-4']);
    expect(REPORTED_PROCESSES).toBe(3);
    const { attemptId: _of, ...memory } = anAnswer({ rssBytes: 6 });
    expect(report?.[0]).toEqual({ processId: 'process-6', ...memory });
  });

  it.each<[string, unknown]>([
    ['of another attempt', anAnswer({ attemptId: 'second' })],
    ['that are no JSON', 'leak!'],
    ['that are no report', { attemptId: 'first', rssBytes: 'much' }],
    ['with negative sizes', anAnswer({ rssBytes: -1 })],
    ['longer than a worker writes', { ...anAnswer(), padding: 'x'.repeat(MEMORY_ANSWER_MAX_BYTES) }],
    ['with more sites than a worker names', manySites(ALLOCATION_SITES + 1)],
    ['with a name longer than a worker writes', namedSite('x'.repeat(121))],
    ['with a reason that is none', { ...anAnswer(), notSampled: 'because' }],
  ])('%s are left out', async (_what, value) => {
    await write('hostile', value);
    await write('honest', anAnswer());
    expect((await reports.read(boot, 'first'))?.map(({ processId }) => processId)).toEqual(['honest']);
  });

  it('have their control characters written out, for terminals obey them', async () => {
    await write('process\u001b[2J', namedSite('\u001b]0;owned\u0007'));
    const text = JSON.stringify(await reports.read(boot, 'first'));
    expect(text).toContain('owned');
    expect(JSON.parse(text)[0].sampled.sites[0].functionName).toBe('\\u001b]0;owned\\u0007');
    expect(JSON.parse(text)[0].processId).toBe('process\\u001b[2J');
  });

  it('longer than a worker writes, or more than a dyno has, do not leave Redis', async () => {
    await write('hostile', 'x'.repeat(10 * MEMORY_ANSWER_MAX_BYTES));
    await redis.hset(names.answers, ...Array.from({ length: 5_000 }, (_, index) => [`process-${index}`, '{}']).flat());
    let size = 0;
    const watched: RedisConnection = {
      ...connection,
      run: (what, command) =>
        connection.run(what, async (client) => {
          const reply = await command(client);
          size += JSON.stringify(reply).length;
          return reply;
        }),
    };
    expect(await createMemoryReports(watched).read(boot, 'first')).toBeNull();
    expect(size).toBeGreaterThan(0);
    expect(size).toBeLessThan(MEMORY_ANSWER_MAX_BYTES);
  });

  it('of another type than a hash are a fault that the caller can catch', async () => {
    await redis.set(names.answers, 'x');
    await expect(reports.read(boot, 'first')).rejects.toThrow(LedgerUnavailable);
  });
});

function manySites(count: number): MemoryAnswer {
  return anAnswer({ sampled: { forMs: 1, bytes: 1, sites: Array.from({ length: count }, () => SITE) } });
}

function namedSite(functionName: string): MemoryAnswer {
  return anAnswer({ sampled: { forMs: 1, bytes: 1, sites: [{ ...SITE, functionName }] } });
}
