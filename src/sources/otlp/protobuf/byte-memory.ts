/** A page of remembered bytes; longer ranges are not remembered. */
const PAGE_BYTES = 64 * 1024;
const MAX_RANGE_BYTES = 4 * 1024;
interface Entry<T> {
  readonly page: DataView;
  readonly start: number;
  readonly length: number;
  readonly value: T;
}

/**
 * What was made of ranges of bytes, found again by the bytes. A process sends the same attributes with every export, so
 * most of them are compared instead of read.
 *
 * Of bounded size: when the newer half is full it becomes the older one, and the older one is forgotten. Two ranges
 * with the same hash displace each other, so no choice of bytes makes a search longer. The bytes are always compared:
 * one sender cannot pass for another by a hash.
 */
export class ByteMemory<T> {
  readonly #maxHalfBytes: number;
  readonly #bytesPerEntry: number;
  #newer = new Map<number, Entry<T>>();
  #older = new Map<number, Entry<T>>();
  #newerBytes = 0;
  #page = new DataView(new ArrayBuffer(0));
  #pageEnd = 0;
  /** Of the range that `find` looked for last. */
  #hash = 0;

  /**
   * @param maxBytes for all that is remembered
   * @param bytesPerEntry what an entry takes besides its bytes: its place in a map, and what was made of the bytes
   */
  constructor(maxBytes: number, bytesPerEntry: number) {
    this.#maxHalfBytes = maxBytes / 2;
    this.#bytesPerEntry = bytesPerEntry;
  }

  /** What was remembered of these bytes; undefined where nothing was. */
  find(bytes: DataView, start: number, end: number): T | undefined {
    this.#hash = hashOf(bytes, start, end);
    const newer = this.#newer.get(this.#hash);
    if (newer !== undefined && isSame(newer, bytes, start, end)) return newer.value;
    const older = this.#older.get(this.#hash);
    if (older === undefined || !isSame(older, bytes, start, end)) return undefined;
    this.remember(bytes, start, end, older.value);
    return older.value;
  }

  /** Remembers what was made of the bytes that `find` has just missed. */
  remember(bytes: DataView, start: number, end: number, value: T): void {
    const length = end - start;
    if (length > MAX_RANGE_BYTES) return;
    if (this.#newerBytes + length + this.#bytesPerEntry > this.#maxHalfBytes) {
      this.#older = this.#newer;
      this.#newer = new Map();
      this.#newerBytes = 0;
      // So that the older half's pages go with it.
      this.#pageEnd = this.#page.byteLength;
    }
    if (this.#pageEnd + length > this.#page.byteLength) {
      this.#page = new DataView(new ArrayBuffer(PAGE_BYTES));
      this.#pageEnd = 0;
    }
    const kept = new Uint8Array(this.#page.buffer, this.#pageEnd, length);
    kept.set(new Uint8Array(bytes.buffer, bytes.byteOffset + start, length));
    this.#newer.set(this.#hash, { page: this.#page, start: this.#pageEnd, length, value });
    this.#pageEnd += length;
    this.#newerBytes += length + this.#bytesPerEntry;
  }
}

/** Four bytes at a time. */
function hashOf(bytes: DataView, start: number, end: number): number {
  let hash = end - start;
  let at = start;
  for (; at + 4 <= end; at += 4) hash = Math.imul(((hash << 5) | (hash >>> 27)) ^ bytes.getInt32(at, true), 0x9e3779b1);
  for (; at < end; at++) hash = Math.imul(((hash << 5) | (hash >>> 27)) ^ bytes.getUint8(at), 0x9e3779b1);
  return hash;
}

function isSame<T>({ page, start: from, length }: Entry<T>, bytes: DataView, start: number, end: number): boolean {
  if (end - start !== length) return false;
  const shift = from - start;
  let at = start;
  for (; at + 4 <= end; at += 4) if (bytes.getInt32(at, true) !== page.getInt32(at + shift, true)) return false;
  for (; at < end; at++) if (bytes.getUint8(at) !== page.getUint8(at + shift)) return false;
  return true;
}
