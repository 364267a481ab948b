import { fromBase64, toBase64 } from '../../model/text/base64.ts';

/** Shared by all rings without a row: most boots are too young for a row in their wide ring. */
const NO_VALUES = new Float32Array(0);
/** With 4 columns, 64 bytes: V8 keeps up to that in its heap, and a larger array has 300 bytes of bookkeeping. */
const FIRST_ROWS = 4;

/**
 * The newest rows of numbers, in 32-bit floats: 7 digits, so bytes are good to a millionth and times of a week to 50
 * ms. `null` is kept as NaN. It grows with its rows up to its capacity: a fleet has many boots that are young.
 */
export class Ring {
  readonly #columns: number;
  readonly #capacity: number;
  #values: Float32Array = NO_VALUES;
  #pushed = 0;

  constructor(columns: number, capacity: number) {
    this.#columns = columns;
    this.#capacity = capacity;
  }

  /** Rows pushed so far, those that have been overwritten included. */
  get pushed(): number {
    return this.#pushed;
  }

  get length(): number {
    return Math.min(this.#pushed, this.#capacity);
  }

  /** What the rows take now, bytes. */
  get byteLength(): number {
    return this.#values.byteLength;
  }

  push(row: readonly (number | null)[]): void {
    const start = (this.#pushed % this.#capacity) * this.#columns;
    if (start === this.#values.length) this.#grow();
    for (let column = 0; column < this.#columns; column += 1) this.#values[start + column] = row[column] ?? Number.NaN;
    this.#pushed += 1;
  }

  #grow(): void {
    const rows = Math.min(this.#capacity, Math.max(FIRST_ROWS, 2 * this.length));
    const values = new Float32Array(rows * this.#columns);
    values.set(this.#values);
    this.#values = values;
  }

  /** Rows oldest first, each read by `read`, which gets a reader of its columns. */
  map<T>(read: (column: (index: number) => number | null) => T): readonly T[] {
    const rows: T[] = [];
    for (let row = this.#pushed - this.length; row < this.#pushed; row += 1) {
      const start = (row % this.#capacity) * this.#columns;
      rows.push(
        read((index) => {
          const value = this.#values[start + index] ?? Number.NaN;
          return Number.isNaN(value) ? null : value;
        }),
      );
    }
    return rows;
  }

  toJSON(): unknown {
    const { buffer, byteOffset } = this.#values;
    return { pushed: this.#pushed, values: toBase64(new Uint8Array(buffer, byteOffset, this.#bytesOf(this.length))) };
  }

  #bytesOf(rows: number): number {
    return rows * this.#columns * Float32Array.BYTES_PER_ELEMENT;
  }

  /**
   * Fills a new ring from what `toJSON` gave; false where that is damaged or of another size. Values are measured
   * amounts: none is negative. Earlier snapshots have a ring at its full capacity, whatever its rows.
   */
  restore(value: unknown): boolean {
    const { pushed, values } = (value ?? {}) as Record<string, unknown>;
    if (typeof pushed !== 'number' || !Number.isSafeInteger(pushed) || pushed < 0 || typeof values !== 'string')
      return false;
    const bytes = fromBase64(values);
    const ofRows = this.#bytesOf(Math.min(pushed, this.#capacity));
    if (bytes?.byteLength !== ofRows && bytes?.byteLength !== this.#bytesOf(this.#capacity)) return false;
    const floats = new Float32Array(Uint8Array.from(bytes.subarray(0, ofRows)).buffer);
    if (!floats.every((float) => Number.isNaN(float) || (float >= 0 && float <= Number.MAX_SAFE_INTEGER))) return false;
    this.#values = floats;
    this.#pushed = pushed;
    return true;
  }
}
