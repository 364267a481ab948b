/** Samples. Most boots of a flood, or of a crash loop, never have more. */
const FIRST_CAPACITY = 8;

/** A ring of `[time, usage]` for charts. The detector keeps its own, smaller record. */
export class SeriesRing {
  readonly #capacity: number;
  readonly #spacingMs: number;
  #timesMs = new Float64Array(FIRST_CAPACITY);
  #usageBytes = new Float64Array(FIRST_CAPACITY);
  #count = 0;

  /** Keeps the newest `capacity` samples that are at least `spacingMs` apart. */
  constructor(capacity: number, spacingMs: number) {
    this.#capacity = capacity;
    this.#spacingMs = spacingMs;
  }

  add(timeMs: number, usageBytes: number): void {
    const capacity = this.#capacity;
    const last = this.#count === 0 ? Number.NEGATIVE_INFINITY : (this.#timesMs[(this.#count - 1) % capacity] ?? 0);
    if (timeMs - last < this.#spacingMs) return;
    if (this.#count === this.#timesMs.length && this.#count < capacity) this.#grow();
    this.#timesMs[this.#count % capacity] = timeMs;
    this.#usageBytes[this.#count % capacity] = usageBytes;
    this.#count += 1;
  }

  /** Oldest first. */
  entries(): readonly (readonly [timeMs: number, usageBytes: number])[] {
    const capacity = this.#capacity;
    const first = Math.max(0, this.#count - capacity);
    return Array.from({ length: this.#count - first }, (_, offset) => {
      const slot = (first + offset) % capacity;
      return [this.#timesMs[slot] ?? 0, this.#usageBytes[slot] ?? 0] as const;
    });
  }

  #grow(): void {
    this.#timesMs = twiceAsLong(this.#timesMs);
    this.#usageBytes = twiceAsLong(this.#usageBytes);
  }
}

function twiceAsLong(array: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const longer = new Float64Array(2 * array.length);
  longer.set(array);
  return longer;
}
