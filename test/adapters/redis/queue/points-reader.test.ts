import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createPointsReader, type PointsReader } from '../../../../src/adapters/redis/queue/points-reader.ts';
import { type RedisServer, startRedis } from '../../../../src/testbed/servers/redis-server.ts';

const LIMIT = { timeout: 20_000, interval: 20 };
const MINUTE_MS = 60_000;

let server: RedisServer;
let redis: Redis;
const readers: PointsReader[] = [];

beforeEach(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  redis.on('error', () => undefined);
});

afterEach(async () => {
  for (const reader of readers.splice(0)) await reader.close();
  redis.disconnect();
  await server.stop();
});

function append(text: string, id = '*'): Promise<string | null> {
  return redis.xadd('tidemark:points', id, 'otlp', text);
}

function follow(from: Partial<{ afterId: string | null; maxAgeMs: number }> = {}) {
  const entries: string[] = [];
  const reader = createPointsReader({ url: server.url, onEntry: (json) => entries.push(json) });
  readers.push(reader);
  reader.start({ afterId: null, maxAgeMs: MINUTE_MS, ...from });
  return { entries, reader };
}

const seen = (entries: readonly string[], expected: readonly string[]) =>
  vi.waitFor(() => expect(entries).toEqual(expected), LIMIT);

it('hands on every entry once, in order, those too that were there before', async () => {
  await append('a');
  const { entries } = follow();
  await seen(entries, ['a']);
  await append('b');
  await append('c');
  await seen(entries, ['a', 'b', 'c']);
});

it('gives each of several readers everything', async () => {
  const [first, second] = [follow(), follow()];
  await append('a');
  await seen(first.entries, ['a']);
  await seen(second.entries, ['a']);
});

it('reads on after the entry that an earlier reader came to', async () => {
  await append('a');
  const first = follow();
  await seen(first.entries, ['a']);
  const afterId = first.reader.lastId();
  await append('b');
  const second = follow({ afterId });
  await seen(second.entries, ['b']);
});

it.each<[string, string | null]>([
  ['where it begins again', null],
  ['where that entry is older', '5-0'],
  ['where that is no entry', 'nonsense'],
])('leaves out what is older than the given age, %s', async (_what, afterId) => {
  const oldMs = Date.now() - 2 * MINUTE_MS;
  await append('old', `${oldMs}-0`);
  await append('new');
  const { entries } = follow({ afterId });
  await seen(entries, ['new']);
});

it('passes over entries that have not the field', async () => {
  await redis.xadd('tidemark:points', '*', 'other', 'x', 'y', 'otlp');
  await append('a');
  const { entries } = follow();
  await seen(entries, ['a']);
});

it('gets an entry that is longer than any export in part only, and what follows it', async () => {
  await append('x'.repeat(30_000_000));
  await append('a');
  const { entries } = follow();
  await vi.waitFor(() => expect(entries).toHaveLength(2), LIMIT);
  expect(entries[0]?.length).toBeLessThan(3_000_000);
  expect(entries[1]).toBe('a');
});

it('continues from its last entry after Redis was killed and restarted', async () => {
  const { entries } = follow();
  await append('a');
  await seen(entries, ['a']);
  await server.kill();
  server = await startRedis({ port: server.port });
  await vi.waitFor(() => append('b'), LIMIT);
  await seen(entries, ['a', 'b']);
});

it('reports a key that is no stream once, and reads when it is one', async () => {
  const log = vi.fn();
  await redis.set('tidemark:points', 'text');
  const entries: string[] = [];
  const reader = createPointsReader({ url: server.url, onEntry: (json) => entries.push(json), log });
  readers.push(reader);
  reader.start({ afterId: null, maxAgeMs: MINUTE_MS });
  await vi.waitFor(() => expect(log).toHaveBeenCalledWith('warn', expect.stringContaining('WRONGTYPE')), LIMIT);
  await redis.del('tidemark:points');
  await append('a');
  await seen(entries, ['a']);
  expect(log.mock.calls.filter(([level]) => level === 'warn')).toHaveLength(1);
});

it('ends at once, also in the middle of a read that waits', async () => {
  const { reader, entries } = follow();
  await append('a');
  await seen(entries, ['a']);
  await reader.close();
  await append('b');
  expect(entries).toEqual(['a']);
});
