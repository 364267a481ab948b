import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { ValueType } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { Hono } from 'hono';
import { afterEach, describe, expect, it } from 'vitest';
import type { Point } from '../../../src/model/point.ts';
import { Intake } from '../../../src/sources/intake.ts';
import { createOtlpSource, type OtlpSourceOptions } from '../../../src/sources/otlp/otlp-http.ts';
import { decodeJson } from '../../../src/sources/otlp/otlp-json.ts';
import { decodeProtobuf } from '../../../src/sources/otlp/otlp-protobuf.ts';
import { encodeProtobuf } from './senders/otlp-encoder.ts';
import { JsonMetricsSerializer, ProtobufMetricsSerializer, realProvider } from './senders/real-sdk.ts';
import { IDENTITY, WHOLE, WHOLE_POINT } from './senders/requests.ts';

/** What a worker with two queues measured, as the SDK collects it. */
async function collected(): Promise<ResourceMetrics> {
  const { provider, collect } = realProvider({
    ...IDENTITY,
    'process.pid': 4711,
    'process.command_args': ['node', 'x'],
  });
  const meter = provider.getMeter('tidemark');
  const whole = { unit: 'By', valueType: ValueType.INT };
  meter
    .createObservableUpDownCounter('process.memory.usage', whole)
    .addCallback((result) => result.observe(5_000_000_000));
  meter.createObservableGauge('tidemark.dyno.memory.usage').addCallback((result) => {
    result.observe(6_000_000_000, { 'tidemark.memory.state': 'resident' });
    result.observe(0, { 'tidemark.memory.state': 'swap' });
  });
  meter.createObservableUpDownCounter('v8js.memory.heap.used', whole).addCallback((result) => {
    for (const space of ['new_space', 'old_space']) result.observe(1000, { 'v8js.heap.space.name': space });
  });
  const active = meter.createUpDownCounter('bullmq.job.active', whole);
  active.add(2, { 'messaging.destination.name': 'mail' });
  active.add(0, { 'messaging.destination.name': 'pdf' });
  meter.createObservableGauge('bullmq.job.active_age', { unit: 's' }).addCallback((result) => result.observe(12.25));
  meter.createUpDownCounter('bullmq.job.memory.net', whole).add(-5);
  const duration = meter.createHistogram('messaging.process.duration', { unit: 's' });
  for (let job = 0; job < 300; job++)
    duration.record(0.1, { 'messaging.system': 'bullmq', 'bullmq.job.name': `${job % 3}` });
  return collect();
}

describe("the SDK's own serialisers", () => {
  it.each([
    [
      'protobuf',
      (metrics: ResourceMetrics) =>
        decodeProtobuf(ProtobufMetricsSerializer.serializeRequest(metrics) ?? new Uint8Array(1)),
    ],
    [
      'JSON',
      (metrics: ResourceMetrics) =>
        decodeJson(new TextDecoder().decode(JsonMetricsSerializer.serializeRequest(metrics))),
    ],
  ])('are understood: %s', async (_name, decode) => {
    const metrics = await collected();
    const [seconds = 0, nanos = 0] = metrics.scopeMetrics[0]?.metrics[0]?.dataPoints[0]?.endTime ?? [];
    const { rows, jobs, ...counts } = decode(metrics);
    expect(counts).toMatchObject({ ignored: 0, invalid: 0, noDyno: 0 });
    expect(jobs[0]?.points.filter(({ figure }) => figure === 'net')).toMatchObject([{ value: -5, isDelta: false }]);
    expect(rows.map(({ dataPoints, point }) => ({ dataPoints, point }))).toEqual([
      {
        dataPoints: 11,
        point: {
          ...WHOLE_POINT,
          timeMs: seconds * 1000 + Math.floor(nanos / 1e6),
          rssBytes: 5_000_000_000,
          treeResidentBytes: 6_000_000_000,
          treeSwapBytes: 0,
          limitBytes: null,
          heapUsedBytes: 2000,
          externalBytes: null,
          activeJobs: 2,
          completedJobs: 300,
          oldestJobStartMs: seconds * 1000 + Math.floor(nanos / 1e6) - 12_250,
        },
      },
    ]);
  });
});

const undo: (() => void)[] = [];
afterEach(() => {
  for (const one of undo.splice(0)) one();
});

