/** The account's budget of calls: `capacity` at once, and `refillPerMinute` more each minute. */
export class RateLimit {
  readonly #capacity: number;
  readonly #refillPerMs: number;
  #level: number;
  #atMs: number;

  constructor(capacity: number, refillPerMinute: number, nowMs: number) {
    this.#capacity = capacity;
    this.#refillPerMs = refillPerMinute / 60_000;
    this.#level = capacity;
    this.#atMs = nowMs;
  }

  remaining(nowMs: number): number {
    this.#level = Math.min(this.#capacity, this.#level + (nowMs - this.#atMs) * this.#refillPerMs);
    this.#atMs = nowMs;
    return Math.floor(this.#level);
  }

  /** Takes one call; false if none is left. */
  take(nowMs: number): boolean {
    if (this.remaining(nowMs) < 1) return false;
    this.#level -= 1;
    return true;
  }
}
