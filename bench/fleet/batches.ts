import { ValueType } from '@opentelemetry/api';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import {
  JsonMetricsSerializer,
  ProtobufMetricsSerializer,
  realProvider,
} from '../../test/sources/otlp/senders/real-sdk.ts';

/** What OpenTelemetry's own SDK exports of one process, as often as there are processes, made once and patched. */

export const DATA_POINTS_PER_DYNO = 16;

/** The texts and numbers that are patched; nothing else in a request has them. */
const APP = '@@@@';
const TIME_MS = 1_234_567_890_123;
const USAGE_BYTES = 0x1_2345_6789_abcd;

/** What one app's request says. */
export interface Batch {
  /** 0 to 9999. */
  readonly app: number;
  readonly timeMs: number;
  readonly usageBytes: (dyno: number) => number;
}

export function appName(app: number): string {
  return `fleet-${digitsOf(app)}`;
}

/** @param index from 0 */
export function dynoId(app: number, index: number): string {
  return `${digitsOf(app)}${idEnd(index)}`;
}

function digitsOf(app: number): string {
  return String(app).padStart(4, '0');
}

function idEnd(index: number): string {
  return `abcd-0000-4000-8000-${String(index).padStart(12, '0')}`;
}

/** Requests with one app's dynos each, as the SDK's serialiser and a Collector's batching make them. */
export class Batches {
  readonly #protobuf: Buffer;
  readonly #apps: readonly number[];
  readonly #times: readonly number[];
  readonly #usages: readonly number[];
  /** What lies between the markers, and which marker follows each piece. */
  readonly #json: readonly string[];

  private constructor(protobuf: Buffer, json: string) {
    this.#protobuf = protobuf;
    this.#apps = placesOf(protobuf, Buffer.from(APP));
    this.#times = placesOf(protobuf, uint64(BigInt(TIME_MS) * 1_000_000n));
    this.#usages = placesOf(protobuf, uint64(BigInt(USAGE_BYTES)));
    this.#json = json.split(new RegExp(`(${APP}|${TIME_MS}000000|${USAGE_BYTES})`));
  }

  static async make(dynos: number): Promise<Batches> {
    const processes: ResourceMetrics[] = [];
    for (let index = 0; index < dynos; index++) processes.push(await measured(index));
    // Requests one after the other are one request with all their resources: that is how protobuf merges.
    const parts = processes.map((one) => ProtobufMetricsSerializer.serializeRequest(one) ?? new Uint8Array());
    const resourceMetrics = processes.flatMap((one) => {
      const text = Buffer.from(JsonMetricsSerializer.serializeRequest(one) ?? []).toString();
      return (JSON.parse(text) as { resourceMetrics: unknown[] }).resourceMetrics;
    });
    return new Batches(Buffer.concat(parts), JSON.stringify({ resourceMetrics }));
  }

  protobuf({ app, timeMs, usageBytes }: Batch): Buffer<ArrayBuffer> {
    const bytes = Buffer.from(this.#protobuf);
    const digits = digitsOf(app);
    for (const place of this.#apps) bytes.write(digits, place, 'latin1');
    const nanos = BigInt(timeMs) * 1_000_000n;
    for (const place of this.#times) bytes.writeBigUInt64LE(nanos, place);
    for (const [index, place] of this.#usages.entries()) bytes.writeBigUInt64LE(BigInt(usageBytes(index)), place);
    return bytes;
  }

  json({ app, timeMs, usageBytes }: Batch): string {
    let dyno = 0;
    const nanos = `${timeMs}000000`;
    const patchOf = (piece: string) => {
      if (piece === APP) return digitsOf(app);
      return piece === String(USAGE_BYTES) ? String(usageBytes(dyno++)) : nanos;
    };
    return this.#json.map((piece, at) => (at % 2 === 0 ? piece : patchOf(piece))).join('');
  }
}

function uint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

function placesOf(bytes: Buffer, marker: Buffer): readonly number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(marker); at >= 0; at = bytes.indexOf(marker, at + marker.length)) places.push(at);
  return places;
}

/** A worker with two queues and a job name in each; random, so that it compresses like real numbers. */
async function measured(index: number): Promise<ResourceMetrics> {
  const { provider, collect } = realProvider(identity(index));
  const meter = provider.getMeter('tidemark', '0.1.0');
  const bytes = () => Math.floor(2 ** 28 * (1 + Math.random()));
  const whole = { unit: 'By', description: 'Memory.', valueType: ValueType.INT };
  const add = (name: string, values: readonly Record<string, string>[], value = bytes) => {
    const counter = meter.createUpDownCounter(name, whole);
    for (const attributes of values) counter.add(value(), attributes);
  };
  const jobs = ['mail', 'pdf'].map((queue) => ({
    'messaging.system': 'bullmq',
    'messaging.destination.name': queue,
    'bullmq.job.name': `${queue}-job`,
    'bullmq.job.outcome': 'completed',
    'tidemark.attribution': 'exclusive',
  }));
  const queues = jobs.map(({ 'messaging.destination.name': queue }) => ({ 'messaging.destination.name': queue }));
  add('process.memory.usage', [{}]);
  add('tidemark.dyno.memory.usage', [{ 'tidemark.memory.state': 'resident' }], () => USAGE_BYTES);
  add('tidemark.dyno.memory.usage', [{ 'tidemark.memory.state': 'swap' }], () => 0);
  add('tidemark.dyno.memory.limit', [{}], () => 2 ** 29);
  add('tidemark.process.memory.external', [{}]);
  add('tidemark.process.memory.array_buffers', [{}]);
  add('bullmq.job.active', queues, () => index % 3);
  add('bullmq.job.memory.net', jobs);
  for (const name of ['bullmq.job.memory.growth', 'bullmq.job.memory.reclaimed', 'messaging.process.duration']) {
    const histogram = meter.createHistogram(name, whole);
    for (const attributes of jobs)
      for (let job = 0; job < 20; job++) histogram.record(Math.floor(Math.random() * 1000), attributes);
  }
  const metrics = await collect();
  const endTime: [number, number] = [Math.floor(TIME_MS / 1000), (TIME_MS % 1000) * 1e6];
  for (const scope of metrics.scopeMetrics)
    for (const { dataPoints } of scope.metrics)
      for (const dataPoint of dataPoints) Object.assign(dataPoint, { endTime });
  return metrics;
}

function identity(index: number): Record<string, string> {
  return {
    'service.name': 'fleet',
    'service.instance.id': `${APP}${idEnd(1_000_000 + index)}`,
    'service.version': 'v42',
    'cloud.provider': 'heroku',
    'heroku.app.id': `${APP}abcd-0000-4000-9000-000000000000`,
    'heroku.release.commit': '2c3a0b24069af49b3de35b8e8c26765c1dba9ff0',
    'heroku.app.name': `fleet-${APP}`,
    'heroku.dyno.name': `worker.${index + 1}`,
    'heroku.dyno.id': `${APP}${idEnd(index)}`,
    'heroku.process.type': 'worker',
    'tidemark.dyno.id.source': 'platform',
    'tidemark.dyno.start_time': new Date(Date.now() - 3_600_000).toISOString(),
    'tidemark.process.role': 'main',
  };
}
