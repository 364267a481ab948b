import { fromBase64, toBase64 } from '../../model/text/base64.ts';

/**
 * The newest rows of numbers, in 32-bit floats: 7 digits, so bytes are good to a millionth and times of a week to 50
 * ms. `null` is kept as NaN.
 */
export class Ring {
  readonly #columns: number;
  readonly #capacity: number;
  readonly #values: Float32Array;
  #pushed = 0;

  constructor(columns: number, capacity: number) {
    this.#columns = columns;
    this.#capacity = capacity;
    this.#values = new Float32Array(columns * capacity);
  }

  /** Rows pushed so far, those that have been overwritten included. */
  get pushed(): number {
    return this.#pushed;
  }

  get length(): number {
    return Math.min(this.#pushed, this.#capacity);
  }

  push(row: readonly (number | null)[]): void {
    const start = (this.#pushed % this.#capacity) * this.#columns;
    for (let column = 0; column < this.#columns; column += 1) this.#values[start + column] = row[column] ?? Number.NaN;
    this.#pushed += 1;
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
    const { buffer, byteOffset, byteLength } = this.#values;
    return { pushed: this.#pushed, values: toBase64(new Uint8Array(buffer, byteOffset, byteLength)) };
  }

  /**
   * Fills a new ring from what `toJSON` gave; false where that is damaged or of another size. Values are measured
   * amounts: none is negative.
   */
  restore(value: unknown): boolean {
    const { pushed, values } = (value ?? {}) as Record<string, unknown>;
    if (typeof pushed !== 'number' || !Number.isSafeInteger(pushed) || pushed < 0 || typeof values !== 'string')
      return false;
    const bytes = fromBase64(values);
    if (bytes?.byteLength !== this.#values.byteLength) return false;
    const floats = new Float32Array(Uint8Array.from(bytes).buffer);
    if (!floats.every((float) => Number.isNaN(float) || (float >= 0 && float <= Number.MAX_SAFE_INTEGER))) return false;
    this.#values.set(floats);
    this.#pushed = pushed;
    return true;
  }
}
