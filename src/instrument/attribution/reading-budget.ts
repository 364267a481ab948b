/** Readings that a process may make at once, when it has just begun: what its jobs do is soon known. */
const AT_FIRST = 5000;
/** How many more each millisecond allows. With what follows, one costs 3 to 18 us, by how much else the process does: 0.3 % of a core at most. */
const EACH_MS = 0.15;
/** Once they are used up, so many are saved before the next is made. */
const SAVED = 100;
/** A longer pause saves no more than this: after it a worker has better things to do than to read. */
const LONGEST_PAUSE_MS = 20;

/**
 * How often the RSS may be read at starts and ends of jobs. Up to some 75 jobs a second each of them is seen by itself. Beyond that
 * readings come in runs: between two of a run nothing starts or ends unseen, which is what an estimate needs, and in the time between two
 * runs nothing is read at all. No change is lost: what came unread is in the next reading.
 */
export class ReadingBudget {
  #left = AT_FIRST;
  #filledAtMs = 0;
  #isSaving = false;

  /** Whether to read now. @param nowMs monotonic */
  take(nowMs: number): boolean {
    const passedMs = Math.min(LONGEST_PAUSE_MS, nowMs - this.#filledAtMs);
    this.#left = Math.min(AT_FIRST, this.#left + passedMs * EACH_MS);
    this.#filledAtMs = nowMs;
    if (this.#isSaving && this.#left < SAVED) return false;
    this.#isSaving = this.#left < 1;
    if (this.#isSaving) return false;
    this.#left -= 1;
    return true;
  }
}
