import type { JobNameTotals } from './job-name-totals.ts';

export interface JobShare {
  /** The job's share of the RSS change, in bytes; negative if memory was given back. */
  readonly netBytes: number;
  /** The highest level of its share while it ran or at its end; 0 if it was never above zero. */
  readonly peakBytes: number;
  /** No other job ran during its life, so its share is exact and not an estimate. */
  readonly exclusive: boolean;
}

/** The `place` of a job that has ended. */
export const ENDED = -1;

/** A job and its share of the RSS change. Only `RssAttributor` writes to it. */
export class RunningJob implements JobShare {
  readonly totals: JobNameTotals;
  /** Monotonic. */
  readonly startedAtMs: number;
  /** Index among the running jobs. */
  place: number;
  exclusive: boolean;
  readonly #startBytes: number;
  #endBytes = 0;
  #peakBytes = 0;

  constructor(totals: JobNameTotals, place: number, startedAtMs: number) {
    this.totals = totals;
    this.startedAtMs = startedAtMs;
    this.place = place;
    this.exclusive = place === 0;
    this.#startBytes = totals.bytesPerJob;
  }

  get netBytes(): number {
    return Math.round(this.#shareBytes());
  }

  get peakBytes(): number {
    return Math.round(this.#peakBytes);
  }

  notePeak(): void {
    const shareBytes = this.#shareBytes();
    if (shareBytes > this.#peakBytes) this.#peakBytes = shareBytes;
  }

  close(): void {
    this.notePeak();
    this.#endBytes = this.totals.bytesPerJob;
    this.place = ENDED;
  }

  #shareBytes(): number {
    return (this.place === ENDED ? this.#endBytes : this.totals.bytesPerJob) - this.#startBytes;
  }
}
