import { describe, expect, it } from 'vitest';
import type { Point } from '../../../src/model/point.ts';
import { decodeJson } from '../../../src/sources/otlp/otlp-json.ts';
import { decodeProtobuf } from '../../../src/sources/otlp/otlp-protobuf.ts';
import type { DecodedRequest } from '../../../src/sources/points/request-fold.ts';
import { encodeJson, encodeProtobuf, type MetricSpec, type ResourceSpec } from './senders/otlp-encoder.ts';
import { IDENTITY, metric, nanos, rssAt, T0, WHOLE, WHOLE_POINT } from './senders/requests.ts';

const ENCODINGS = [
  { encoding: 'protobuf', decode: (resources: readonly ResourceSpec[]) => decodeProtobuf(encodeProtobuf(resources)) },
  { encoding: 'JSON', decode: (resources: readonly ResourceSpec[]) => decodeJson(encodeJson(resources)) },
];

const points = (request: DecodedRequest): Point[] => request.rows.map(({ point }) => point);
const withMetrics = (...metrics: MetricSpec[]): ResourceSpec[] => [{ attributes: IDENTITY, scopes: [metrics] }];
const withAttributes = (attributes: Record<string, string | undefined>): ResourceSpec[] => {
  const kept = Object.entries({ ...IDENTITY, ...attributes }).filter(
    (pair): pair is [string, string] => pair[1] !== undefined,
  );
  return [{ ...rssAt([T0]), attributes: Object.fromEntries(kept) }];
};

