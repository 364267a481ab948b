/** A straight line by least squares. */
export interface Line {
  /** Per minute. */
  readonly slope: number;
  readonly r2: number;
  /** At the newest minute. */
  readonly now: number;
  readonly count: number;
  readonly spanMin: number;
}

/** The median of what was seen in each minute (or each few), oldest first; at most `capacity` of them. */
export class Minutes {
  readonly #everyMs: number;
  readonly #capacity: number;
  readonly times: number[] = [];
  readonly values: number[] = [];
  #open: number[] = [];
  #slot = -1;

  constructor({ everyMin, capacity }: { readonly everyMin: number; readonly capacity: number }) {
    this.#everyMs = everyMin * 60_000;
    this.#capacity = capacity;
  }

  /** Whether a minute has just ended. */
  add(timeMs: number, value: number): boolean {
    const slot = Math.floor(timeMs / this.#everyMs);
    const ended = this.#slot !== -1 && slot !== this.#slot;
    if (ended) {
      this.times.push((this.#slot * this.#everyMs) / 60_000);
      this.values.push(middle(this.#open));
      if (this.times.length > this.#capacity) {
        this.times.shift();
        this.values.shift();
      }
      this.#open = [];
    }
    this.#slot = slot;
    this.#open.push(value);
    return ended;
  }

  lineSince(fromMin: number): Line | null {
    const last = this.times.at(-1);
    if (last === undefined) return null;
    let first = this.times.length;
    let [n, sumX, sumY, sumXX, sumXY, sumYY] = [0, 0, 0, 0, 0, 0];
    while (first > 0 && (this.times[first - 1] ?? 0) >= fromMin) {
      first -= 1;
      const x = (this.times[first] ?? 0) - last;
      const y = this.values[first] ?? 0;
      n += 1;
      sumX += x;
      sumY += y;
      sumXX += x * x;
      sumXY += x * y;
      sumYY += y * y;
    }
    const spreadX = n * sumXX - sumX * sumX;
    const spreadY = n * sumYY - sumY * sumY;
    if (n < 3 || spreadX <= 0) return null;
    const together = n * sumXY - sumX * sumY;
    const slope = together / spreadX;
    return {
      slope,
      r2: spreadY <= 0 ? 0 : together ** 2 / (spreadX * spreadY),
      now: (sumY - slope * sumX) / n,
      count: n,
      spanMin: last - (this.times[first] ?? last),
    };
  }
}

export function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}
