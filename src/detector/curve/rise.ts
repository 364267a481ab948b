/** Whether a floor keeps rising, and the line that it rises on: by floors of minutes and of hours. */

import { loadMargin } from '../load/load-margin.ts';
import { PARTS, TUNING } from '../tuning.ts';
import type { Level } from './level.ts';
import { noiseOf } from './levels.ts';
import { median } from './statistics.ts';
import { type Trend, trendOf } from './theil-sen.ts';

/** A line through floors that keep rising. */
export interface Rise {
  readonly bytesPerMs: number;
  /** Where the line was at `timeMs`. */
  readonly bytes: number;
  readonly timeMs: number;
}

/** What a rise is looked for in. */
export interface RiseInput {
  /** Of buckets, of hours and of half days; oldest first. */
  readonly levels: readonly Level[];
  readonly coarse: readonly Level[];
  readonly wide: readonly Level[];
  readonly isWarm: boolean;
  /** The limit; the highest level where that is unknown. Bytes. */
  readonly scaleBytes: number;
  /** Whether a bucket is wide in windows: then there are fewer of them. */
  readonly isWide: boolean;
  /** What rises to where this boot has come back from before may come back again. Bytes. */
  readonly recoveredBytes: number;
  /** What a running job may hold beyond what is known. Bytes. */
  readonly marginBytesPerJob: number;
}

const RECENT_BUCKETS = 12;

/** Null where the floor does not keep rising, and during the warm-up, where growth is no leak. */
export function riseOf(input: RiseInput): Rise | null {
  const { levels, isWarm, isWide, recoveredBytes } = input;
  if (!isWarm) return null;
  const minLevels = isWide ? TUNING.trendWideLevels : TUNING.trendLevels;
  const floorBytes = median(levels.slice(-3).map((level) => level.floorBytes));
  // What was as high before and was given back may be given back again.
  if ([...input.coarse, ...input.wide].some((level) => level.floorBytes > floorBytes)) return null;
  const fine = floorBytes > recoveredBytes ? fineTrend(levels, input, minLevels) : null;
  if (fine !== null) return lineOf(fine, levels);
  const recent = levels.slice(-RECENT_BUCKETS);
  const coarse = coarseTrend(input);
  const now = trendOf(recent)?.bytesPerMs ?? 0;
  return coarse !== null && now >= TUNING.stillRisingFraction * coarse.bytesPerMs ? lineOf(coarse, recent) : null;
}

function fineTrend(levels: readonly Level[], input: RiseInput, minLevels: number): Trend | null {
  const all = leakTrend(levels, input, minLevels);
  if (all !== null || !isNewHigh(levels)) return all;
  return leakTrend(levels.slice(-TUNING.trendShortLevels), input, minLevels);
}

/**
 * Whether the newest levels lie over all that were before them: what stays below may be a tooth like one that was given
 * back.
 */
function isNewHigh(levels: readonly Level[]): boolean {
  const floors = levels.map(({ floorBytes }) => floorBytes);
  return median(floors.slice(-3)) > Math.max(0, ...floors.slice(0, -TUNING.trendShortLevels));
}

function coarseTrend(input: RiseInput): Trend | null {
  if (!PARTS.coarseTrends) return null;
  for (const levels of [input.coarse, input.wide]) {
    const trend = leakTrend(levels, input, TUNING.trendLevels);
    if (trend !== null) return trend;
  }
  return null;
}

/**
 * A slope from wherever it is seen best, through the newest levels: coarse ones lie a little lower than what they stand
 * for.
 */
function lineOf(trend: Trend | null, levels: readonly Level[]): Rise | null {
  const last = levels.at(-1);
  if (trend === null || last === undefined) return null;
  const { bytesPerMs } = trend;
  const atLast = levels.map(({ timeMs, floorBytes }) => floorBytes + bytesPerMs * (last.timeMs - timeMs));
  return { bytesPerMs, bytes: median(atLast), timeMs: last.timeMs };
}

/**
 * The trend of a floor that goes on rising; null where it does not. Stairs that die out rise early and little late, so
 * the last third must rise at least half as fast as the first, and nearly every part of the span must have risen.
 */
