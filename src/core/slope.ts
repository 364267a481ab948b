import { median } from './curve.ts';

export interface Level {
  readonly timeMs: number;
  readonly floorBytes: number;
}

export interface Trend {
  /** Theil-Sen: the median of all pair slopes; a quarter of the values may be anything. */
  readonly bytesPerMs: number;
  /** Mann-Kendall's test statistic: above 3 the levels rise beyond chance. */
  readonly z: number;
}

/** The trend of levels, oldest first; null below 6. */
export function trendOf(levels: readonly Level[]): Trend | null {
  const n = levels.length;
  if (n < 6) return null;
  const slopes: number[] = [];
  let concordance = 0;
  for (let i = 0; i < n; i += 1) {
    for (let j = i + 1; j < n; j += 1) {
      const [a, b] = [levels[i], levels[j]];
      if (a === undefined || b === undefined || b.timeMs <= a.timeMs) continue;
      slopes.push((b.floorBytes - a.floorBytes) / (b.timeMs - a.timeMs));
      concordance += Math.sign(b.floorBytes - a.floorBytes);
    }
  }
  if (slopes.length === 0) return null;
  const sorted = slopes.sort((a, b) => a - b);
  const deviation = Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
  return {
    bytesPerMs: median(sorted),
    z: (concordance - Math.sign(concordance)) / deviation,
  };
}