/** The source behind a real server, as the actuator mounts it. */
async function served(options: Partial<OtlpSourceOptions> = {}) {
  const accepted: Point[] = [];
  const intake = new Intake({
    maxPointAgeMs: Number.MAX_SAFE_INTEGER,
    clock: { now: () => Date.now() },
    accept: (points) => accepted.push(...points),
  });
  const otlp = createOtlpSource({ tokens: [], ready: () => true, intake, ...options });
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.all('/v1/metrics', (context) => otlp.handle(context.req.raw, context.env.incoming.socket.remoteAddress));
  const server = createServer(getRequestListener(app.fetch)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  undo.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { accepted, intake, port, url: `http://127.0.0.1:${port}/v1/metrics` };
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

interface Posted {
  /** Chunked where there is no content length. */
  readonly headers: Readonly<Record<string, string | number>>;
  readonly chunks: readonly Uint8Array[];
  /** Whether to go on waiting for an answer as if more were to come. */
  readonly unfinished?: boolean;
}

function post(url: string, { headers, chunks, unfinished = false }: Posted): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { method: 'POST', headers, agent: false }, async (response) => {
      const body = Buffer.concat(await response.toArray());
      sent.destroy();
      resolve({ status: response.statusCode, headers: response.headers, body });
    });
    sent.on('error', reject);
    sent.flushHeaders();
    for (const chunk of chunks) sent.write(chunk);
    if (!unfinished) sent.end();
  });
}

const PROTOBUF = { 'content-type': 'application/x-protobuf' };

describe('over HTTP', () => {
  it.each(['gzip', 'none'])("takes what the SDK's exporter sends (compression: %s)", async (compression) => {
    const { url, accepted } = await served({ tokens: [{ app: 'shop', token: 'secret' }] });
    const options = { url, headers: { authorization: 'Bearer secret' }, compression };
    const exporter = new OTLPMetricExporter(options as ConstructorParameters<typeof OTLPMetricExporter>[0]);
    const metrics = await collected();
    const result = await new Promise<{ code: number }>((resolve) => exporter.export(metrics, resolve));
    await exporter.shutdown();
    expect(result.code).toBe(0);
    expect(accepted).toMatchObject([{ boot: WHOLE_POINT.boot, rssBytes: 5_000_000_000 }]);
  });

  it.each([
    ['with a length', (length: number) => ({ 'content-length': length })],
    ['in chunks', () => ({ 'transfer-encoding': 'chunked' })],
  ])('takes a body %s and answers with an empty one of known length', async (_name, framing) => {
    const { url, accepted } = await served();
    const body = gzipSync(encodeProtobuf([WHOLE]));
    const parts = [body.subarray(0, 10), body.subarray(10)];
    const answer = await post(url, {
      headers: { ...PROTOBUF, 'content-encoding': 'gzip', ...framing(body.length) },
      chunks: parts,
    });
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/x-protobuf', 'content-length': '0' },
    });
    expect(answer.body).toHaveLength(0);
    expect(accepted).toEqual([WHOLE_POINT]);
  });

  // Nothing is sent after what gives it away: a sender that still writes may lose the answer with the connection.
  it.each([
    ['announced', { 'content-length': 1_000_001 }, []],
    ['in chunks', { 'transfer-encoding': 'chunked' }, [new Uint8Array(1_000_000), new Uint8Array(1)]],
  ])('answers 413 to a body that is too long: %s', async (_name, framing, chunks) => {
    const { url } = await served({
      limits: { maxBodyBytes: 1_000_000, maxDecodedBytes: 1_000_000, maxJsonBytes: 1_000_000 },
    });
    const answer = await post(url, { headers: { ...PROTOBUF, ...framing }, chunks, unfinished: true });
    expect(answer.status).toBe(413);
    expect(answer.body.toString()).toContain('1000000 bytes');
  });

  it('goes on after a sender that breaks off', async () => {
    const { url, port, intake, accepted } = await served();
    const socket = connect(port, '127.0.0.1');
    socket.write(
      'POST /v1/metrics HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: 100\r\n\r\nabc',
    );
    await once(socket, 'ready');
    socket.destroy();
    await once(socket, 'close');
    expect((await post(url, { headers: PROTOBUF, chunks: [encodeProtobuf([WHOLE])] })).status).toBe(200);
    expect(accepted).toHaveLength(1);
    expect(intake.counts().accepted).toBe(13);
  });

  it('answers other methods and senders', async () => {
    const { url } = await served();
    const got = await fetch(url);
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST']);
    const forwarded = await post(url, {
      headers: { ...PROTOBUF, 'x-forwarded-for': '127.0.0.1' },
      chunks: [encodeProtobuf([WHOLE])],
    });
    expect(forwarded.status).toBe(403);
    const notReady = await served({ ready: () => false });
    const refused = await post(notReady.url, { headers: PROTOBUF, chunks: [encodeProtobuf([WHOLE])] });
    expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
  });
});
