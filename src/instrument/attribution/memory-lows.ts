/** A moment soon after a collection. */
export interface MemoryLow {
  readonly atMs: number;
  readonly levelBytes: number;
  /** What the jobs of each name had done by then; `COUNTS` numbers a name. */
  readonly counts: Float64Array;
}

/** In `counts`, for the name of index `i`: jobs started at `4 i`, then milliseconds run, jobs ended, jobs running. */
export const COUNTS = 4;

/**
 * The moments at which one kind of memory stood lower than at any later time. Memory that is kept stays, and garbage
 * goes in the next collection. So from one low to the next the level rises by what was kept, and by what running jobs
 * hold.
 */
export class MemoryLows {
  readonly #lows: MemoryLow[] = [];
  readonly #falls: MemoryLow[] = [];
  #lastBytes = Number.POSITIVE_INFINITY;

  /**
   * Takes a reading. It can be a low only after a notable fall: otherwise garbage since the last collection is in it.
   *
   * @param count returns the counts; called for lows only, because it visits all names
   */
  observe(levelBytes: number, atMs: number, count: () => Float64Array): void {
    const lows = this.#lows;
    const hasFallen = levelBytes <= this.#lastBytes - NOTABLE_FALL_BYTES;
    this.#lastBytes = levelBytes;
    if (!hasFallen && levelBytes >= (lows.at(-1)?.levelBytes ?? Number.POSITIVE_INFINITY)) return;
    while (lows.length > 0 && levelBytes <= (lows.at(-1)?.levelBytes ?? 0)) lows.pop();
    const low = { atMs, levelBytes, counts: count() };
    lows.push(low);
    if (hasFallen) this.#falls.push(low);
    if (this.#falls.length > MAX_FALLS) this.#falls.shift();
    // Every second one: the whole time stays covered, less finely.
    if (lows.length > MAX_LOWS) this.#keep((_, at) => at % 2 === 0);
  }

  /**
   * The newest readings after a fall, oldest first, whatever came later. Most follow a collection of the young
   * generation alone, so old garbage is in them.
   */
  get falls(): readonly MemoryLow[] {
    return this.#falls;
  }

  /** The lows since `sinceMs`, oldest first. Before the first collection: the first reading and `now`. */
  since(sinceMs: number, now: MemoryLow): readonly MemoryLow[] {
    this.#keep(({ atMs }) => atMs >= sinceMs);
    return this.#lows.length > 1 ? this.#lows : [...this.#lows, now];
  }

  #keep(isKept: (low: MemoryLow, at: number) => boolean): void {
    this.#lows.splice(0, this.#lows.length, ...this.#lows.filter(isKept));
  }
}

const NOTABLE_FALL_BYTES = 100_000;
const MAX_LOWS = 64;
const MAX_FALLS = 64;
