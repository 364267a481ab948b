import type { Point } from '../core/point.ts';

/** Up to here a clock that was set back, or a sender's that runs ahead, cannot bring an old point in again. */
const SLACK_MS = 10 * 60_000;
const SWEEP_EVERY_MS = 60_000;
const MAX_PROCESSES = 100_000;

export interface ProcessTimesOptions {
  readonly maxPointAgeMs: number;
  /** How many processes are remembered; beyond it the one that came first is forgotten. Default 100,000, some 20 MB. */
  readonly maxProcesses?: number;
}

/**
 * The newest time of each process, by which points that come twice or too late are known: senders retry after a lost answer, and a
 * Collector replays its queue. A process is forgotten once all that it could repeat is too old to be used anyway.
 */
export class ProcessTimes {
  readonly #latest = new Map<string, number>();
  readonly #forgetAfterMs: number;
  readonly #maxProcesses: number;
  #sweptAtMs = 0;

  constructor({ maxPointAgeMs, maxProcesses = MAX_PROCESSES }: ProcessTimesOptions) {
    this.#forgetAfterMs = maxPointAgeMs + SLACK_MS;
    this.#maxProcesses = maxProcesses;
  }

  get size(): number {
    return this.#latest.size;
  }

  /** Whether this is the process's newest point so far, which it then is. */
  advance({ boot, processId, timeMs }: Point): boolean {
    // With the app: who may speak for one app must not be able to silence a process of another by naming its boot.
    const key = `${boot.app ?? ''}\0${boot.bootId}\0${processId}`;
    const latest = this.#latest.get(key);
    if (latest !== undefined && timeMs <= latest) return false;
    if (latest === undefined && this.#latest.size >= this.#maxProcesses) this.#forgetFirst();
    this.#latest.set(key, timeMs);
    return true;
  }

  /** Forgets what is long over; does nothing when it was done within the last minute. */
  sweep(nowMs: number): void {
    if (Math.abs(nowMs - this.#sweptAtMs) < SWEEP_EVERY_MS) return;
    this.#sweptAtMs = nowMs;
    for (const [key, latest] of this.#latest) {
      if (nowMs - latest > this.#forgetAfterMs) this.#latest.delete(key);
    }
  }

  #forgetFirst(): void {
    for (const key of this.#latest.keys()) {
      this.#latest.delete(key);
      return;
    }
  }
}
