import { BadInputError } from '../../../model/errors.ts';
import { MAX_PROTOBUF_FIELDS, OverLimitError } from '../../limits.ts';

/** Wire types of the Protocol Buffers encoding: https://protobuf.dev/programming-guides/encoding/#structure */
const VARINT = 0;
const FIXED_64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

const TWO_TO_32 = 0x1_0000_0000;
const MAX_VARINT_BYTES = 10;

/**
 * A cursor over one protobuf message. Nothing is allocated per field: nested messages are ranges of the same bytes,
 * 64-bit numbers are read as two halves. Every read is checked against the end of the bytes; a fault is a
 * `BadInputError` with the offset.
 */
export class WireReader {
  readonly bytes: Buffer;
  /** Of the same bytes. */
  readonly view: DataView;
  /** Offset of the next byte. */
  position = 0;
  #fieldsLeft = MAX_PROTOBUF_FIELDS;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** An unsigned varint of at most 32 bits: a length, an enum, flags. */
  varint32(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      const byte = this.#byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    const last = this.#byte();
    if (last > 0x0f) throw this.fault('a number is longer than 32 bits');
    return (value | (last << 28)) >>> 0;
  }

  /** Field number and wire type, as `number << 3 | type`. */
  tag(): number {
    this.spend(1);
    const tag = this.varint32();
    if (tag < 8) throw this.fault('a field has the number 0');
    return tag;
  }

  /** Counts work as `fields` fields. Throws `OverLimitError` where the message has used up its own. */
  spend(fields: number): void {
    this.#fieldsLeft -= fields;
    if (this.#fieldsLeft < 0)
      throw new OverLimitError('The protobuf has too many fields for one request; send smaller batches.');
  }

  /** Reads a length and returns the offset where what follows ends; `position` is then where it begins. */
  rangeEnd(): number {
    const length = this.varint32();
    const end = this.position + length;
    if (end > this.bytes.length) throw this.#cut();
    return end;
  }

  double(): number {
    return this.view.getFloat64(this.#advance(8), true);
  }

  /** A signed 64-bit number; beyond 2^53 the nearest that a double holds. */
  signedFixed64(): number {
    const at = this.#advance(8);
    return this.view.getInt32(at + 4, true) * TWO_TO_32 + this.view.getUint32(at, true);
  }

  /** Unix ns as Unix ms, rounded down and exact: 2^32 ns are 4294 ms and 967,296 ns. */
  fixed64NanosAsMs(): number {
    const at = this.#advance(8);
    const high = this.view.getUint32(at + 4, true);
    return high * 4294 + Math.floor((high * 967_296 + this.view.getUint32(at, true)) / 1_000_000);
  }

  text(start: number, end: number): string {
    return this.bytes.toString('utf8', start, end);
  }

  /** Passes over the value of a field that is not used. */
  skip(tag: number): void {
    switch (tag & 7) {
      case VARINT:
        this.#skipVarint();
        return;
      case FIXED_64:
        this.#advance(8);
        return;
      case LENGTH_DELIMITED:
        this.position = this.rangeEnd();
        return;
      case FIXED_32:
        this.#advance(4);
        return;
      default:
        throw this.fault(`wire type ${tag & 7} is not in use`);
    }
  }

  /** A message must end where its length says. */
  expectEnd(end: number): void {
    if (this.position !== end) throw this.fault('a field runs over the end of its message');
  }

  fault(what: string): BadInputError {
    return new BadInputError(`The protobuf message cannot be read at byte ${this.position}: ${what}.`);
  }

  #byte(): number {
    const byte = this.bytes[this.position];
    if (byte === undefined) throw this.#cut();
    this.position++;
    return byte;
  }

  /** The offset before `count` bytes that are certainly there. */
  #advance(count: number): number {
    const at = this.position;
    if (at + count > this.bytes.length) throw this.#cut();
    this.position = at + count;
    return at;
  }

  #skipVarint(): void {
    for (let count = 0; count < MAX_VARINT_BYTES; count++) {
      if (this.#byte() < 0x80) return;
    }
    throw this.fault('a number is longer than 64 bits');
  }

  #cut(): BadInputError {
    return this.fault('it ends in the middle of a field');
  }
}
