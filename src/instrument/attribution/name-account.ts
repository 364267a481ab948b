import type { NameEffect, Presence } from './name-effects.ts';

/** Stands for the time of a job that ran for none. */
export const NO_TIME_MS = 1e-6;

export const NO_EFFECT: NameEffect = { startBytes: 0, bytesPerMs: 0, loanBytes: 0 };

/** What a name's jobs should have changed; negative where more was given back than taken. */
export function expectedBytes(effect: NameEffect, { started, ended, jobMs }: Omit<Presence, 'index'>): number {
  return effect.startBytes * started + effect.bytesPerMs * jobMs + effect.loanBytes * (started - ended);
}

/** What one name is held to have done. Opaque but for `takeBytes`: only the ledger writes to it. */
export class NameAccount {
  readonly index: number;
  running = 0;
  isActive = false;
  effect: NameEffect = NO_EFFECT;
  /** What a job would have as its share that had run since the beginning. */
  bytesPerJob = 0;
  /** What its jobs did beside others, faded. */
  readonly pooled = { started: 0, ended: 0, jobMs: 0 };
  /** What it got of the pool, faded. */
  pooledBytes = 0;
  readonly #presence: Presence;
  #sinceMs = 0;
  #untakenBytes = 0;
  /** Ended since the bytes were last taken. */
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

  /** What its jobs did since the last reading; the caller sets `started` and `ended` back. */
  takePresence(nowMs: number): Presence {
    this.#advance(nowMs);
    const presence = this.#presence;
    presence.jobMs = this.#jobMs;
    this.#jobMs = 0;
    return presence;
  }

  pool({ started, ended, jobMs }: Presence): void {
    this.pooled.started += started;
    this.pooled.ended += ended;
    // Where no time has passed it was there all the same.
    this.pooled.jobMs += Math.max(jobMs, NO_TIME_MS);
  }

  give(bytes: number): void {
    this.#untakenBytes += bytes;
  }

  fade(share: number): void {
    this.pooled.started *= share;
    this.pooled.ended *= share;
    this.pooled.jobMs *= share;
    this.pooledBytes *= share;
  }

  /**
   * Whole bytes since they were last taken; negative where memory was given back, or a former estimate was too high.
   *
   * @param jobs how many of the jobs that ended since are the caller's: of an account that is shared each takes in proportion
   */
  takeBytes(jobs: number): number {
    const isAll = jobs >= this.#untakenJobs;
    const bytes = isAll ? this.#untakenBytes : Math.trunc((this.#untakenBytes * jobs) / this.#untakenJobs);
    this.#untakenBytes -= bytes;
    this.#untakenJobs -= Math.min(jobs, this.#untakenJobs);
    return bytes;
  }

  #jobMs = 0;

  #advance(nowMs: number): void {
    this.#jobMs += this.running * (nowMs - this.#sinceMs);
    this.#sinceMs = nowMs;
  }
}
