import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BadInputError } from '../../../src/model/errors.ts';
import { READ_METRICS } from '../../../src/sources/otlp/jobs/job-metrics.ts';
import { decodeJson } from '../../../src/sources/otlp/otlp-json.ts';
import { decodeProtobuf, ProtobufDecoder } from '../../../src/sources/otlp/otlp-protobuf.ts';
import { OWN_VOCABULARY } from '../../../src/sources/otlp/vocabulary.ts';
import type { DecodedRequest } from '../../../src/sources/points/request-fold.ts';
import {
  type DataPointSpec,
  encodeJson,
  encodeProtobuf,
  type MetricSpec,
  type ResourceSpec,
} from './senders/otlp-encoder.ts';
import { IDENTITY, rssAt, T0, WHOLE } from './senders/requests.ts';

/** Null: refused with a `BadInputError`. Any other error is a fault. */
function decoded(read: () => DecodedRequest): DecodedRequest | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof BadInputError) return null;
    throw error;
  }
}

const attributes = fc.dictionary(
  fc.constantFrom('tidemark.memory.state', 'messaging.system', 'messaging.destination.name', 'app', ''),
  fc.constantFrom('resident', 'swap', 'bullmq', 'kafka', 'mail', 'ü 漢'),
);

const dataPoint: fc.Arbitrary<DataPointSpec> = fc.record(
  {
    timeNanos: fc.oneof(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.bigInt({ min: 0n, max: 3n }).map((ms) => (BigInt(T0) + ms) * 1_000_000n),
    ),
    count: fc.bigInt({ min: 0n, max: 2n ** 53n }),
    flags: fc.constantFrom(0, 1, 2, 3, 2 ** 31),
    attributes,
  },
  { requiredKeys: ['timeNanos'] },
);

const value = fc.oneof(
  fc.record({ asInt: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) }),
  fc.record({ asInt: fc.bigInt({ min: -1n, max: 5n }) }),
  fc.record({ asDouble: fc.double() }),
  fc.constant({}),
);

const numberPoint = fc.tuple(dataPoint, value).map(([{ count: _, ...point }, number]) => ({ ...point, ...number }));

const metric: fc.Arbitrary<MetricSpec> = fc
  .tuple(
    fc.constantFrom(...READ_METRICS, 'other', ''),
    fc.constantFrom('gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary' as const),
    fc.constantFrom(0, 1, 2, 3),
  )
  .chain(([name, kind, temporality]) => {
    const point = kind === 'gauge' || kind === 'sum' ? numberPoint : dataPoint;
    return fc.array(point, { maxLength: 4 }).map((dataPoints) => ({ name, kind, temporality, dataPoints }));
  });

const resource: fc.Arbitrary<ResourceSpec> = fc.record({
  attributes: fc.oneof(
    fc.constant(IDENTITY),
    fc.dictionary(
      fc.constantFrom(...Object.keys(IDENTITY), 'host.name'),
      fc.string({ unit: 'grapheme', maxLength: 300 }),
    ),
  ),
  scopes: fc.array(fc.array(metric, { maxLength: 4 }), { maxLength: 2 }),
});

const request = fc.array(resource, { maxLength: 4 });

function dataPointsOf(resources: readonly ResourceSpec[]): number {
  return resources.flatMap(({ scopes }) => scopes.flat()).reduce((sum, { dataPoints }) => sum + dataPoints.length, 0);
}

