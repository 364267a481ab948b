import type { JobOutcome } from './job-outcome.ts';

/** In the place of a reading. */
export const UNREAD = -1;
/** In the place of a reading: it is so near to the last one that it counts as made at it. */
export const AT_LAST_READING = -2;

/**
 * Starts and ends of jobs, in the order in which they came, until they are worked out in a row. Between two jobs other code has been at work, and
 * what is done for a single one finds the processor's caches cold: working it out takes several times as long as in a row. To keep one costs no
 * allocation, and so the last runs are held on to until others take their place.
 */
export class BoundaryLog<Run> {
  readonly #runs = new Array<Run | null>(CAPACITY).fill(null);
  readonly #outcomes = new Array<JobOutcome | null>(CAPACITY).fill(null);
  readonly #rssBytes = new Float64Array(CAPACITY);
  readonly #atMs = new Float64Array(CAPACITY);
  #count = 0;

  /**
   * Tells whether it is full now: it must be drained before the next one.
   *
   * @param outcome null at a start
   * @param rssBytes RSS, or `UNREAD`, or `AT_LAST_READING`
   * @param atMs monotonic
   */
  add(run: Run, outcome: JobOutcome | null, rssBytes: number, atMs: number): boolean {
    const at = this.#count;
    this.#runs[at] = run;
    this.#outcomes[at] = outcome;
    this.#rssBytes[at] = rssBytes;
    this.#atMs[at] = atMs;
    this.#count = at + 1;
    return this.#count === CAPACITY;
  }

  /** Hands all out, oldest first. `take` must not throw, nor add any. */
  drain(take: (run: Run, outcome: JobOutcome | null, rssBytes: number, atMs: number) => void): void {
    for (let at = 0; at < this.#count; at += 1) {
      take(this.#runs[at] as Run, this.#outcomes[at] ?? null, this.#rssBytes[at] ?? UNREAD, this.#atMs[at] ?? 0);
    }
    this.#count = 0;
  }
}

const CAPACITY = 128;
