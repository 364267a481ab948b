/**
 * A number that stands for the attributes of one data point, so that a data point that comes twice is added to a sum
 * once. The same for any order of the attributes and for both encodings. 53 bits: among 10,000 series the chance that
 * two share one is below 1 in 100 million.
 *
 * Values that are no strings (which no metric of ours has) are taken as their sender encoded them, so they match within
 * an encoding only.
 */
export class SeriesId {
  #high = 0;
  #low = 0;

  reset(): void {
    this.#high = 0;
    this.#low = 0;
  }

  /** Adds an attribute: its key and its value as UTF-8, each a range of bytes. `isText`: the value is a string. */
  add(bytes: Uint8Array, range: AttributeBytes): void {
    let high = range.isText ? 0x2545f491 : 0x1b873593;
    let low = 0x41c6ce57;
    for (let at = range.keyStart; at < range.keyEnd; at++) {
      high = Math.imul(high ^ (bytes[at] as number), 0x9e3779b1);
      low = Math.imul(low ^ (bytes[at] as number), 0x5f356495);
    }
    // Between key and value, so that moving a byte from one to the other makes another attribute.
    high = Math.imul(high ^ 0x1ff, 0x9e3779b1);
    low = Math.imul(low ^ 0x1ff, 0x5f356495);
    for (let at = range.valueStart; at < range.valueEnd; at++) {
      high = Math.imul(high ^ (bytes[at] as number), 0x9e3779b1);
      low = Math.imul(low ^ (bytes[at] as number), 0x5f356495);
    }
    // A sum, so that the order of the attributes does not matter.
    this.#high = (this.#high + mixed(high ^ (low >>> 15))) | 0;
    this.#low = (this.#low + mixed(low ^ (high >>> 13))) | 0;
  }

  value(): number {
    return (this.#high >>> 0) * 0x20_0000 + (this.#low >>> 11);
  }
}

/** Where the parts of one attribute lie in the bytes. */
export interface AttributeBytes {
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly valueStart: number;
  readonly valueEnd: number;
  readonly isText: boolean;
}

/** The last step of MurmurHash3: each bit of the result depends on each bit of the input. */
function mixed(hash: number): number {
  let value = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return value ^ (value >>> 16);
}
