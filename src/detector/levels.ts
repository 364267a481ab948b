import { type Bucket, type Level, median } from './curve.ts';

/** A difference of less than this share of the limit (or of the level, where no limit is known) is none. */
export const MIN_TOLERANCE = 0.02;
/** A job that runs longer than so many windows is taken for what the worker is, not for a peak. */
const CARRIED_WINDOWS = 30;

/**
 * What the boot holds between jobs. A bucket that a job ran through shows no floor of its own: where there was an idle moment not long before,
 * the floor is what that one showed, however much the job takes; else it is the lowest of three neighbours. The time of a level is that of the
 * bucket which shows it: a rising floor is not taken for lower than it is.
 */
export function heldFloors(buckets: readonly Bucket[], windowMs: number): readonly Level[] {
  let idleAt: number | null = null;
  return buckets.map((bucket, index): Level => {
    if (bucket.idle === true) {
      idleAt = index;
      return bucket;
    }
    const idle = idleAt === null ? undefined : buckets[idleAt];
    const isCarried =
      bucket.idle === false && idle !== undefined && bucket.timeMs - idle.timeMs <= CARRIED_WINDOWS * windowMs;
    let lowest: Level = bucket;
    for (let at = isCarried ? (idleAt ?? 0) : Math.max(0, index - 2); at < index; at += 1) {
      const earlier = buckets[at];
      if (earlier !== undefined && earlier.floorBytes < lowest.floorBytes) lowest = earlier;
    }
    return lowest;
  });
}

/** The lowest of three normal values lies so many of their standard deviations below their mean (order statistics of the normal distribution). */
const LOWEST_OF_THREE = 0.846;
const NEWEST = 12;

/**
 * How far below the true floor the levels lie, where each is the lowest of three: that takes what noise has lowered most. Next to nothing where idle moments
 * support the floors. Bytes.
 */
export function loweredBytes(buckets: readonly Bucket[]): number {
  const busy = buckets.slice(-NEWEST).filter(({ idle }) => idle === false).length;
  return (busy / Math.min(NEWEST, Math.max(1, buckets.length))) * LOWEST_OF_THREE * deviationOver(buckets, 1);
}

export interface Noise {
  /** Standard deviation of one level. */
  readonly bytes: number;
  /** How many levels in a row say about the same: 1 where each is independent. */
  readonly persistence: number;
}

const MAX_PERSISTENT = 8;

/**
 * How much floors vary by themselves: the median deviation of their differences (1.4826 turns it into a standard one). Over one bucket and over
 * four, as noise that lasts for minutes does not show between neighbours.
 */
export function noiseOf(levels: readonly Level[]): Noise {
  const [near, far] = [deviationOver(levels, 1), deviationOver(levels, 4)];
  const bytes = Math.max(near, far);
  return { bytes, persistence: near === 0 ? 1 : Math.min(MAX_PERSISTENT, Math.max(1, (far / near) ** 2)) };
}

function deviationOver(levels: readonly Level[], lag: number): number {
  if (levels.length <= lag) return 0;
  const differences = levels.slice(lag).map((level, index) => level.floorBytes - (levels[index]?.floorBytes ?? 0));
  const middle = median(differences);
  return (1.4826 * median(differences.map((difference) => Math.abs(difference - middle)))) / Math.SQRT2;
}

/** Three windows, and longer spans for noisy floors. */
const HELD_SPANS = [6, 12, 24] as const;
const MIN_HELD = 3;
/** Standard errors below the mean of a span: so far off is the mean of a level floor less than once in 1,000 times. */
const HELD_ERRORS = 3;
const HELD_NOISE = 1;

/**
 * What usage has surely stayed over: for quiet floors the lowest of the last three; noisy ones must stay high for longer until the same can be
 * said. Never more than the highest of the last three, so that what was high is not held against a boot that has given it back.
 */
export function heldBytes(levels: readonly Level[], noise: Noise): number | null {
  if (levels.length < MIN_HELD) return null;
  const floors = levels.map(({ floorBytes }) => floorBytes);
  const last = floors.slice(-MIN_HELD);
  const least = Math.min(...last) - HELD_NOISE * noise.bytes;
  const spans = HELD_SPANS.filter((span) => span <= floors.length).map((span) => {
    const own = floors.slice(-span);
    const mean = own.reduce((sum, floor) => sum + floor, 0) / span;
    return mean - HELD_ERRORS * noise.bytes * Math.sqrt(noise.persistence / span);
  });
  return Math.min(Math.max(least, ...spans), Math.max(...last));
}
