const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** How much a growing count grew in the last hour, to the minute. */
export class HourCount {
  /** The oldest first; the first one is the newest that is at least an hour old, or the start. */
  readonly #samples: { readonly atMs: number; readonly count: number }[] = [];

  /** @param nowMs monotonic */
  grown(count: number, nowMs: number): number {
    const newest = this.#samples.at(-1);
    if (newest === undefined || nowMs - newest.atMs >= MINUTE_MS) this.#samples.push({ atMs: nowMs, count });
    while ((this.#samples[1]?.atMs ?? nowMs) <= nowMs - HOUR_MS) this.#samples.shift();
    return count - (this.#samples[0]?.count ?? count);
  }
}
