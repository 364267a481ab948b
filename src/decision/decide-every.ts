const SHORTEST_MS = 250;
const LONGEST_MS = 10_000;

/** How often to decide about boots whose buckets are one window long (ms). */
export function decideEveryMs(windowMs: number): number {
  return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, windowMs / 4));
}
