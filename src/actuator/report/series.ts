/** A ring of `[time, usage]` for charts. The detector keeps its own, smaller record. */
export class SeriesRing {
  readonly #timesMs: Float64Array;
  readonly #usageBytes: Float64Array;
  readonly #spacingMs: number;
  #count = 0;

  /** Keeps the newest `capacity` samples that are at least `spacingMs` apart. */
  constructor(capacity: number, spacingMs: number) {
    this.#timesMs = new Float64Array(capacity);
    this.#usageBytes = new Float64Array(capacity);
    this.#spacingMs = spacingMs;
  }

  add(timeMs: number, usageBytes: number): void {
    const capacity = this.#timesMs.length;
    const last = this.#count === 0 ? Number.NEGATIVE_INFINITY : (this.#timesMs[(this.#count - 1) % capacity] ?? 0);
    if (timeMs - last < this.#spacingMs) return;
    this.#timesMs[this.#count % capacity] = timeMs;
    this.#usageBytes[this.#count % capacity] = usageBytes;
    this.#count += 1;
  }

  /** Oldest first. */
  entries(): readonly (readonly [timeMs: number, usageBytes: number])[] {
    const capacity = this.#timesMs.length;
    const first = Math.max(0, this.#count - capacity);
    return Array.from({ length: this.#count - first }, (_, offset) => {
      const slot = (first + offset) % capacity;
      return [this.#timesMs[slot] ?? 0, this.#usageBytes[slot] ?? 0] as const;
    });
  }
}
