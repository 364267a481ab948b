/** Readings that may be made in a row... */
const MOST = 200;
/** ... and how many more each millisecond allows. One costs 1.4 us, and some 3 us to make something of: at most 0.5 % of a core. */
const EACH_MS = 1;
/** Once they are used up, so many are saved before the next is made. */
const SAVED = 100;

/**
 * How often the RSS may be read at starts and ends of jobs. Up to some 500 jobs a second each of them is seen by itself. Beyond that
 * readings come in runs: between two of a run nothing starts or ends unseen, which is what an estimate needs, and in the time between two
 * runs nothing is read at all. No change is lost: what came unread is in the next reading.
 */
export class ReadingBudget {
  #left = MOST;
  #filledAtMs = 0;
  #isSaving = false;

  /** Whether to read now. @param nowMs monotonic */
  take(nowMs: number): boolean {
    this.#left = Math.min(MOST, this.#left + (nowMs - this.#filledAtMs) * EACH_MS);
    this.#filledAtMs = nowMs;
    if (this.#isSaving && this.#left < SAVED) return false;
    this.#isSaving = this.#left < 1;
    if (this.#isSaving) return false;
    this.#left -= 1;
    return true;
  }
}
