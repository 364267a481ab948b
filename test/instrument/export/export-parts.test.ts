import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ExportParts } from '../../../src/instrument/export/export-parts.ts';
import { JsonMetricsSerializer } from '../../../src/instrument/export/opentelemetry-sdk.ts';
import { otlpExporter } from '../../../src/instrument/export/otlp/otlp-exporter.ts';
import { PointsStreamExporter } from '../../../src/instrument/export/redis/points-stream.ts';
import { POINTS_STREAM_MAX_BYTES } from '../../../src/semconv.ts';

const MAX_ENTRY_BYTES = POINTS_STREAM_MAX_BYTES / 16;
const VITAL = ['bullmq.job.active', 'process.memory.usage', 'tidemark.dyno.memory.limit', 'tidemark.dyno.memory.usage'];

const undo: (() => void)[] = [];
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  for (const one of undo.splice(0)) one();
});

const serialize = (metrics: ResourceMetrics) => JsonMetricsSerializer.serializeRequest(metrics);

function metricOf(name: string, series: readonly Readonly<Record<string, string>>[]) {
  const time: [number, number] = [1_700_000_000, 0];
  return {
    descriptor: { name, unit: 'By', description: '', valueType: 0 },
    aggregationTemporality: 1,
    dataPointType: 3,
    isMonotonic: false,
    dataPoints: series.map((attributes, value) => ({ startTime: time, endTime: time, attributes, value })),
  };
}

/** An export with this many job names in ten queues, the series of the jobs first. */
function exportOf(names: number, nameLength = 40): ResourceMetrics {
  const jobs = Array.from({ length: 10 * names }, (_, index) => ({
    'messaging.destination.name': `queue-${index % 10}`,
    'bullmq.job.name': `${Math.floor(index / 10)}`.padEnd(nameLength, 'x'),
  }));
  const queues = Array.from({ length: 10 }, (_, index) => ({ 'messaging.destination.name': `queue-${index}` }));
  const metrics = [
    metricOf('bullmq.job.memory.growth', jobs),
    metricOf('bullmq.job.memory.net', jobs),
    metricOf('v8js.memory.heap.used', [{ 'v8js.heap.space.name': 'old_space' }]),
    metricOf('tidemark.dyno.memory.usage', [
      { 'tidemark.memory.state': 'resident' },
      { 'tidemark.memory.state': 'swap' },
    ]),
    metricOf('tidemark.dyno.memory.limit', [{}]),
    metricOf('process.memory.usage', [{}]),
    metricOf('bullmq.job.active', queues),
  ];
  const resource = { attributes: { 'heroku.dyno.name': 'worker.1' } };
  return { resource, scopeMetrics: [{ scope: { name: 'tidemark' }, metrics }] } as unknown as ResourceMetrics;
}

interface Sent {
  readonly name: string;
  readonly sum?: { readonly dataPoints: readonly unknown[] };
}

function read(text: string): readonly Sent[] {
  const { resourceMetrics } = JSON.parse(text) as {
    resourceMetrics: { scopeMetrics: { metrics: Sent[] }[] }[];
  };
  return resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics));
}

function dataPointsOf(texts: readonly string[]): readonly string[] {
  return texts
    .flatMap(read)
    .flatMap(({ name, sum }) => (sum?.dataPoints ?? []).map((point) => `${name} ${JSON.stringify(point)}`))
    .sort();
}

describe('an export that is too large', () => {
  it.each([
    ['100 job names in 10 queues', 100, 40],
    ['job names of 256 characters', 100, 256],
    ['a thousand job names', 1000, 40],
  ])('goes in parts that fit, whole, with what is needed most in the first: %s', (_, names, nameLength) => {
    const parts = new ExportParts(serialize);
    const metrics = exportOf(names, nameLength);
    // The second time it knows how large a data point is.
    for (let round = 0; round < 2; round++) {
      const found = [...parts.of(metrics, 100_000)];
      expect(found.every(({ bytes }) => bytes.length <= 100_000)).toBe(true);
      expect(found.map(({ isLast }) => isLast).indexOf(true)).toBe(found.length - 1);
      const texts = found.map(({ bytes }) => Buffer.from(bytes).toString());
      expect(VITAL.every((name) => read(texts[0] ?? '').some((sent) => sent.name === name))).toBe(true);
      expect(dataPointsOf(texts)).toEqual(dataPointsOf([Buffer.from(serialize(metrics) ?? []).toString()]));
    }
  });

  it('is one entry of the points stream with all that is vital, and what is cut is said once', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const entries: string[] = [];
    const evaluate = async (_: unknown, __: readonly string[], args: readonly string[]) => entries.push(args[1] ?? '');
    const workerRedis = () => ({ evaluate, isConnected: async () => true as const });
    const exporter = new PointsStreamExporter({ workerRedis, serialize, onAppended: () => {}, onFailed: () => {} });
    for (let count = 0; count < 3; count++) {
      exporter.export(exportOf(1000), () => {});
      await exporter.forceFlush();
    }
    expect(entries).toHaveLength(3);
    for (const entry of entries) {
      expect(entry.length).toBeLessThanOrEqual(MAX_ENTRY_BYTES);
      expect(VITAL.every((name) => read(entry).some((sent) => sent.name === name))).toBe(true);
    }
    // Once the size of a data point is known, the entry is filled.
    expect(entries.at(-1)?.length).toBeGreaterThan(MAX_ENTRY_BYTES / 2);
    expect(warn).toHaveBeenCalledOnce();
    expect(warn.mock.calls[0]?.[0]).toMatch(/256 KiB.*always sent.*TIDEMARK_MAX_JOB_NAMES/);
  });

  it('reaches a receiver behind a stricter proxy by smaller parts from the next export on', async () => {
    const taken: string[] = [];
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks).toString();
      response.statusCode = body.length > 300_000 ? 413 : 200;
      if (response.statusCode === 200) taken.push(body);
      response.end('{}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    undo.push(() => {
      server.closeAllConnections();
      server.close();
    });
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const { exporter } = await otlpExporter(process.env);
    const metrics = exportOf(300);
    const codes: number[] = [];
    for (let count = 0; count < 4; count++) {
      taken.length = 0;
      codes.push(await new Promise<number>((resolve) => exporter.export(metrics, ({ code }) => resolve(code))));
    }
    await exporter.shutdown();
    expect([codes[0], codes.at(-1)]).toEqual([1, 0]);
    expect(dataPointsOf(taken)).toEqual(dataPointsOf([Buffer.from(serialize(metrics) ?? []).toString()]));
  });
});
