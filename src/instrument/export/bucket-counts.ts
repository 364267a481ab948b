/**
 * A histogram with fixed buckets. Bucket `i` counts values greater than boundary `i - 1` and at most boundary `i`, like
 * OpenTelemetry's.
 */
export class BucketCounts {
  readonly boundaries: readonly number[];
  readonly #counts: number[];
  #count = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  /** @param boundaries ascending */
  constructor(boundaries: readonly number[]) {
    this.boundaries = boundaries;
    this.#counts = new Array<number>(boundaries.length + 1).fill(0);
  }

  record(value: number): void {
    let bucket = 0;
    while (bucket < this.boundaries.length && value > (this.boundaries[bucket] ?? 0)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count += 1;
    this.#sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  get count(): number {
    return this.#count;
  }

  /** A copy, in the form that OpenTelemetry's exporters take. */
  value() {
    return {
      buckets: { boundaries: [...this.boundaries], counts: [...this.#counts] },
      count: this.#count,
      sum: this.#sum,
      min: this.#min,
      max: this.#max,
    };
  }
}
