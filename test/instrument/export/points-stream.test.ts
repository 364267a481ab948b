import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createPointsReader } from '../../../src/adapters/redis/queue/points-reader.ts';
import { type BorrowedRedis, borrowRedis } from '../../../src/instrument/bullmq/borrowed-redis.ts';
import { ExportLog } from '../../../src/instrument/export/otlp/export-log.ts';
import { PointsStreamExporter } from '../../../src/instrument/export/redis/points-stream.ts';
import { PointsStreamLog } from '../../../src/instrument/export/redis/points-stream-log.ts';
import { subjectOf } from '../../../src/instrument/export/subject.ts';
import { POINTS_STREAM_KEY, POINTS_STREAM_MAX_BYTES } from '../../../src/semconv.ts';
import { type RedisServer, startRedis } from '../../../src/testbed/servers/redis-server.ts';
import { PATIENCE } from '../../patience.ts';

const isConnected = async () => true;
const NO_METRICS = { scopeMetrics: [] } as unknown as ResourceMetrics;

let server: RedisServer;
let redis: Redis;

beforeEach(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  await redis.ping();
});

afterEach(async () => {
  redis.disconnect();
  await server.stop();
});

/** As a worker of BullMQ 5 has it. */
function borrowed(): BorrowedRedis | null {
  return borrowRedis({ client: Promise.resolve(redis) });
}

function exporterOf(text: () => string, workerRedis: () => BorrowedRedis | null = borrowed) {
  const serialize = () => new TextEncoder().encode(text());
  return new PointsStreamExporter({ workerRedis, serialize, onAppended: () => {}, onFailed: () => {} });
}

async function send(exporter: PointsStreamExporter): Promise<void> {
  exporter.export(NO_METRICS, () => {});
  await exporter.forceFlush();
}

describe('the points stream of a worker', () => {
  it('holds each export as one entry, and is gone an hour after the last', async () => {
    let count = 0;
    const exporter = exporterOf(() => `{"count":${count++}}`);
    await send(exporter);
    await send(exporter);
    const entries = await redis.xrange(POINTS_STREAM_KEY, '-', '+');
    expect(entries.map(([, fields]) => fields)).toEqual([
      ['otlp', '{"count":0}'],
      ['otlp', '{"count":1}'],
    ]);
    expect(await redis.pttl(POINTS_STREAM_KEY)).toBeGreaterThan(3_590_000);
  });

  it.each([
    ['small entries', 2_000, 4_000],
    ['large entries', 250_000, 90],
  ])('stays below its cap with %s, and keeps the newest', async (_what, bytes, count) => {
    let number = 0;
    const exporter = exporterOf(() => `${number} ${'x'.repeat(bytes)}`);
    for (number = 1; number <= count; number++) await send(exporter);
    const used = (await redis.memory('USAGE', POINTS_STREAM_KEY, 'SAMPLES', 0)) ?? 0;
    expect(used).toBeLessThanOrEqual(POINTS_STREAM_MAX_BYTES);
    expect(used).toBeGreaterThan(POINTS_STREAM_MAX_BYTES / 3);
    const [newest] = await redis.xrevrange(POINTS_STREAM_KEY, '+', '-', 'COUNT', 1);
    expect(newest?.[1][1]).toMatch(new RegExp(`^${count} `));
  });

  it('drops the points of a Redis that is out of memory, and continues when it is not', async () => {
    const exporter = exporterOf(() => 'x'.repeat(1000));
    await redis.config('SET', 'maxmemory', '1');
    await send(exporter);
    expect(await redis.exists(POINTS_STREAM_KEY)).toBe(0);
    await redis.config('SET', 'maxmemory', '0');
    await send(exporter);
    expect(await redis.xlen(POINTS_STREAM_KEY)).toBe(1);
  });

  it('is capped by entries when Redis does not report its size', async () => {
    await redis.acl('SETUSER', 'narrow', 'on', '>secret', '~*', '+@all', '-memory|usage');
    const narrow = new Redis(server.url.replace('redis://', 'redis://narrow:secret@'));
    const exporter = exporterOf(
      () => '{}',
      () => borrowRedis({ client: Promise.resolve(narrow) }),
    );
    await vi.waitFor(() => expect(narrow.status).toBe('ready'), PATIENCE);
    for (let count = 0; count < 120; count++) await send(exporter);
    narrow.disconnect();
    expect(await redis.xlen(POINTS_STREAM_KEY)).toBe(100);
  });

  it('drops what comes while an append is under way: a slow Redis gets no queue of points', async () => {
    const answer = Promise.withResolvers<void>();
    const evaluate = vi.fn(() => answer.promise);
    const exporter = exporterOf(
      () => '{}',
      () => ({ evaluate, isConnected }),
    );
    for (let count = 0; count < 3; count++) exporter.export(NO_METRICS, () => {});
    expect(evaluate).toHaveBeenCalledTimes(1);
    answer.resolve();
    await exporter.forceFlush();
    await send(exporter);
    expect(evaluate).toHaveBeenCalledTimes(2);
  });

  it.each<[string, () => BorrowedRedis | null]>([
    ['no worker runs', () => null],
    ['Redis does not answer', () => ({ evaluate: () => Promise.reject(new Error('gone')), isConnected })],
  ])('never fails an export: %s', async (_what, workerRedis) => {
    const done = vi.fn();
    const exporter = exporterOf(() => '{}', workerRedis);
    exporter.export(NO_METRICS, done);
    expect(done).toHaveBeenCalledExactlyOnceWith({ code: 0 });
    await expect(exporter.forceFlush()).resolves.toBeUndefined();
    await expect(exporter.shutdown()).resolves.toBeUndefined();
  });
});

