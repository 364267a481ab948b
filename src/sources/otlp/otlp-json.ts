import { BadInputError } from '../../model/errors.ts';
import { IDENTITY_ATTRIBUTES, MAX_IDENTITY_BYTES } from '../points/process-identity.ts';
import { type DecodedRequest, RequestFold } from '../points/request-fold.ts';
import { SeriesId } from '../points/series-id.ts';
import { FLAG_NO_RECORDED_VALUE, isUsableTemporality, WANTED_METRICS, type WantedMetric } from './wanted-metrics.ts';

type JsonObject = Readonly<Record<string, unknown>>;

const METRICS = new Map(WANTED_METRICS.map((metric) => [metric.name, metric]));
const IDENTITY = new Map(IDENTITY_ATTRIBUTES.map((name, place) => [name, place]));

/** Where a Metric holds its data, by the kind of number in it; `null`: never used, but counted. */
const DATA_KINDS: readonly (readonly [name: string, kind: WantedMetric['kind'] | null])[] = [
  ['gauge', 'value'],
  ['sum', 'value'],
  ['histogram', 'count'],
  ['exponentialHistogram', 'count'],
  ['summary', null],
];

/**
 * Reads an `ExportMetricsServiceRequest` in OTLP's JSON encoding: lowerCamelCase names, enums as integers, 64-bit
 * integers as string or number; unknown fields are passed over. Throws `BadInputError` where the text is no such
 * message.
 */
export function decodeJson(text: string): DecodedRequest {
  const fold = new RequestFold();
  for (const resourceMetrics of list(object(parse(text), 'the request'), 'resourceMetrics')) {
    fold.begin(identity(object(resourceMetrics.resource ?? {}, 'resource')));
    for (const scopeMetrics of list(resourceMetrics, 'scopeMetrics')) {
      for (const metric of list(scopeMetrics, 'metrics')) readMetric(metric, fold);
    }
    fold.end();
  }
  return fold;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BadInputError(`The body is not JSON: ${(cause as Error).message}.`, { cause });
  }
}

function identity(resource: JsonObject): (string | undefined)[] {
  const values: (string | undefined)[] = [];
  for (const { key, value } of list(resource, 'attributes')) {
    const place = IDENTITY.get(key as string);
    const text = stringOf(value);
    if (place !== undefined && text !== undefined && Buffer.byteLength(text) <= MAX_IDENTITY_BYTES)
      values[place] = text;
  }
  return values;
}

function readMetric(metric: JsonObject, fold: RequestFold): void {
  const wanted = METRICS.get(metric.name as string);
  for (const [name, kind] of DATA_KINDS) {
    const data = metric[name];
    if (data === undefined || data === null) continue;
    const dataPoints = list(object(data, name), 'dataPoints');
    const temporality = integer((data as JsonObject).aggregationTemporality ?? 0, 'aggregationTemporality');
    if (wanted === undefined || wanted.kind !== kind || !isUsableTemporality(kind, temporality)) {
      fold.ignored += dataPoints.length;
    } else if (fold.isFull) {
      fold.leaveOut(dataPoints.length);
    } else {
      for (const dataPoint of dataPoints) addDataPoint(wanted, dataPoint, fold);
    }
  }
}

function addDataPoint(metric: WantedMetric, dataPoint: JsonObject, fold: RequestFold): void {
  const flags = integer(dataPoint.flags ?? 0, 'flags');
  const timeMs = nanosAsMs(dataPoint.timeUnixNano ?? 0);
  const value = metric.kind === 'value' ? numberValue(dataPoint) : integer(dataPoint.count ?? 0, 'count');
  const field = (flags & FLAG_NO_RECORDED_VALUE) === 0 ? select(metric, dataPoint) : -1;
  const seriesId = metric.sums && field >= 0 ? seriesIdOf(dataPoint) : 0;
  fold.add({ field, sums: metric.sums, timeMs, value, seriesId });
}

const series = new SeriesId();

/** See `SeriesId`. */
function seriesIdOf(dataPoint: JsonObject): number {
  series.reset();
  for (const { key, value } of list(dataPoint, 'attributes')) {
    const text = stringOf(value);
    const keyEnd = Buffer.byteLength(String(key));
    const bytes = Buffer.from(String(key) + (text ?? scalarOf(value)));
    series.add(bytes, { keyStart: 0, keyEnd, valueStart: keyEnd, valueEnd: bytes.length, isText: text !== undefined });
  }
  return series.value();
}

function select({ selector, field }: WantedMetric, dataPoint: JsonObject): number {
  if (selector === null) return field;
  let selected = selector.withoutIt;
  for (const { key, value } of list(dataPoint, 'attributes')) {
    if (key === selector.attribute) selected = selector.fields.get(stringOf(value) ?? '') ?? -1;
  }
  return selected;
}

/** `asInt` or `asDouble`; NaN where there is neither. */
function numberValue({ asInt, asDouble }: JsonObject): number {
  if (asInt !== undefined && asInt !== null) return integer(asInt, 'asInt');
  if (asDouble === undefined || asDouble === null) return Number.NaN;
  if (typeof asDouble === 'number') return asDouble;
  if (asDouble === 'NaN' || asDouble === 'Infinity' || asDouble === '-Infinity') return Number(asDouble);
  const value = typeof asDouble === 'string' && asDouble.trim() !== '' ? Number(asDouble) : Number.NaN;
  if (Number.isNaN(value)) throw wrong('asDouble', 'a number');
  return value;
}

/** A 64-bit integer; beyond 2^53 the nearest that a double holds. */
function integer(value: unknown, name: string): number {
  if (Number.isInteger(value)) return value as number;
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return Number(value);
  throw wrong(name, 'an integer, as number or string');
}

/**
 * Unix ns as Unix ms, rounded down: exact from a string. A number of this size has lost its last digits when it was
 * parsed, but not those above a microsecond.
 */
function nanosAsMs(nanos: unknown): number {
  if (typeof nanos === 'string' && /^\d{1,20}$/.test(nanos)) return Number(nanos.slice(0, -6));
  if (typeof nanos === 'number' && Number.isInteger(nanos)) return Math.floor(Math.round(nanos / 1000) / 1000);
  throw wrong('timeUnixNano', 'an integer, as string or number');
}

/** What an AnyValue holds that is neither text nor nested: a sender may nest deeper than any stack. */
function scalarOf(anyValue: unknown): string {
  if (typeof anyValue !== 'object' || anyValue === null) return '';
  const { intValue, doubleValue, boolValue } = anyValue as JsonObject;
  return [intValue, doubleValue, boolValue].map((value) => (typeof value === 'object' ? '' : String(value))).join();
}

/** The string in an AnyValue; undefined where it holds something else. */
function stringOf(anyValue: unknown): string | undefined {
  if (typeof anyValue !== 'object' || anyValue === null) return undefined;
  const { stringValue } = anyValue as JsonObject;
  return typeof stringValue === 'string' ? stringValue : undefined;
}

/** The messages of a repeated field; absent and null are an empty one. */
function list(parent: JsonObject, name: string): readonly JsonObject[] {
  const value = parent[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw wrong(name, 'an array');
  for (const element of value) object(element, `each of ${name}`);
  return value;
}

function object(value: unknown, name: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(name, 'an object');
  return value as JsonObject;
}

function wrong(name: string, expected: string): BadInputError {
  return new BadInputError(`The body is no OTLP metrics request: ${name} must be ${expected}.`);
}
