/** Whether a floor keeps rising, and the line that it rises on: by floors of minutes, of hours, and beneath teeth. */

import { type Curve, type Level, median } from './curve.ts';
import { MIN_TOLERANCE, noiseOf } from './levels.ts';
import { riseOfTroughs, type Teeth } from './sawtooth.ts';
import type { Rise } from './shape.ts';
import { lineThrough, type Trend, trendOf } from './theil-sen.ts';

/** Of the slope of hours, what the last buckets must still show: stairs that have died out look like a line from afar. */
const STILL_RISING = 0.3;
/** Two and a half hours of coarse floors, of which this much of the limit is more than noise. */
const CREEP_LEVELS = 12;
/** Of an even rise a third comes in the last third. */
const CREEP_LATE = 0.2;
const CREEP_Z = 2.4;
const MIN_CREEP = 0.01;
/** Over so many of the newest levels it is asked whether a trend has ended. */
const STOPPED_SPANS = [12, 18, 24, 32] as const;
const RECENT_BUCKETS = 12;
const MIN_FOR_SLOPE = 12;
const MIN_SLOW = 8;
/** What a rise must be over, in deviations of a floor: more where noise lasts, for then it looks like a trend. */
const RISE_DEVIATIONS = 1.2;
const MAX_DEVIATIONS = 3;
const RISING_Z = 3;
const SURELY_RISING_Z = 4.5;
/** The newest of a longer ring: a leak that sets in after hours without any is seen sooner. */
const SHORT_LEVELS = 16;
const TROUGHS_FOR_LEVEL = 3;
/** Two standard errors of a line's end, from the median deviation: the end's error is twice the middle's, the median's a quarter over the mean's. */
const LINE_ERRORS = 2 * 2 * 1.25 * 1.4826;

/**
 * Growth is no leak while the boot warms up, nor where the floor has given much back lately: then it is a tooth, and only the coarser floors,
 * which see beneath teeth, can tell. Each scale must still be rising at the end by what the next finer one shows.
 */
export function riseOf(
  curve: Curve,
  levels: readonly Level[],
  {
    isSlow,
    scale,
    returnedBytes,
  }: { readonly isSlow: boolean; readonly scale: number; readonly returnedBytes: number },
): Rise | null {
  if (curve.warmFloorBytes === null) return null;
  const least = { scale, levels: isSlow ? MIN_SLOW : MIN_FOR_SLOPE };
  // What rises to where this boot has come back from before may be a tooth like the others.
  const ofFine =
    median(levels.slice(-3).map(({ floorBytes }) => floorBytes)) > returnedBytes ? fineTrend(levels, least) : null;
  if (ofFine !== null) return riseFrom(ofFine, levels);
  const recent = levels.slice(-RECENT_BUCKETS);
  const trend = coarseTrend(curve, scale);
  const now = trendOf(recent)?.bytesPerMs ?? 0;
  return trend !== null && now >= STILL_RISING * trend.bytesPerMs ? riseFrom(trend, recent) : null;
}

function fineTrend(levels: readonly Level[], least: Least): Trend | null {
  return leakTrend(levels, least) ?? (isNewHigh(levels) ? leakTrend(levels.slice(-SHORT_LEVELS), least) : null);
}

/** The same line, so much higher. */
export function raised(rise: Rise | null, bytes: number): Rise | null {
  return rise === null ? null : { ...rise, bytes: rise.bytes + bytes };
}

/** Whether the newest levels lie over all that were before them: what stays below may be a tooth like one that was given back. */
function isNewHigh(levels: readonly Level[]): boolean {
  const floors = levels.map(({ floorBytes }) => floorBytes);
  return median(floors.slice(-3)) > Math.max(0, ...floors.slice(0, -SHORT_LEVELS));
}

function coarseTrend(curve: Curve, scale: number): Trend | null {
  for (const levels of [curve.coarse(), curve.wide()]) {
    const trend = leakTrend(levels, { scale, levels: MIN_FOR_SLOPE });
    if (trend !== null) return trend;
  }
  return null;
}

/** A slope from wherever it is seen best, through the newest levels: coarse ones lie a little lower than what they stand for. */
function riseFrom(trend: Trend | null, levels: readonly Level[]): Rise | null {
  const last = levels.at(-1);
  if (trend === null || last === undefined) return null;
  const { bytesPerMs, highBytesPerMs } = trend;
  const atLast = levels.map(({ timeMs, floorBytes }) => floorBytes + bytesPerMs * (last.timeMs - timeMs));
  const bytes = median(atLast);
  const spread = median(atLast.map((value) => Math.abs(value - bytes)));
  return {
    bytesPerMs,
    highBytesPerMs,
    bytes,
    errorBytes: (LINE_ERRORS * spread) / Math.sqrt(levels.length),
    timeMs: last.timeMs,
  };
}

interface Least {
  readonly scale: number;
  /** So many are needed. */
  readonly levels: number;
}

