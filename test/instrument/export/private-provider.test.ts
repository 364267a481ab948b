import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { borrowRedis } from '../../../src/instrument/bullmq/borrowed-redis.ts';
import { privateProvider } from '../../../src/instrument/export/private-provider.ts';
import { Telemetry } from '../../../src/instrument/export/telemetry.ts';
import { JobMonitor } from '../../../src/instrument/jobs/job-monitor.ts';
import type { Transport } from '../../../src/instrument/settings.ts';
import { METRIC_JOB_MEMORY_GROWTH, METRIC_PROCESS_DURATION } from '../../../src/semconv.ts';
import { PATIENCE } from '../../patience.ts';
import { nativeMemory } from '../attribution/native-memory.ts';
import { memoryProvider } from '../memory/memory-reader.ts';

const undo: (() => void)[] = [];
afterEach(() => {
  vi.unstubAllEnvs();
  for (const one of undo.splice(0)) one();
});

interface Histogram {
  readonly name: string;
  readonly histogram?: {
    readonly aggregationTemporality: number;
    readonly dataPoints: readonly { readonly count: number; readonly sum: number }[];
  };
}

/**
 * A receiver of OTLP as JSON, which the exporter finds by the standard variable. It answers from `answering` on, first
 * with the statuses that are given.
 */
