import type { Point } from '../../../../src/model/point.ts';
import { Intake, type IntakeOptions } from '../../../../src/sources/intake.ts';
import { createOtlpSource, type OtlpSourceOptions } from '../../../../src/sources/otlp/otlp-http.ts';
import { type DataPointSpec, encodeProtobuf, type MetricSpec, type ResourceSpec } from './otlp-encoder.ts';

export const PROTOBUF = 'application/x-protobuf';
export const JSON_TYPE = 'application/json';

/** A time that tests measure from: 2026-01-02T03:04:05.678Z. */
export const T0 = 1_767_323_045_678;

export function nanos(timeMs: number): bigint {
  return BigInt(timeMs) * 1_000_000n;
}

export const IDENTITY: Readonly<Record<string, string>> = {
  'service.instance.id': 'process-1',
  'tidemark.process.start_time': '2026-01-02T03:00:01.000Z',
  'service.version': 'v42',
  'heroku.app.name': 'shop',
  'heroku.dyno.name': 'worker.1',
  'heroku.dyno.id': 'boot-1',
  'heroku.process.type': 'worker',
  'tidemark.dyno.id.source': 'platform',
  'tidemark.dyno.start_time': '2026-01-02T03:00:00.000Z',
  'tidemark.process.role': 'main',
  'tidemark.process.allocator': 'jemalloc',
  'tidemark.process.malloc_arena_max': '2',
  'tidemark.process.heap_limit': '4345298944',
  'tidemark.process.heap_limit_source': 'flag',
};

export function metric(
  name: string,
  value: number,
  attributes?: Readonly<Record<string, string>>,
  timeMs = T0,
): MetricSpec {
  const dataPoint: DataPointSpec = {
    timeNanos: nanos(timeMs),
    asInt: BigInt(value),
    ...(attributes ? { attributes } : {}),
  };
  return { name, kind: 'sum', dataPoints: [dataPoint] };
}

/** A resource with the given RSS at each of these times. */
export function rssAt(
  times: readonly number[],
  identity: Readonly<Record<string, string>> = {},
  bytes = 1000,
): ResourceSpec {
  return {
    attributes: { ...IDENTITY, ...identity },
    scopes: [times.map((timeMs) => metric('process.memory.usage', bytes, undefined, timeMs))],
  };
}

/** What one process of a worker with a sandbox and two queues exports. */
export const WHOLE: ResourceSpec = {
  attributes: IDENTITY,
  scopes: [
    [
      metric('process.memory.usage', 101),
      {
        name: 'tidemark.dyno.memory.usage',
        kind: 'sum',
        dataPoints: [
          { timeNanos: nanos(T0), asInt: 202n, attributes: { 'tidemark.memory.state': 'resident' } },
          { timeNanos: nanos(T0), asInt: 303n, attributes: { 'tidemark.memory.state': 'swap' } },
        ],
      },
      { name: 'tidemark.dyno.memory.limit', kind: 'gauge', dataPoints: [{ timeNanos: nanos(T0), asDouble: 404.5 }] },
      {
        name: 'v8js.memory.heap.used',
        kind: 'sum',
        dataPoints: ['new_space', 'old_space', 'code_space'].map((space, index) => ({
          timeNanos: nanos(T0),
          asInt: BigInt(500 + index),
          attributes: { 'v8js.heap.space.name': space },
        })),
      },
      metric('tidemark.process.memory.external', 606),
    ],
    [
      {
        name: 'bullmq.job.active',
        kind: 'sum',
        dataPoints: ['mail', 'pdf'].map((queue, index) => ({
          timeNanos: nanos(T0),
          asInt: BigInt(3 + index),
          attributes: { 'messaging.system': 'bullmq', 'messaging.destination.name': queue },
        })),
      },
      { name: 'bullmq.job.active_age', kind: 'gauge', dataPoints: [{ timeNanos: nanos(T0), asDouble: 90.5 }] },
      {
        name: 'messaging.process.duration',
        kind: 'histogram',
        dataPoints: ['mail', 'pdf'].map((queue, index) => ({
          timeNanos: nanos(T0),
          count: BigInt(70 + index),
          attributes: { 'messaging.system': 'bullmq', 'messaging.destination.name': queue },
        })),
      },
    ],
  ],
};

export const WHOLE_POINT: Point = {
  boot: {
    app: 'shop',
    dyno: 'worker.1',
    processType: 'worker',
    bootId: 'boot-1',
    bootIdSource: 'platform',
    startTimeMs: Date.UTC(2026, 0, 2, 3, 0, 0),
    release: 'v42',
  },
  processId: 'process-1',
  processStartMs: Date.UTC(2026, 0, 2, 3, 0, 1),
  processRole: 'main',
  tuning: { allocator: 'jemalloc', mallocArenaMax: '2', heapLimitBytes: 4_345_298_944, isHeapLimitSet: true },
  timeMs: T0,
  rssBytes: 101,
  treeResidentBytes: 202,
  treeSwapBytes: 303,
  limitBytes: 404.5,
  heapUsedBytes: 1503,
  externalBytes: 606,
  activeJobs: 7,
  completedJobs: 141,
  oldestJobStartMs: T0 - 90_500,
};

export function source(options: Partial<OtlpSourceOptions & IntakeOptions> = {}) {
  const accepted: Point[] = [];
  const intake = new Intake({
    maxPointAgeMs: 30_000,
    clock: { now: () => T0 },
    accept: (points) => accepted.push(...points),
    ...options,
  });
  const { handle } = createOtlpSource({ tokens: [], ready: () => true, intake, ...options });
  return { otlp: { handle, counts: () => intake.counts() }, accepted };
}

export interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer> | string;
  readonly from?: string | undefined;
}

export function send(otlp: ReturnType<typeof source>['otlp'], sent: Sent = {}): Promise<Response> {
  const { method = 'POST', headers = {}, body = encodeProtobuf([WHOLE]) } = sent;
  const request = new Request('http://127.0.0.1/v1/metrics', {
    method,
    headers: { 'content-type': PROTOBUF, ...headers },
    ...(method === 'GET' ? {} : { body }),
  });
  return otlp.handle(request, 'from' in sent ? sent.from : '127.0.0.1');
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