/** Whether the levels have fallen from their highest so far by more than `height`. */
function gaveBack(levels: readonly Level[], height: number): boolean {
  let highest = 0;
  return levels.some(({ floorBytes }) => {
    highest = Math.max(highest, floorBytes);
    return highest - floorBytes > height;
  });
}

/**
 * The trend of a floor that goes on rising; null where it does not. Stairs that die out rise early and little late, so the last third must
 * rise at least half as fast as the first, and nearly every part of the span must have risen.
 */
function leakTrend(levels: readonly Level[], least: Least): Trend | null {
  if (levels.length < least.levels) return null;
  const noise = noiseOf(levels);
  const deviations = Math.min(MAX_DEVIATIONS, RISE_DEVIATIONS * Math.sqrt(noise.persistence));
  const tolerance = Math.max(deviations * noise.bytes, MIN_TOLERANCE * least.scale);
  if (gaveBack(levels, 2 * Math.max(tolerance, MAX_DEVIATIONS * noise.bytes))) return null;
  const count = levels.length < MIN_FOR_SLOPE ? 4 : 6;
  const size = Math.floor(levels.length / count);
  const parts = Array.from({ length: count }, (_, index) => {
    const from = levels.length - (count - index) * size;
    return median(levels.slice(from, from + size).map(({ floorBytes }) => floorBytes));
  });
  const rises = parts.slice(1).map((part, index) => part - (parts[index] ?? part));
  const total = (parts.at(-1) ?? 0) - (parts[0] ?? 0);
  const third = Math.floor(rises.length / 2);
  const [early, late] = [sumOf(rises.slice(0, third)), sumOf(rises.slice(-third))];
  const goesOn = late >= 0.5 * early && rises.slice(-third).every((rise) => rise > 0);
  const rising = rises.filter((rise) => rise > 0.04 * total).length;
  const isSpread = rising >= rises.length - 1 && Math.max(...rises) <= (count === 6 ? 0.5 : 0.6) * total;
  if (total < 2 * tolerance || !goesOn || !isSpread) return null;
  // The pairs are many: looked at only where the parts have not said no already.
  const trend = trendOf(levels);
  const needed = rising === rises.length ? RISING_Z : SURELY_RISING_Z;
  return trend !== null && trend.z >= needed && trend.bytesPerMs > 0 ? trend : null;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** Beneath teeth: a line through the troughs, or what coarser floors show, which are lower than any tooth of minutes. */
export function riseBeneath(curve: Curve, teeth: Teeth, scale: number): Rise | null {
  const { troughs } = teeth;
  if (riseOfTroughs(teeth, 2 * MIN_TOLERANCE * scale)) return riseFrom(lineThrough(troughs), troughs);
  const newest = lineThrough(troughs.slice(-TROUGHS_FOR_LEVEL));
  const trend = coarseTrend(curve, scale);
  return trend === null || newest === null || newest.bytesPerMs <= 0
    ? null
    : riseFrom(trend, troughs.slice(-TROUGHS_FOR_LEVEL));
}

/**
 * Whether a floor that looks flat for some minutes has been rising for an hour or two, a little at a time, and still is: that is no plateau. A single
 * step is none of that, however high.
 */
export function creeps(
  levels: readonly Level[],
  {
    recent,
    scale,
    tolerance,
  }: { readonly recent: readonly Level[]; readonly scale: number; readonly tolerance: number },
): boolean {
  const span = levels.slice(-CREEP_LEVELS);
  const trend = trendOf(span);
  if (trend === null || trend.z < CREEP_Z || hasStopped(recent, { trend, tolerance })) return false;
  const floors = span.map(({ floorBytes }) => floorBytes);
  const third = Math.floor(floors.length / 3);
  const total = median(floors.slice(-third)) - median(floors.slice(0, third));
  const late = median(floors.slice(-third)) - median(floors.slice(third, -third));
  const most = Math.max(...floors.slice(1).map((floor, index) => floor - (floors[index] ?? floor)));
  return total >= MIN_CREEP * scale && late >= CREEP_LATE * total && most <= 0.6 * total;
}

/**
 * Whether the newest levels show that a trend is over: over so long a span it would have raised them by far more than noise, and they have risen by
 * next to nothing. Of a slow trend that takes longer to say.
 */
function hasStopped(
  levels: readonly Level[],
  { trend, tolerance }: { readonly trend: Trend; readonly tolerance: number },
): boolean {
  return STOPPED_SPANS.some((length) => {
    const span = levels.slice(-length);
    const third = Math.floor(length / 3);
    const [from, to] = [span[Math.floor(third / 2)], span.at(-1 - Math.floor(third / 2))];
    if (span.length < length || from === undefined || to === undefined) return false;
    const expected = trend.bytesPerMs * (to.timeMs - from.timeMs);
    const floors = span.map(({ floorBytes }) => floorBytes);
    const risen = median(floors.slice(-third)) - median(floors.slice(0, third));
    return expected >= 3 * tolerance && risen < STILL_RISING * expected;
  });
}
