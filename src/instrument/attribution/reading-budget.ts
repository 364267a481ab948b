/** The first readings of a process are not limited, so that it soon knows what its jobs do. */
const INITIAL_READINGS = 2000;
/** Readings allowed for each ms. One costs 3 to 18 us, with what follows from it: 0.3 % of a core at most. */
const READINGS_PER_MS = 0.15;
/** When none is left, this many are saved up before the next one. */
const RUN_READINGS = 100;
/** A longer pause allows no more readings than one of this length. */
const MAX_PAUSE_MS = 20;

/**
 * How often memory may be read at starts and ends of jobs. Up to about 75 jobs a second, memory is read at each start
 * and end. Above that, readings come in runs: within a run every start and end is read, which the estimate needs, and
 * between two runs nothing is. No change is lost: what happened between two runs is in the next reading.
 */
export class ReadingBudget {
  #left = INITIAL_READINGS;
  #filledAtMs = 0;
  #isSaving = false;

  /** True if memory may be read now. @param nowMs monotonic */
  take(nowMs: number): boolean {
    const passedMs = Math.min(MAX_PAUSE_MS, nowMs - this.#filledAtMs);
    this.#left = Math.min(INITIAL_READINGS, this.#left + passedMs * READINGS_PER_MS);
    this.#filledAtMs = nowMs;
    if (this.#isSaving && this.#left < RUN_READINGS) return false;
    this.#isSaving = this.#left < 1;
    if (this.#isSaving) return false;
    this.#left -= 1;
    return true;
  }
}
