import type { AttributeBytes } from '../../points/series-id.ts';
import { ANY_VALUE_STRING, KEY_VALUE_KEY, KEY_VALUE_VALUE } from './otlp-tags.ts';
import type { WireReader } from './wire-reader.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Reads a KeyValue: where its key and its value lie. A value that is no text is the range of the whole AnyValue. */
export function readKeyValue(wire: WireReader, end: number): AttributeBytes {
  const range = { keyStart: 0, keyEnd: 0, valueStart: 0, valueEnd: 0, isText: false };
  while (wire.position < end) {
    const tag = wire.tag();
    if (tag === KEY_VALUE_KEY) {
      range.keyEnd = wire.rangeEnd();
      range.keyStart = wire.position;
      wire.position = range.keyEnd;
    } else if (tag === KEY_VALUE_VALUE) readValue(wire, wire.rangeEnd(), range);
    else wire.skip(tag);
  }
  wire.expectEnd(end);
  return range;
}

function readValue(wire: WireReader, end: number, range: Mutable<AttributeBytes>): void {
  range.valueStart = wire.position;
  range.valueEnd = end;
  range.isText = false;
  while (wire.position < end) {
    const tag = wire.tag();
    if (tag !== ANY_VALUE_STRING) wire.skip(tag);
    else {
      range.valueEnd = wire.rangeEnd();
      range.valueStart = wire.position;
      range.isText = true;
      wire.position = range.valueEnd;
    }
  }
  wire.expectEnd(end);
}