/** The lines of a worker that exports every 10 s. */
function streamLog() {
  const lines: string[] = [];
  const subject = subjectOf({ 'heroku.app.name': 'my-app', 'heroku.dyno.name': 'worker.1' });
  const say = (line: string) => lines.push(line);
  const destination = `the stream ${POINTS_STREAM_KEY} on the queue's Redis`;
  const exports = new ExportLog({ say, subject, destination, intervalMs: 10_000 });
  return { log: new PointsStreamLog(exports, subject.name, 10_000), lines };
}

describe('what is said of the points stream', () => {
  const REPORTING = "reporting my-app worker.1 to the stream tidemark:points on the queue's Redis every 10 s";
  const UNREAD =
    /^my-app worker\.1 is not monitored: no actuator has read .* tidemark:points for 1 min\. .* TIDEMARK_SOURCE=redis/;

  /** Replies to nine exports, 10 s apart, of a stream that was read up to `readIdAt(seconds)`. */
  const nineExports = (readIdAt: (second: number) => string) => {
    const { log, lines } = streamLog();
    for (let second = 0; second <= 90; second += 10) log.appended([`${1e12 + second * 1000}-0`, readIdAt(second)]);
    return lines;
  };

  it.each<[string, (second: number) => string, readonly unknown[]]>([
    ['an actuator reads', (second) => `${1e12 + (second - 15) * 1000}-3`, [REPORTING]],
    ['none has ever read', () => '', [REPORTING, expect.stringMatching(UNREAD)]],
    ['one has stopped to read', () => `${1e12 - 500_000}-0`, [REPORTING, expect.stringMatching(UNREAD)]],
    ['Redis does not say', () => 'unknown', [REPORTING]],
  ])('when %s', (_what, readIdAt, lines) => {
    expect(nineExports(readIdAt)).toEqual(lines);
  });

  it('is the recovery when an actuator reads at last', () => {
    const { log, lines } = streamLog();
    for (const second of [0, 90]) log.appended([`${1e12 + second * 1000}-0`, '']);
    log.appended([`${1e12 + 100_000}-0`, `${1e12 + 95_000}-0`]);
    expect(lines).toEqual([REPORTING, expect.stringMatching(UNREAD), expect.stringMatching(/Redis again after/)]);
  });

  it.each([
    [
      "OOM command not allowed when used memory > 'maxmemory'.",
      /the queue's Redis is out of memory\. Your jobs are unaffected/,
    ],
    [
      "NOPERM User app has no permissions to access the 'tidemark:points' key",
      /could not be written \("NOPERM .* needs the key pattern tidemark:\*/,
    ],
    ['Redis did not answer within 2000 ms', /could not be written \("Redis did not answer within 2000 ms"\)/],
  ])('is why Redis did not take it: %s', (message, line) => {
    const { log, lines } = streamLog();
    for (let count = 0; count < 10; count += 1) log.failed(new Error(message));
    expect(lines).toEqual([expect.stringMatching(line)]);
  });

  it('rests on what real actuators and workers leave in a real Redis', async () => {
    const replies: unknown[] = [];
    const exporter = new PointsStreamExporter({
      workerRedis: borrowed,
      serialize: () => new TextEncoder().encode('{}'),
      onAppended: (reply) => replies.push(reply),
      onFailed: (error) => replies.push(error),
    });
    await send(exporter);
    const [id] = replies[0] as [string, string];
    expect(replies).toEqual([[expect.stringMatching(/^\d+-\d+$/), '']]);
    const reader = createPointsReader({ url: server.url, onEntry: () => {} });
    reader.start({ afterId: null, maxAgeMs: 60_000 });
    const groups = () => redis.xinfo('GROUPS', POINTS_STREAM_KEY) as Promise<unknown[]>;
    await vi.waitFor(async () => expect(await groups()).toHaveLength(1), { timeout: 10_000 });
    await reader.close();
    await send(exporter);
    expect(replies[1]).toEqual([expect.stringMatching(/^\d+-\d+$/), id]);
  });

  it('is what a Redis that is full, or that permits nothing, answers', async () => {
    const { log, lines } = streamLog();
    const exporter = (client: Redis) =>
      new PointsStreamExporter({
        workerRedis: () => borrowRedis({ client: Promise.resolve(client) }),
        serialize: () => new TextEncoder().encode('{}'),
        onAppended: (reply) => log.appended(reply),
        onFailed: (error) => log.failed(error),
      });
    await redis.config('SET', 'maxmemory', '1');
    await send(exporter(redis));
    await redis.config('SET', 'maxmemory', '0');
    await redis.acl('SETUSER', 'narrow', 'on', '>secret', '~bull:*', '+@all');
    const narrow = new Redis(server.url.replace('redis://', 'redis://narrow:secret@'));
    await vi.waitFor(() => expect(narrow.status).toBe('ready'), PATIENCE);
    await send(exporter(narrow));
    narrow.disconnect();
    expect(lines).toEqual([expect.stringMatching(/out of memory/), expect.stringMatching(/NOPERM/)]);
  });
});
