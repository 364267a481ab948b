import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type RedisServer, startRedis } from '../../src/demo/redis-server.ts';
import { type BorrowedRedis, borrowRedis } from '../../src/instrument/bullmq/borrowed-redis.ts';
import { PointsStreamExporter } from '../../src/instrument/export/points-stream.ts';
import { POINTS_STREAM_KEY, POINTS_STREAM_MAX_BYTES } from '../../src/semconv.ts';

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

function exporterOf(text: () => string, lend: () => BorrowedRedis | null = borrowed) {
  return new PointsStreamExporter({ lend, serialize: () => new TextEncoder().encode(text()) });
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

  it('drops the points of a Redis that is out of memory, and goes on when it is not', async () => {
    const exporter = exporterOf(() => 'x'.repeat(1000));
    await redis.config('SET', 'maxmemory', '1');
    await send(exporter);
    expect(await redis.exists(POINTS_STREAM_KEY)).toBe(0);
    await redis.config('SET', 'maxmemory', '0');
    await send(exporter);
    expect(await redis.xlen(POINTS_STREAM_KEY)).toBe(1);
  });

  it('is capped by entries where Redis does not tell its size', async () => {
    await redis.acl('SETUSER', 'narrow', 'on', '>secret', '~*', '+@all', '-memory|usage');
    const narrow = new Redis(server.url.replace('redis://', 'redis://narrow:secret@'));
    const exporter = exporterOf(
      () => '{}',
      () => borrowRedis({ client: Promise.resolve(narrow) }),
    );
    await vi.waitFor(() => expect(narrow.status).toBe('ready'));
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
  ])('never fails an export: %s', async (_what, lend) => {
    const done = vi.fn();
    const exporter = exporterOf(() => '{}', lend);
    exporter.export(NO_METRICS, done);
    expect(done).toHaveBeenCalledExactlyOnceWith({ code: 0 });
    await expect(exporter.forceFlush()).resolves.toBeUndefined();
    await expect(exporter.shutdown()).resolves.toBeUndefined();
  });
});
