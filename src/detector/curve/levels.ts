import type { Bucket, Level } from './level.ts';
import { median } from './statistics.ts';

/** The floor of a busy bucket is the lowest of this many neighbours. */
const NEIGHBOURS = 3;

/**
 * What the boot holds between jobs, a level for each bucket. A busy bucket shows no floor of its own: it takes the
 * lowest of itself and its neighbours.
 */
export function floorsBetweenJobs(buckets: readonly Bucket[]): readonly Level[] {
  return buckets.map((bucket, index): Level => {
    if (bucket.jobs === 0) return bucket;
    const near = buckets.slice(Math.max(0, index - NEIGHBOURS + 1), index + 1);
    return near.reduce((lowest, other) => (other.floorBytes < lowest.floorBytes ? other : lowest), bucket);
  });
}

/**
 * The lowest of three normal values lies this many of their standard deviations below their mean (order statistics of
 * the normal distribution).
 */
const LOWEST_OF_THREE = 0.846;
const NEWEST = 12;

/**
 * How far below the true floor the levels lie where each is the lowest of three. Next to nothing where idle moments
 * support the floors. Bytes.
 */
export function loweredBytes(buckets: readonly Bucket[]): number {
  const newest = buckets.slice(-NEWEST);
  const busy = newest.filter(({ jobs }) => jobs !== null && jobs > 0).length;
  return (busy / Math.max(1, newest.length)) * LOWEST_OF_THREE * deviationOver(buckets, 1);
}

export interface Noise {
  /** Standard deviation of one level. */
  readonly bytes: number;
  /** How many levels in a row say about the same: 1 where each is independent. */
  readonly persistence: number;
}

const MAX_PERSISTENCE = 8;

/**
 * How much floors vary by themselves: the median deviation of their differences (1.4826 turns it into a standard one),
 * over one bucket and over four, as noise that lasts for minutes does not show between neighbours.
 */
export function noiseOf(levels: readonly Level[]): Noise {
  const [near, far] = [deviationOver(levels, 1), deviationOver(levels, 4)];
  const bytes = Math.max(near, far);
  return { bytes, persistence: near === 0 ? 1 : Math.min(MAX_PERSISTENCE, Math.max(1, (far / near) ** 2)) };
}

function deviationOver(levels: readonly Level[], lag: number): number {
  if (levels.length <= lag) return 0;
  const differences = levels.slice(lag).map((level, index) => level.floorBytes - (levels[index]?.floorBytes ?? 0));
  const middle = median(differences);
  return (1.4826 * median(differences.map((difference) => Math.abs(difference - middle)))) / Math.SQRT2;
}

/** Floors that must agree before a level counts as sustained. */
const SUSTAINED_LEVELS = 3;

/**
 * What the floor has surely stayed over: the lowest of the last three, less what one of them varies by. Null below
 * three.
 */
export function sustainedBytes(levels: readonly Level[], noise: Noise): number | null {
  if (levels.length < SUSTAINED_LEVELS) return null;
  return Math.min(...levels.slice(-SUSTAINED_LEVELS).map(({ floorBytes }) => floorBytes)) - noise.bytes;
}

/**
 * Of the newest levels, when each lasting rise by more than `height` bytes was: the median of three floors lies above
 * the three before.
 */
export function stepsOf(levels: readonly Level[], height: number): readonly number[] {
  const steps: number[] = [];
  let level = levels[0]?.floorBytes ?? 0;
  for (let index = 2; index < levels.length; index += 1) {
    const held = Math.min(levels[index - 1]?.floorBytes ?? 0, levels[index]?.floorBytes ?? 0);
    if (held > level + height) {
      steps.push(levels[index - 1]?.timeMs ?? 0);
      level = held;
    }
    level = Math.min(level, levels[index]?.floorBytes ?? level);
  }
  return steps;
}
