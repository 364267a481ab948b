import type { Presence } from './allocation-sums.ts';

/** Stands for the time of a job that ran for no time at all. */
export const NO_TIME_MS = 1e-6;

/**
 * The longest time between two readings that counts as running. In a longer one the event loop was mostly blocked, by
 * one job, or all jobs waited.
 */
const MAX_STEP_MS = 100;

/** What one job of a name is expected to do to RSS. No figure is negative. */
export interface JobEffect {
  /** Allocated at its start. */
  readonly startBytes: number;
  readonly bytesPerMs: number;
  /** Allocated just before its end. */
  readonly endBytes: number;
  /** Given back at its end. */
  readonly heldBytes: number;
}

const NO_EFFECT: JobEffect = { startBytes: 0, bytesPerMs: 0, endBytes: 0, heldBytes: 0 };

/**
 * What the jobs of one name have done, and the bytes it was given. Only `RssAttributor` writes to it; others call
 * `takeBytes`.
 */
export class JobNameTotals {
  readonly index: number;
  running = 0;
  isActive = false;
  effect: JobEffect = NO_EFFECT;
  /** The share of RSS changes, in bytes, of a job that has run since the process began. */
  bytesPerJob = 0;
  /** Totals of what its jobs have done. */
  readonly done = { started: 0, ended: 0, jobMs: 0 };
  /** Bytes of the pool that it was given and that may still be corrected. */
  pooledBytes = 0;
  readonly #presence: Presence;
  #jobMs = 0;
  #sinceMs = 0;
  #untakenBytes = 0;
  /** Jobs that ended since bytes were last taken. */
  #untakenJobs = 0;

  constructor(index: number) {
    this.index = index;
    this.#presence = { index, started: 0, ended: 0, jobMs: 0 };
  }

  begin(nowMs: number): void {
    this.#advance(nowMs);
    this.running += 1;
    this.#presence.started += 1;
  }

  end(nowMs: number): void {
    this.#advance(nowMs);
    this.running -= 1;
    this.#presence.ended += 1;
    this.#untakenJobs += 1;
  }

  /** What its jobs did since the last reading. The caller resets `started` and `ended`. */
  takePresence(nowMs: number): Presence {
    this.#advance(nowMs);
    const presence = this.#presence;
    presence.jobMs = this.#jobMs;
    this.#jobMs = 0;
    this.done.started += presence.started;
    this.done.ended += presence.ended;
    this.done.jobMs += presence.jobMs;
    return presence;
  }

  give(bytes: number): void {
    this.#untakenBytes += bytes;
  }

  /**
   * Whole bytes since they were last taken; negative if memory was given back, or if an earlier estimate was too high.
   *
   * @param jobs how many of the jobs that ended since are the caller's: callers that share these totals take in
   * proportion
   */
  takeBytes(jobs: number): number {
    const isAll = jobs >= this.#untakenJobs;
    const bytes = isAll ? this.#untakenBytes : Math.trunc((this.#untakenBytes * jobs) / this.#untakenJobs);
    this.#untakenBytes -= bytes;
    this.#untakenJobs -= Math.min(jobs, this.#untakenJobs);
    return bytes;
  }

  #advance(nowMs: number): void {
    this.#jobMs += this.running * Math.min(MAX_STEP_MS, nowMs - this.#sinceMs);
    this.#sinceMs = nowMs;
  }
}
