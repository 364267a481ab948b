const MINUTE_MS = 60_000;

/** How many points were used in the last full minute, from a count that only grows. */
export class PointsMeter {
  #minute: number | null = null;
  #atStart = 0;
  #last: number | null = null;

  /** Called again and again, at least once a minute. */
  note(total: number, nowMs: number): void {
    const minute = Math.floor(nowMs / MINUTE_MS);
    if (minute === this.#minute) return;
    // After a longer break the difference is that of several minutes.
    const minutes = this.#minute === null ? null : minute - this.#minute;
    this.#last = minutes === null || minutes <= 0 ? null : Math.round((total - this.#atStart) / minutes);
    this.#minute = minute;
    this.#atStart = total;
  }

  /** Null before a minute is full. */
  perMinute(): number | null {
    return this.#last;
  }
}
