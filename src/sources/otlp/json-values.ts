import { BadInputError } from '../../model/errors.ts';
import { SeriesId } from '../points/series-id.ts';

/** Values in OTLP's JSON. All throw `BadInputError` for what cannot be there. */

export type JsonObject = Readonly<Record<string, unknown>>;

const series = new SeriesId();

/** See `SeriesId`. */
export function seriesIdOf(dataPoint: JsonObject): number {
  series.reset();
  for (const { key, value } of list(dataPoint, 'attributes')) {
    const text = stringOf(value);
    const name = scalarText(key);
    const keyEnd = Buffer.byteLength(name);
    const bytes = Buffer.from(name + (text ?? scalarOf(value)));
    series.add(bytes, { keyStart: 0, keyEnd, valueStart: keyEnd, valueEnd: bytes.length, isText: text !== undefined });
  }
  return series.value();
}

/** `asInt` or `asDouble`; NaN where there is neither. */
export function numberValue({ asInt, asDouble }: JsonObject): number {
  if (asInt !== undefined && asInt !== null) return integer(asInt, 'asInt');
  if (asDouble === undefined || asDouble === null) return Number.NaN;
  if (typeof asDouble === 'number') return asDouble;
  if (asDouble === 'NaN' || asDouble === 'Infinity' || asDouble === '-Infinity') return Number(asDouble);
  const value = typeof asDouble === 'string' && asDouble.trim() !== '' ? Number(asDouble) : Number.NaN;
  if (Number.isNaN(value)) throw wrong('asDouble', 'a number');
  return value;
}

/** A 64-bit integer; beyond 2^53 the nearest that a double holds. */
export function integer(value: unknown, name: string): number {
  if (Number.isInteger(value)) return value as number;
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return Number(value);
  throw wrong(name, 'an integer, as number or string');
}

/**
 * Unix ns as Unix ms, rounded down: exact from a string. A number of this size has lost its last digits when it was
 * parsed, but not those above a microsecond.
 */
export function nanosAsMs(nanos: unknown): number {
  if (typeof nanos === 'string' && /^\d{1,20}$/.test(nanos)) return Number(nanos.slice(0, -6));
  if (typeof nanos === 'number' && Number.isInteger(nanos)) return Math.floor(Math.round(nanos / 1000) / 1000);
  throw wrong('timeUnixNano', 'an integer, as string or number');
}

/** What an AnyValue holds that is neither text nor nested: a sender may nest deeper than any stack. */
function scalarOf(anyValue: unknown): string {
  if (typeof anyValue !== 'object' || anyValue === null) return '';
  const { intValue, doubleValue, boolValue } = anyValue as JsonObject;
  return [intValue, doubleValue, boolValue].map(scalarText).join();
}

/** Empty for what is nested: `String` throws for an object whose `toString` is no function, and for a deep array. */
function scalarText(value: unknown): string {
  return typeof value === 'object' ? '' : String(value);
}

/** A number, also one written as text; NaN for anything else. `Number` throws for what `String` throws for. */
export function numberOf(value: unknown): number {
  return typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN;
}

/**
 * The string in an AnyValue; undefined where it holds something else. A lone surrogate, which JSON can write, becomes
 * U+FFFD as in protobuf: it fits into no URL, and many parsers refuse an answer that has one.
 */
export function stringOf(anyValue: unknown): string | undefined {
  if (typeof anyValue !== 'object' || anyValue === null) return undefined;
  const { stringValue } = anyValue as JsonObject;
  return typeof stringValue === 'string' ? stringValue.toWellFormed() : undefined;
}

/** A small whole number in an AnyValue, as text; undefined where it holds something else. */
export function intOf(anyValue: unknown): string | undefined {
  if (typeof anyValue !== 'object' || anyValue === null) return undefined;
  const text = scalarText((anyValue as JsonObject).intValue);
  return /^\d{1,10}$/.test(text) ? text : undefined;
}

/** The messages of a repeated field; absent and null are an empty one. */
export function list(parent: JsonObject, name: string): readonly JsonObject[] {
  const value = parent[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw wrong(name, 'an array');
  for (const element of value) object(element, `each of ${name}`);
  return value;
}

export function object(value: unknown, name: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(name, 'an object');
  return value as JsonObject;
}

function wrong(name: string, expected: string): BadInputError {
  return new BadInputError(`The body is no OTLP metrics request: ${name} must be ${expected}.`);
}
