import type { Level } from './level.ts';

export interface Trend {
  /** Theil-Sen: the median of all pair slopes; a quarter of the values may be anything. */
  readonly bytesPerMs: number;
  /** Mann-Kendall's test statistic: above 3 the levels rise beyond chance. */
  readonly z: number;
}

/** Scratch space for the pairs of 32 levels. Used by one call at a time. */
const pairs = new Float64Array(512);

const MIN_TREND_LEVELS = 6;

/** The trend of levels, oldest first; null below 6. */
export function trendOf(levels: readonly Level[]): Trend | null {
  return levels.length < MIN_TREND_LEVELS ? null : lineThrough(levels);
}

/** The line through any number of levels; null below 2. */
export function lineThrough(levels: readonly Level[]): Trend | null {
  const n = levels.length;
  let count = 0;
  let concordance = 0;
  for (let i = 0; i < n; i += 1) {
    const a = levels[i];
    for (let j = i + 1; j < n; j += 1) {
      const b = levels[j];
      if (a === undefined || b === undefined || b.timeMs <= a.timeMs) continue;
      const rise = b.floorBytes - a.floorBytes;
      pairs[count] = rise / (b.timeMs - a.timeMs);
      count += 1;
      concordance += Math.sign(rise);
    }
  }
  if (count === 0) return null;
  const slopes = pairs.subarray(0, count).sort();
  const deviation = Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
  return { bytesPerMs: slopes[count >> 1] ?? 0, z: (concordance - Math.sign(concordance)) / deviation };
}
