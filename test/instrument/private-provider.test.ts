import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { privateProvider } from '../../src/instrument/export/private-provider.ts';
import { Telemetry } from '../../src/instrument/export/telemetry.ts';
import { JobMonitor } from '../../src/instrument/jobs/job-monitor.ts';
import { METRIC_JOB_MEMORY_GROWTH, METRIC_PROCESS_DURATION } from '../../src/semconv.ts';

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

/** A receiver of OTLP as JSON, which the exporter finds by the standard variable. */
async function receive() {
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
    response.end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  undo.push(() => {
    server.closeAllConnections();
    server.close();
  });
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const histogram = (request: number, name: string) =>
    requests[request]?.find((metric) => metric.name === name)?.histogram;
  return { histogram };
}

/** A process whose jobs each take a second and 10 bytes, and its provider. */
async function measured() {
  const world = { rss: 1000, now: 0 };
  const monitor: JobMonitor = new JobMonitor({
    maxJobNames: 10,
    readRssBytes: () => world.rss,
    nowMs: () => world.now,
    tellBegin: () => telemetry.jobBegins(),
    tellEnd: (end) => telemetry.jobEnds(end),
  });
  const telemetry = new Telemetry({ monitor, tree: null, limitBytes: null });
  const own = await privateProvider({ transports: ['otlp'], lend: () => null });
  telemetry.setFallback(async () => own);
  undo.push(() => telemetry.release());
  const runJob = () => {
    const run = monitor.begin({ queue: 'q', name: 'job', sandbox: null });
    world.now += 1000;
    world.rss += 10;
    monitor.end(run, 'completed');
  };
  return { own, telemetry, runJob };
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
    const { histogram } = await receive();
    const { own, telemetry, runJob } = await measured();
    expect(own?.tables === null).toBe(temporality === DELTA);
    runJob();
    await telemetry.flush();
    runJob();
    runJob();
    await telemetry.flush();
    for (const [request, count] of counts.entries()) {
      expect(histogram(request, METRIC_PROCESS_DURATION.name)).toMatchObject({
        aggregationTemporality: temporality,
        dataPoints: [{ count, sum: count }],
      });
      expect(histogram(request, METRIC_JOB_MEMORY_GROWTH.name)?.dataPoints).toMatchObject([{ count, sum: 10 * count }]);
    }
  });

  it('is none where the environment asks for no exporter', async () => {
    const none = { transports: ['otlp'], lend: () => null, env: { OTEL_METRICS_EXPORTER: 'none' } } as const;
    expect(await privateProvider(none)).toBeNull();
  });
});
