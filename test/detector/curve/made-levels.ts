import type { Level } from '../../../src/detector/curve/level.ts';

export const MINUTE_MS = 60_000;

/** Levels a minute apart, with these floors in MB and as many idle moments. */
export function levelsOf(floorsMb: readonly number[], everyMs = MINUTE_MS): readonly Level[] {
  return floorsMb.map((floorMb, index) => ({
    timeMs: index * everyMs,
    floorBytes: floorMb * 1024 ** 2,
    jobs: 0,
    jobsBytes: 0,
  }));
}

/** `count` values, each by its index. */
export function values(count: number, at: (index: number) => number): readonly number[] {
  return Array.from({ length: count }, (_, index) => at(index));
}

/** The same noise in each run: between -1 and 1, and hardly like that of its neighbours. */
export function wobble(index: number): number {
  const scattered = Math.sin(index * 12.9898 + 1) * 43_758.5453;
  return 2 * (scattered - Math.floor(scattered)) - 1;
}
