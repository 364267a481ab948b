import { deflateRawSync } from 'node:zlib';

/*
 * OTLP requests for tests, in both encodings, from one description. It shares nothing with the readers: field numbers
 * are written down a second time, from opentelemetry/proto/metrics/v1/metrics.proto.
 */

export interface DataPointSpec {
  readonly timeNanos: bigint;
  readonly asInt?: bigint;
  readonly asDouble?: number;
  /** Of a histogram. */
  readonly count?: bigint;
  readonly flags?: number;
  readonly attributes?: Readonly<Record<string, string>>;
}

export interface MetricSpec {
  readonly name: string;
  readonly kind: 'gauge' | 'sum' | 'histogram' | 'exponentialHistogram' | 'summary';
  /** 0 unset, 1 delta, 2 cumulative. */
  readonly temporality?: number;
  readonly dataPoints: readonly DataPointSpec[];
}

export interface ResourceSpec {
  /** A number is encoded as an integer. */
  readonly attributes: Readonly<Record<string, string | number>>;
  /** One scope for each list. */
  readonly scopes: readonly (readonly MetricSpec[])[];
}

function varint(value: bigint): Buffer<ArrayBuffer> {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

export function lengthField(number: number, content: Uint8Array | string): Buffer<ArrayBuffer> {
  const bytes = Buffer.from(content as string);
  return Buffer.concat([varint(BigInt((number << 3) | 2)), varint(BigInt(bytes.length)), bytes]);
}

export function varintField(number: number, value: bigint): Buffer<ArrayBuffer> {
  return Buffer.concat([varint(BigInt(number << 3)), varint(BigInt(value))]);
}

export function fixed64Field(number: number, value: bigint): Buffer<ArrayBuffer> {
  const bytes = Buffer.alloc(9);
  bytes[0] = (number << 3) | 1;
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value), 1);
  return bytes;
}

export function doubleField(number: number, value: number): Buffer<ArrayBuffer> {
  const bytes = Buffer.alloc(9);
  bytes[0] = (number << 3) | 1;
  bytes.writeDoubleLE(value, 1);
  return bytes;
}

const DATA_FIELD = { gauge: 5, sum: 7, histogram: 9, exponentialHistogram: 10, summary: 11 };
const POINT_ATTRIBUTES_FIELD = { gauge: 7, sum: 7, histogram: 9, exponentialHistogram: 1, summary: 7 };
const POINT_FLAGS_FIELD = { gauge: 8, sum: 8, histogram: 10, exponentialHistogram: 10, summary: 8 };

/** @param on `scope`: each scope carries the attributes, as for Kafka */
export function encodeProtobuf(
  resources: readonly ResourceSpec[],
  on: 'resource' | 'scope' = 'resource',
): Buffer<ArrayBuffer> {
  return Buffer.concat(
    resources.map(({ attributes, scopes }) => {
      const resource = lengthField(1, protobufAttributes(1, on === 'resource' ? attributes : {}));
      const onScope = protobufAttributes(3, on === 'scope' ? attributes : {});
      const scope = lengthField(1, Buffer.concat([lengthField(1, 'scope'), onScope]));
      const scopeMetrics = scopes.map((metrics) =>
        lengthField(2, Buffer.concat([scope, ...metrics.map(protobufMetric)])),
      );
      return lengthField(1, Buffer.concat([resource, ...scopeMetrics]));
    }),
  );
}

function protobufMetric({ name, kind, temporality = 2, dataPoints }: MetricSpec): Buffer<ArrayBuffer> {
  const points = dataPoints.map((point) => lengthField(1, protobufPoint(kind, point)));
  const hasTemporality = kind !== 'gauge' && kind !== 'summary';
  const data = Buffer.concat([...points, ...(hasTemporality ? [varintField(2, BigInt(temporality))] : [])]);
  return lengthField(
    2,
    Buffer.concat([lengthField(1, name), lengthField(3, 'By'), lengthField(DATA_FIELD[kind], data)]),
  );
}

function protobufPoint(kind: MetricSpec['kind'], point: DataPointSpec): Buffer<ArrayBuffer> {
  const parts = [fixed64Field(2, 1n), fixed64Field(3, point.timeNanos)];
  if (point.asInt !== undefined) parts.push(fixed64Field(6, point.asInt));
  if (point.asDouble !== undefined) parts.push(doubleField(4, point.asDouble));
  if (point.count !== undefined) parts.push(fixed64Field(4, point.count));
  parts.push(protobufAttributes(POINT_ATTRIBUTES_FIELD[kind], point.attributes ?? {}));
  if (point.flags !== undefined) parts.push(varintField(POINT_FLAGS_FIELD[kind], BigInt(point.flags)));
  return Buffer.concat(parts);
}

function protobufAttributes(
  number: number,
  attributes: Readonly<Record<string, string | number>>,
): Buffer<ArrayBuffer> {
  const anyValueOf = (value: string | number) =>
    typeof value === 'string' ? lengthField(1, value) : Buffer.concat([Buffer.of(0x18), varint(BigInt(value))]);
  const pairs = Object.entries(attributes).map(([key, value]) =>
    lengthField(number, Buffer.concat([lengthField(1, key), lengthField(2, anyValueOf(value))])),
  );
  return Buffer.concat(pairs);
}

export function encodeJson(resources: readonly ResourceSpec[]): string {
  return JSON.stringify({
    resourceMetrics: resources.map(({ attributes, scopes }) => ({
      resource: { attributes: jsonAttributes(attributes) },
      scopeMetrics: scopes.map((metrics) => ({ scope: { name: 'scope' }, metrics: metrics.map(jsonMetric) })),
    })),
  });
}

function jsonMetric({ name, kind, temporality = 2, dataPoints }: MetricSpec): object {
  const hasTemporality = kind !== 'gauge' && kind !== 'summary';
  const data = {
    dataPoints: dataPoints.map(({ timeNanos, asInt, asDouble, count, flags, attributes = {} }) => ({
      startTimeUnixNano: '1',
      timeUnixNano: String(timeNanos),
      asInt: asInt === undefined ? undefined : String(asInt),
      asDouble: asDouble === undefined || Number.isFinite(asDouble) ? asDouble : String(asDouble),
      count: count === undefined ? undefined : String(count),
      flags,
      attributes: jsonAttributes(attributes),
    })),
    ...(hasTemporality ? { aggregationTemporality: temporality } : {}),
  };
  return { name, unit: 'By', [kind]: data };
}

function jsonAttributes(attributes: Readonly<Record<string, string | number>>): object[] {
  const anyValueOf = (value: string | number) =>
    typeof value === 'string' ? { stringValue: value } : { intValue: String(value) };
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValueOf(value) }));
}

/** A gzip whose trailer says what one likes about the length, as a hostile sender would write it. */
export function gzipWithTrailer(content: Buffer, trailer: Buffer): Buffer<ArrayBuffer> {
  return Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]), deflateRawSync(content), trailer]);
}