function leakTrend(
  levels: readonly Level[],
  { scaleBytes, marginBytesPerJob }: RiseInput,
  minLevels: number,
): Trend | null {
  if (levels.length < minLevels) return null;
  const noise = noiseOf(levels);
  const deviations = Math.min(TUNING.maxRiseDeviations, TUNING.riseDeviations * Math.sqrt(noise.persistence));
  const toleranceBytes = Math.max(deviations * noise.bytes, TUNING.toleranceFraction * scaleBytes);
  if (gaveBack(levels, 2 * Math.max(toleranceBytes, TUNING.maxRiseDeviations * noise.bytes))) return null;
  const count = levels.length < TUNING.trendLevels ? 4 : 6;
  const parts = partsOf(levels, count);
  const rises = parts.slice(1).map((part, index) => part - (parts[index] ?? part));
  const totalBytes = (parts.at(-1) ?? 0) - (parts[0] ?? 0);
  const third = Math.floor(rises.length / 2);
  const late = rises.slice(-third);
  const goesOn =
    sumOf(late) >= TUNING.lateRiseFraction * sumOf(rises.slice(0, third)) && late.every((rise) => rise > 0);
  const rising = rises.filter((rise) => rise > 0.04 * totalBytes).length;
  const isSpread = rising >= rises.length - 1 && Math.max(...rises) <= (count === 6 ? 0.5 : 0.6) * totalBytes;
  if (totalBytes < 2 * toleranceBytes + loadMargin(levels, marginBytesPerJob) || !goesOn || !isSpread) return null;
  // The pairs are many: looked at only where the parts have not said no already.
  const trend = trendOf(levels);
  const neededZ = rising === rises.length ? TUNING.risingZ : TUNING.surelyRisingZ;
  return trend !== null && trend.z >= neededZ && trend.bytesPerMs > 0 ? trend : null;
}

/** The medians of the levels in `count` equal parts, oldest first. */
function partsOf(levels: readonly Level[], count: number): readonly number[] {
  const size = Math.floor(levels.length / count);
  return Array.from({ length: count }, (_, index) => {
    const from = levels.length - (count - index) * size;
    return median(levels.slice(from, from + size).map(({ floorBytes }) => floorBytes));
  });
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** Whether the levels have fallen from their highest so far by more than `height`. */
function gaveBack(levels: readonly Level[], height: number): boolean {
  let highest = 0;
  return levels.some(({ floorBytes }) => {
    highest = Math.max(highest, floorBytes);
    return highest - floorBytes > height;
  });
}

/** Over this many of the newest levels it is asked whether a trend has ended. */
const STOPPED_SPANS = [12, 18, 24, 32] as const;

/**
 * Whether a floor that looks flat for some minutes has been rising for an hour or two, a little at a time, and still
 * is: that is no plateau. A single step is none of that, however high.
 */
export function creeps({ levels, coarse, isWide, scaleBytes }: RiseInput, toleranceBytes: number): boolean {
  if (!PARTS.creep) return false;
  const span = (isWide ? levels : coarse).slice(-TUNING.creepLevels);
  const trend = trendOf(span);
  if (trend === null || trend.z < TUNING.creepZ || hasStopped(levels, trend.bytesPerMs, toleranceBytes)) return false;
  const [first = 0, middle = 0, last = 0] = partsOf(span, 3);
  const floors = span.map(({ floorBytes }) => floorBytes);
  const largest = Math.max(...floors.slice(1).map((floor, index) => floor - (floors[index] ?? floor)));
  const total = last - first;
  return total >= TUNING.creepFraction * scaleBytes && last - middle >= 0.2 * total && largest <= 0.6 * total;
}

/**
 * Whether a floor has left the line of its rise: by its minutes, or by its hours where the rise is slow. False where it
 * had none.
 */
export function hasEnded(bytesPerMs: number | null, { levels, coarse }: RiseInput, toleranceBytes: number): boolean {
  return bytesPerMs !== null && [levels, coarse].some((floors) => hasStopped(floors, bytesPerMs, toleranceBytes));
}

/**
 * Whether the newest levels show that a trend is over: they have fallen short of it by more than noise, and risen by
 * next to nothing. Of a slow trend that takes longer to say.
 */
function hasStopped(levels: readonly Level[], bytesPerMs: number, toleranceBytes: number): boolean {
  return STOPPED_SPANS.some((length) => {
    const span = levels.slice(-length);
    const third = Math.floor(length / 3);
    const [from, to] = [span[Math.floor(third / 2)], span.at(-1 - Math.floor(third / 2))];
    if (span.length < length || from === undefined || to === undefined) return false;
    const expectedBytes = bytesPerMs * (to.timeMs - from.timeMs);
    const [first = 0, , last = 0] = partsOf(span, 3);
    const risenBytes = last - first;
    const isShort = expectedBytes - risenBytes >= 2 * toleranceBytes;
    return isShort && risenBytes < TUNING.stillRisingFraction * expectedBytes;
  });
}