async function receive(answering: Promise<void> = Promise.resolve(), ...statuses: number[]) {
  const requests: (readonly Histogram[])[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { resourceMetrics } = JSON.parse(Buffer.concat(chunks).toString());
    requests.push(
      resourceMetrics.flatMap(({ scopeMetrics }: { scopeMetrics: { metrics: Histogram[] }[] }) =>
        scopeMetrics.flatMap(({ metrics }) => metrics),
      ),
    );
    await answering;
    response.writeHead(statuses.shift() ?? 200, { 'Retry-After': '1' }).end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  undo.push(() => {
    server.closeAllConnections();
    server.close();
  });
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const histogram = (request: number, name: string) =>
    requests[request]?.find((metric) => metric.name === name)?.histogram;
  const arrived = (count: number) => vi.waitFor(() => expect(requests).toHaveLength(count), PATIENCE);
  /** Jobs in all requests, if their figures are deltas. */
  const jobs = () =>
    requests
      .map((_, index) => histogram(index, METRIC_PROCESS_DURATION.name)?.dataPoints[0]?.count ?? 0)
      .reduce((sum, count) => sum + count, 0);
  return { histogram, arrived, jobs };
}

/** A process whose jobs each take a second and 10 bytes, and its provider. */
async function measured() {
  const world = { rss: 1000, now: 0 };
  const monitor: JobMonitor = new JobMonitor({
    maxJobNames: 10,
    readMemory: () => nativeMemory(world.rss),
    nowMs: () => world.now,
    waitedMs: () => performance.nodeTiming.idleTime,
    onBegin: () => telemetry.jobBegins(),
    onEnd: (end) => telemetry.jobEnds(end),
  });
  const telemetry = new Telemetry({ monitor, dynoMemory: null, limitBytes: null });
  const say = vi.fn();
  const own = await privateProvider({ transports: ['otlp'], workerRedis: () => null, say });
  telemetry.setFallback(async () => own);
  undo.push(() => telemetry.release());
  const runJob = () => {
    const run = monitor.begin({ queue: 'q', name: 'job', sandbox: null });
    world.now += 1000;
    world.rss += 10;
    monitor.end(run, 'completed');
  };
  return { own, telemetry, runJob, say };
}

const DELTA = 1;
const CUMULATIVE = 2;

describe('a provider of our own', () => {
  it.each([
    ['cumulative, as nothing else was asked for', undefined, CUMULATIVE, [1, 3]],
    ['cumulative, as was asked for', 'cumulative', CUMULATIVE, [1, 3]],
    ['of the time since the last export, as was asked for', 'delta', DELTA, [1, 2]],
    ['of the time since the last export, for memory', 'lowmemory', DELTA, [1, 2]],
  ])('exports per-job figures %s', async (_, preference, temporality, counts) => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE', preference);
    const { histogram, arrived } = await receive();
    const { own, telemetry, runJob } = await measured();
    expect(own?.tables === null).toBe(temporality === DELTA);
    // The first report comes with the provider.
    await telemetry.settle();
    await arrived(1);
    runJob();
    await telemetry.flush();
    runJob();
    runJob();
    await telemetry.flush();
    for (const [index, count] of counts.entries()) {
      const request = index + 1;
      expect(histogram(request, METRIC_PROCESS_DURATION.name)).toMatchObject({
        aggregationTemporality: temporality,
        dataPoints: [{ count, sum: count }],
      });
      expect(histogram(request, METRIC_JOB_MEMORY_GROWTH.name)?.dataPoints).toMatchObject([{ count, sum: 10 * count }]);
    }
  });

  it('loses no delta while the receiver answers none of its exports', async () => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE', 'delta');
    const answering = Promise.withResolvers<void>();
    const { arrived, jobs } = await receive(answering.promise);
    const { own, telemetry, runJob } = await measured();
    await telemetry.settle();
    await arrived(1);
    for (const requests of [2, 3, 4]) {
      runJob();
      void own?.provider.forceFlush?.();
      await arrived(requests);
    }
    // Four are not answered: these would be dropped.
    for (const _ of [4, 5]) {
      runJob();
      void own?.provider.forceFlush?.();
      await new Promise((turn) => setImmediate(turn));
    }
    answering.resolve();
    await vi.waitFor(async () => {
      await own?.provider.forceFlush?.();
      expect(jobs()).toBe(5);
    }, PATIENCE);
  });

  it('loses no delta that is being collected when the receiver asks for a pause', async () => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE', 'delta');
    const [answering, collecting] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const { arrived, jobs } = await receive(answering.promise, 429);
    const { own, telemetry, runJob, say } = await measured();
    await telemetry.settle();
    await arrived(1);
    const began = vi.fn(() => collecting.promise);
    own?.provider.getMeter('slow').createObservableGauge('slow').addCallback(began);
    runJob();
    void own?.provider.forceFlush?.();
    await vi.waitFor(() => expect(began).toHaveBeenCalled(), PATIENCE);
    answering.resolve();
    await vi.waitFor(() => expect(say).toHaveBeenCalled(), PATIENCE);
    collecting.resolve();
    await vi.waitFor(() => expect(jobs()).toBe(1), PATIENCE);
  });

  it('hands over to a given one without losing a delta, though the receiver does not answer yet', async () => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE', 'delta');
    const answering = Promise.withResolvers<void>();
    const { arrived, jobs } = await receive(answering.promise);
    const { own, telemetry, runJob } = await measured();
    await telemetry.settle();
    await arrived(1);
    for (const requests of [2, 3, 4]) {
      runJob();
      void own?.provider.forceFlush?.();
      await arrived(requests);
    }
    runJob();
    telemetry.use(memoryProvider().provider);
    answering.resolve();
    await vi.waitFor(() => expect(jobs()).toBe(4), PATIENCE);
  });

  it('reports as soon as it is there, not only after its first interval', async () => {
    const { arrived } = await receive();
    const { telemetry } = await measured();
    await telemetry.settle();
    await arrived(1);
  });

  it.each<[string, readonly Transport[], 'none' | 'connecting' | 'connected', boolean]>([
    ['over OTLP without a worker', ['otlp'], 'none', true],
    ['over both without a worker', ['otlp', 'redis'], 'none', true],
    ['over Redis without a worker', ['redis'], 'none', false],
    ['over Redis with a worker that is not connected', ['redis'], 'connecting', false],
    ['over Redis with a connected worker', ['redis'], 'connected', true],
  ])('knows whether it can send: %s', async (_what, transports, worker, expected) => {
    await receive();
    const client = worker === 'connected' ? Promise.resolve({ status: 'ready' }) : new Promise(() => {});
    const workerRedis = () => (worker === 'none' ? null : borrowRedis({ client }));
    const own = await privateProvider({ transports, workerRedis, say: () => {} });
    undo.push(() => void own?.provider.shutdown?.());
    expect(await own?.canSend()).toBe(expected);
  });

  it('is none when the environment asks for no exporter', async () => {
    const none = {
      transports: ['otlp'],
      workerRedis: () => null,
      say: () => {},
      env: { OTEL_METRICS_EXPORTER: 'none' },
    } as const;
    expect(await privateProvider(none)).toBeNull();
  });
});