describe.each(ENCODINGS)('a request in $encoding', ({ decode }) => {
  it('becomes one Point for each process and time', () => {
    const other = rssAt([T0 + 20, T0 + 10], { 'service.instance.id': 'process-2' });
    const request = decode([WHOLE, other]);
    expect(points(request)[0]).toEqual(WHOLE_POINT);
    expect(
      points(request)
        .slice(1)
        .map(({ processId, timeMs }) => [processId, timeMs]),
    ).toEqual([
      ['process-2', T0 + 10],
      ['process-2', T0 + 20],
    ]);
    expect(request.rows.map(({ dataPoints }) => dataPoints)).toEqual([13, 1, 1]);
  });

  it('leaves null what was not measured', () => {
    const [point] = points(decode([rssAt([T0])]));
    expect(point).toMatchObject({ rssBytes: 1000, treeResidentBytes: null, activeJobs: null, completedJobs: null });
  });

  it('takes zero for measured', () => {
    const [point] = points(decode(withMetrics(metric('bullmq.job.active', 0), metric('process.memory.usage', 0))));
    expect(point).toMatchObject({ rssBytes: 0, activeJobs: 0 });
  });

  it.each([
    ['integer', 'sum', { asInt: 5n }, 5],
    ['integer', 'gauge', { asInt: 5n }, 5],
    ['double', 'sum', { asDouble: 5.5 }, 5.5],
    ['double', 'gauge', { asDouble: 5.5 }, 5.5],
    ['integer over 2^32', 'sum', { asInt: 123_456_789_012n }, 123_456_789_012],
  ] as const)('reads an %s of a %s', (_name, kind, number, expected) => {
    const dataPoints = [{ timeNanos: nanos(T0), ...number }];
    const [point] = points(decode(withMetrics({ name: 'process.memory.usage', kind, dataPoints })));
    expect(point?.rssBytes).toBe(expected);
  });

  it.each([
    ['on the ms', 1_767_323_045_678_000_000n, 1_767_323_045_678],
    ['the last ns before it', 1_767_323_045_677_999_999n, 1_767_323_045_677],
    ['half-way', 1_767_323_045_678_500_001n, 1_767_323_045_678],
    ['2^32 ns', 4_294_967_296n, 4294],
    ['far off', 8_640_000_000_000_999_999n, 8_640_000_000_000],
  ])('rounds a time down to the ms: %s', (_name, timeNanos, timeMs) => {
    const dataPoints = [{ timeNanos, asInt: 1n }];
    const [point] = points(decode(withMetrics({ name: 'process.memory.usage', kind: 'sum', dataPoints })));
    expect(point?.timeMs).toBe(timeMs);
  });

  it.each([
    ['negative', { asInt: -1n }],
    ['negative double', { asDouble: -0.5 }],
    ['NaN', { asDouble: Number.NaN }],
    ['infinite', { asDouble: Number.POSITIVE_INFINITY }],
    ['minus infinite', { asDouble: Number.NEGATIVE_INFINITY }],
    ['absurdly large', { asInt: 2n ** 62n }],
    ['absent', {}],
  ])('rejects a data point whose value is %s, and uses the others', (_name, number) => {
    const bad: MetricSpec = {
      name: 'process.memory.usage',
      kind: 'gauge',
      dataPoints: [{ timeNanos: nanos(T0), ...number }],
    };
    const request = decode(withMetrics(bad, metric('tidemark.process.memory.external', 7)));
    expect(request.invalid).toBe(1);
    expect(points(request)).toMatchObject([{ rssBytes: null, externalBytes: 7 }]);
    expect(decode(withMetrics(bad)).rows).toEqual([]);
  });

  it.each([
    ['no job runs', { asDouble: 0 }, T0],
    ['a job began in this instant', { asInt: 0n }, T0],
    ['a job has run for 90.5 s', { asDouble: 90.5 }, T0 - 90_500],
    ['one has run for a day', { asInt: 86_400n }, T0 - 86_400_000],
    ['its age is negative', { asDouble: -1 }, null],
    ['its age is NaN', { asDouble: Number.NaN }, null],
    ['its age is infinite', { asDouble: Number.POSITIVE_INFINITY }, null],
    ['it would have begun before 1970', { asDouble: 1e12 }, null],
    ['nothing is reported', null, null],
  ])('reports when the oldest job began, %s', (_name, number, expected) => {
    const dataPoints = number === null ? [] : [{ timeNanos: nanos(T0), ...number }];
    const age: MetricSpec = { name: 'bullmq.job.active_age', kind: 'gauge', dataPoints };
    expect(points(decode(withMetrics(age, metric('bullmq.job.active', 1))))).toMatchObject([
      { activeJobs: 1, oldestJobStartMs: expected },
    ]);
  });

  it('knows no sum of which a part is invalid', () => {
    const spaces = [10n, -1n, 20n].map((asInt, index) => ({
      timeNanos: nanos(T0),
      asInt,
      attributes: { 'v8js.heap.space.name': `space-${index}` },
    }));
    const heap: MetricSpec = { name: 'v8js.memory.heap.used', kind: 'sum', dataPoints: spaces };
    const request = decode(withMetrics(heap, metric('process.memory.usage', 7)));
    expect(points(request)).toMatchObject([{ heapUsedBytes: null, rssBytes: 7 }]);
    expect([request.invalid, request.rows.map(({ dataPoints }) => dataPoints)]).toEqual([1, [3]]);
  });

  it('distinguishes the series of a sum by their attributes, in any order, and takes each once', () => {
    const at = (asInt: bigint, attributes: Record<string, string>) => ({ timeNanos: nanos(T0), asInt, attributes });
    const dataPoints = [
      at(1n, { 'messaging.destination.name': 'mail', 'messaging.system': 'bullmq' }),
      at(2n, { 'messaging.destination.name': 'pdf', 'messaging.system': 'bullmq' }),
      at(1n, { 'messaging.system': 'bullmq', 'messaging.destination.name': 'mail' }),
      at(4n, { 'messaging.destination.name': 'mai', 'lmessaging.system': 'bullmq' }),
      at(8n, {}),
    ];
    const request = decode(withMetrics({ name: 'bullmq.job.active', kind: 'sum', dataPoints }));
    expect([points(request)[0]?.activeJobs, request.repeated]).toEqual([15, 1]);
  });

  it.each([0n, 2n ** 64n - 1n])('rejects a data point whose time is %d ns', (timeNanos) => {
    const dataPoints = [{ timeNanos, asInt: 1n }];
    const request = decode(withMetrics({ name: 'process.memory.usage', kind: 'sum', dataPoints }));
    expect(request.invalid).toBe(timeNanos === 0n ? 1 : 0);
    expect(points(request).every(({ timeMs }) => timeMs > 0 && Number.isFinite(new Date(timeMs).getTime()))).toBe(true);
  });

  it.each<[string, MetricSpec]>([
    ['another metric', metric('http.server.duration', 1)],
    ['another metric with a name of the same length', metric('process.memory.usagf', 1)],
    ['delta sums', { ...metric('bullmq.job.active', 1), temporality: 1 }],
    [
      'histograms of unset temporality',
      {
        name: 'messaging.process.duration',
        kind: 'histogram',
        temporality: 0,
        dataPoints: [{ timeNanos: nanos(T0), count: 4n }],
      },
    ],
    [
      'a histogram of memory',
      { name: 'process.memory.usage', kind: 'histogram', dataPoints: [{ timeNanos: nanos(T0), count: 4n }] },
    ],
    ['a sum of durations', metric('messaging.process.duration', 4)],
    ['summaries', { name: 'process.memory.usage', kind: 'summary', dataPoints: [{ timeNanos: nanos(T0), count: 4n }] }],
    [
      'jobs of another messaging system',
      {
        name: 'messaging.process.duration',
        kind: 'histogram',
        dataPoints: [{ timeNanos: nanos(T0), count: 4n, attributes: { 'messaging.system': 'kafka' } }],
      },
    ],
    ['tree memory of no state', metric('tidemark.dyno.memory.usage', 1)],
    ['tree memory of another state', metric('tidemark.dyno.memory.usage', 1, { 'tidemark.memory.state': 'shared' })],
    [
      'series that ended',
      { name: 'process.memory.usage', kind: 'sum', dataPoints: [{ timeNanos: nanos(T0), asInt: 1n, flags: 1 }] },
    ],
  ])('counts and ignores %s', (_name, ignored) => {
    expect(decode(withMetrics(ignored))).toMatchObject({ ignored: 1, invalid: 0, rows: [] });
  });

  it('takes a delta histogram for what jobs did, and not for jobs since the start', () => {
    const runs: MetricSpec = {
      name: 'messaging.process.duration',
      kind: 'histogram',
      temporality: 1,
      dataPoints: [{ timeNanos: nanos(T0), count: 4n }],
    };
    const { rows, jobs, ignored } = decode(withMetrics(runs));
    expect({ rows, ignored }).toEqual({ rows: [], ignored: 0 });
    expect(jobs).toMatchObject([{ dataPoints: 1, points: [{ figure: 'runs', isDelta: true, value: 4 }] }]);
  });

  it.each([
    ['latin', 'x'.repeat(1000), 'x'.repeat(256)],
    ['CJK', '\u6f22'.repeat(300), '\u6f22'.repeat(85)],
    ['short', 'import', 'import'],
  ])('cuts a name of a job at 256 bytes and between characters: %s', (_, name, kept) => {
    const attributes = { 'messaging.destination.name': name, 'bullmq.job.name': name };
    const dataPoints = [{ timeNanos: nanos(T0), asInt: 1n, attributes }];
    const { jobs } = decode(withMetrics({ name: 'bullmq.job.memory.net', kind: 'sum', temporality: 2, dataPoints }));
    expect(jobs[0]?.points[0]?.labels()).toEqual({ queue: kept, name: kept, known: 'estimated' });
  });

  it('counts jobs of exponential histograms too', () => {
    const dataPoints = [
      { timeNanos: nanos(T0), count: 4n, attributes: { 'messaging.system': 'bullmq' } },
      { timeNanos: nanos(T0), count: 5n, attributes: { 'messaging.system': 'kafka' } },
      { timeNanos: nanos(T0), count: 6n },
    ];
    const request = decode(
      withMetrics({ name: 'messaging.process.duration', kind: 'exponentialHistogram', dataPoints }),
    );
    expect(points(request)).toMatchObject([{ completedJobs: 10 }]);
  });

  it.each([
    [{ 'heroku.dyno.name': undefined }],
    [{ 'heroku.dyno.name': '' }],
    [{ 'heroku.dyno.id': undefined }],
    [{ 'heroku.dyno.id': '' }],
    [{ 'heroku.dyno.id': 'x'.repeat(257) }],
  ])('makes no Point of a resource with %j', (attributes) => {
    expect(decode(withAttributes(attributes))).toMatchObject({ noDyno: 1, rows: [] });
  });

  it.each<[Record<string, string | undefined>, Partial<Point> | { boot: Partial<Point['boot']> }]>([
    [{ 'heroku.app.name': undefined }, { boot: { app: null } }],
    [{ 'heroku.process.type': undefined }, { boot: { processType: 'worker' } }],
    [
      { 'heroku.process.type': undefined, 'heroku.dyno.name': 'mail-worker-23z34x56y-w78k9' },
      { boot: { processType: 'mail-worker' } },
    ],
    [{ 'heroku.process.type': undefined, 'heroku.dyno.name': 'odd' }, { boot: { processType: 'odd' } }],
    [{ 'tidemark.dyno.id.source': undefined }, { boot: { bootIdSource: 'derived' } }],
    [{ 'tidemark.dyno.id.source': 'derived' }, { boot: { bootIdSource: 'derived' } }],
    [{ 'tidemark.dyno.start_time': undefined }, { boot: { startTimeMs: null } }],
    [{ 'tidemark.dyno.start_time': 'soon' }, { boot: { startTimeMs: null } }],
    [{ 'tidemark.dyno.start_time': '2026' }, { boot: { startTimeMs: null } }],
    [{ 'tidemark.dyno.start_time': '2026-01-02T04:00:00+01:00' }, { boot: { startTimeMs: Date.UTC(2026, 0, 2, 3) } }],
    [{ 'service.version': undefined }, { boot: { release: null } }],
    [{ 'service.instance.id': undefined }, { processId: 'boot-1' }],
    [{ 'tidemark.process.role': 'sandbox' }, { processRole: 'sandbox' }],
    [
      {
        'tidemark.process.allocator': undefined,
        'tidemark.process.malloc_arena_max': undefined,
        'tidemark.process.heap_limit_source': 'default',
      },
      { tuning: { allocator: null, mallocArenaMax: null, heapLimitBytes: 4_345_298_944, isHeapLimitSet: false } },
    ],
    [{ 'tidemark.process.heap_limit': undefined }, { tuning: null }],
    [{ 'tidemark.process.heap_limit': 'much' }, { tuning: null }],
  ])('reads the identity of a resource with %j', (attributes, expected) => {
    expect(points(decode(withAttributes(attributes)))).toMatchObject([expected]);
  });

  it('goes by the resource, not by copies of its attributes on the data points', () => {
    const copied = metric('process.memory.usage', 1, { app: 'other', dyno: 'web.1', 'heroku.dyno.id': 'boot-9' });
    expect(points(decode(withMetrics(copied)))).toMatchObject([
      { boot: { app: 'shop', dyno: 'worker.1', bootId: 'boot-1' } },
    ]);
  });

  it('may be empty', () => {
    expect(decode([])).toMatchObject({ rows: [], ignored: 0, noDyno: 0, invalid: 0 });
  });
});