describe('any request', () => {
  it('means the same in both encodings', () => {
    fc.assert(
      fc.property(request, (resources) => {
        const fromProtobuf = decodeProtobuf(encodeProtobuf(resources));
        expect({ ...fromProtobuf }).toEqual({ ...decodeJson(encodeJson(resources)) });
      }),
      { numRuns: 500 },
    );
  });

  it('means the same to a decoder that has read other requests before', () => {
    const decoder = new ProtobufDecoder(OWN_VOCABULARY);
    fc.assert(
      fc.property(request, (resources) => {
        const bytes = encodeProtobuf(resources);
        const labels = ({ jobs }: DecodedRequest) => jobs.map(({ points }) => points.map((point) => point.labels()));
        const [fresh, first, again] = [decodeProtobuf(bytes), decoder.decode(bytes), decoder.decode(bytes)];
        expect({ ...first, labels: labels(first) }).toEqual({ ...fresh, labels: labels(fresh) });
        expect({ ...again, labels: labels(again) }).toEqual({ ...fresh, labels: labels(fresh) });
      }),
      { numRuns: 500 },
    );
  });

  it('has each of its data points counted once', () => {
    fc.assert(
      fc.property(request, (resources) => {
        const { rows, jobs, ignored, noDyno, invalid, repeated } = decodeProtobuf(encodeProtobuf(resources));
        const used = [...rows, ...jobs].reduce((sum, { dataPoints }) => sum + dataPoints, 0);
        expect(used + ignored + noDyno + invalid + repeated).toBe(dataPointsOf(resources));
      }),
      { numRuns: 2000 },
    );
  });

  it('gives Points whose numbers can be relied on, in the order of time', () => {
    fc.assert(
      fc.property(request, (resources) => {
        for (const { point } of decodeProtobuf(encodeProtobuf(resources)).rows) {
          const { boot, processId, processRole, timeMs, tuning, ...measured } = point;
          expect(boot.dyno.length * boot.bootId.length * processId.length * boot.processType.length).toBeGreaterThan(0);
          expect(['main', 'sandbox']).toContain(processRole);
          expect(tuning === null || tuning.heapLimitBytes > 0).toBe(true);
          expect(Number.isSafeInteger(timeMs) && timeMs > 0).toBe(true);
          const numbers = Object.values(measured).filter((number) => number !== null);
          expect(numbers.length).toBeGreaterThan(0);
          expect(numbers.every((number) => number >= 0 && Number.isFinite(number))).toBe(true);
        }
      }),
    );
  });
});

describe('a damaged request', () => {
  it('is refused when it is cut, or is the request without its last resources', () => {
    const resources = [WHOLE, rssAt([T0], { 'service.instance.id': 'process-2' }), rssAt([T0, T0 + 1])];
    const whole = encodeProtobuf(resources);
    const prefixes = resources.map((_, index) => encodeProtobuf(resources.slice(0, index)));
    for (let length = 0; length < whole.length; length++) {
      const result = decoded(() => decodeProtobuf(whole.subarray(0, length)));
      const prefix = prefixes.find((bytes) => bytes.length === length);
      expect(result === null, `${length} bytes`).toBe(prefix === undefined);
      if (prefix !== undefined) expect({ ...result }).toEqual({ ...decodeProtobuf(prefix) });
    }
  });

  it('is refused when its JSON is cut', () => {
    const whole = encodeJson([WHOLE]);
    for (let length = 0; length < whole.length; length++) {
      expect(decoded(() => decodeJson(whole.slice(0, length)))).toBeNull();
    }
  });

  it('never breaks the reader: changed bytes', () => {
    const whole = encodeProtobuf([WHOLE, rssAt([T0])]);
    const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
        const bytes = Buffer.from(whole);
        for (const [at, byte] of changes) bytes[at] = byte;
        const result = decoded(() => decodeProtobuf(bytes));
        for (const { point } of result?.rows ?? []) expect(point.rssBytes ?? 0).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 3000 },
    );
  });

  it('never breaks the reader: random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        decoded(() => decodeProtobuf(bytes));
      }),
      { numRuns: 3000 },
    );
    for (let round = 0; round < 20; round++) decoded(() => decodeProtobuf(randomBytes(64 * 1024)));
  });

  it('never breaks the reader: any JSON', () => {
    const key = fc.constantFrom(
      'resourceMetrics',
      'resource',
      'attributes',
      'scopeMetrics',
      'metrics',
      'name',
      'sum',
      'dataPoints',
      'key',
      'value',
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ depthSize: 'medium' }, fc.jsonValue({ maxDepth: 1 }), tie('list'), tie('record')),
      list: fc.array(tie('tree'), { maxLength: 3 }),
      record: fc.dictionary(key, tie('tree'), { maxKeys: 4 }),
    }));
    fc.assert(
      fc.property(tree, (json) => {
        decoded(() => decodeJson(JSON.stringify(json)));
      }),
      { numRuns: 2000 },
    );
  });

  it('is read from its own bytes alone, when it is a part of a larger buffer', () => {
    const whole = encodeProtobuf([WHOLE]);
    const larger = Buffer.concat([Buffer.alloc(7, 0xff), whole, Buffer.alloc(7, 0xff)]);
    expect({ ...decodeProtobuf(larger.subarray(7, 7 + whole.length)) }).toEqual({ ...decodeProtobuf(whole) });
    expect(() => decodeProtobuf(larger.subarray(7, 6 + whole.length))).toThrow(BadInputError);
  });
});
