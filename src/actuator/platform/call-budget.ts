import type { Clock } from '../../ports.ts';

const HOUR_MS = 3_600_000;
/** How much of an hour's calls can be saved up, and so be made at once. */
const SAVED_FRACTION = 0.1;
/** Calls at once after a start. Nothing is kept over a start, so an actuator that crashes in a loop must not burst. */
const CALLS_AT_START = 10;
/** Below this many of the account's 4,500 calls an hour, its other tools need them: watching slows to a tenth. */
const FEW_CALLS_LEFT = 450;
const FEW_LEFT_COST = 10;
/** Below this many, restarts need them. */
const LAST_CALLS_LEFT = 90;
const LAST_LEFT_COST = 60;

/** The smallest share: with one call an hour, all of it would be saved for bursts. */
const MIN_CALLS_PER_HOUR = 2;

/**
 * Calls that watching may make, as a token bucket: what is saved and what an hour adds are together `callsPerHour`, so
 * no hour has more. Restarts do not ask it.
 */
export class CallBudget {
  readonly #ofAll: number;
  readonly #clock: Pick<Clock, 'monotonic'>;
  #members = 1;
  #level: number;
  #atMs: number;

  /** @param ofAll calls an hour of all actuators that share them, at least 2 */
  constructor(ofAll: number, clock: Pick<Clock, 'monotonic'>) {
    this.#ofAll = ofAll;
    this.#clock = clock;
    this.#level = Math.min(this.#capacity, CALLS_AT_START);
    this.#atMs = clock.monotonic();
  }

  /** The share of this actuator. */
  get callsPerHour(): number {
    return Math.max(MIN_CALLS_PER_HOUR, Math.floor(this.#ofAll / this.#members));
  }

  /** Sets how many actuators share the calls from now on, this one included. */
  shareAmong(members: number): void {
    if (members === this.#members) return;
    // Until now the bucket was filled at the old rate.
    this.#filled();
    this.#members = members;
  }

  get #capacity(): number {
    return Math.max(1, this.callsPerHour * SAVED_FRACTION);
  }

  /**
   * Takes one call; false where it must wait.
   *
   * @param accountLeft calls that the account has left; null where unknown. With few left a call costs more.
   */
  take(accountLeft: number | null): boolean {
    const cost = Math.min(this.#capacity, costOf(accountLeft));
    if (this.#filled() < cost) return false;
    this.#level -= cost;
    return true;
  }

  /** Counts calls that were made without being asked for here; the next ones wait for them. */
  charge(calls: number): void {
    this.#level = this.#filled() - calls;
  }

  /** Whole calls that may be made now. */
  left(): number {
    return Math.max(0, Math.floor(this.#filled()));
  }

  #filled(): number {
    const nowMs = this.#clock.monotonic();
    const addedCalls = ((nowMs - this.#atMs) * (this.callsPerHour - this.#capacity)) / HOUR_MS;
    this.#level = Math.min(this.#capacity, this.#level + addedCalls);
    this.#atMs = nowMs;
    return this.#level;
  }
}

function costOf(accountLeft: number | null): number {
  if (accountLeft === null || accountLeft >= FEW_CALLS_LEFT) return 1;
  return accountLeft >= LAST_CALLS_LEFT ? FEW_LEFT_COST : LAST_LEFT_COST;
}
