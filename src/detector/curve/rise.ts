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
  /** Of buckets and of hours; oldest first. */
  readonly levels: readonly Level[];
  readonly coarse: readonly Level[];
  /** The limit; the highest level where that is unknown. Bytes. */
  readonly scaleBytes: number;
  /**
   * The highest coarse floor of this boot, or what has come back by itself: a rise that is still below it may be a
   * swing. Bytes; 0 before the first.
   */
  readonly highestBytes: number;
  /** What a running job may hold beyond what is known. Bytes. */
  readonly marginBytesPerJob: number;
  /** Whether a rise of minutes may come back, as others did: then only one of hours counts. */
  readonly mayComeBack: boolean;
}

const RECENT_BUCKETS = 12;

/** Null where the floor does not keep rising. */
export function riseOf(input: RiseInput): Rise | null {
  const { levels, coarse, highestBytes } = input;
  const floorBytes = median(levels.slice(-3).map((level) => level.floorBytes));
  if (floorBytes < highestBytes) return null;
  const fine = input.mayComeBack ? null : (leakTrend(levels, input) ?? recentTrend(levels, input));
  if (fine !== null) return lineOf(fine, levels);
  const slow = PARTS.coarseTrends ? leakTrend(coarse, input) : null;
  const recent = levels.slice(-RECENT_BUCKETS);
  const nowPerMs = trendOf(recent)?.bytesPerMs ?? 0;
  return slow !== null && nowPerMs >= TUNING.stillRisingFraction * slow.bytesPerMs ? lineOf(slow, recent) : null;
}

/**
 * Of a floor that had been level before: over all levels it has not risen in every part. One that has been as high
 * before, as a saw-tooth is, shows nothing by that.
 */
function recentTrend(levels: readonly Level[], input: RiseInput): Trend | null {
  const earlier = levels.slice(0, -TUNING.recentLevels).map(({ floorBytes }) => floorBytes);
  if (!PARTS.recentTrends || earlier.length === 0) return null;
  const recent = levels.slice(-TUNING.recentLevels);
  const isNew = median(recent.map(({ floorBytes }) => floorBytes)) > Math.max(...earlier);
  return isNew ? leakTrend(recent, input) : null;
}

/**
 * A slope from wherever it is seen best, through the newest levels: coarse ones lie a little lower than what they stand
 * for.
 */
function lineOf({ bytesPerMs }: Trend, levels: readonly Level[]): Rise | null {
  const last = levels.at(-1);
  if (last === undefined) return null;
  const atLast = levels.map(({ timeMs, floorBytes }) => floorBytes + bytesPerMs * (last.timeMs - timeMs));
  return { bytesPerMs, bytes: median(atLast), timeMs: last.timeMs };
}

/**
 * The trend of a floor that goes on rising; null where it does not. Stairs that die out rise early and little late, so
 * the last part must rise at least half as fast as the first, and nearly every part of the span must have risen.
 */
function leakTrend(levels: readonly Level[], { scaleBytes, marginBytesPerJob }: RiseInput): Trend | null {
  if (levels.length < TUNING.trendLevels) return null;
  const noise = noiseOf(levels);
  const deviations = Math.min(TUNING.maxRiseDeviations, TUNING.riseDeviations * Math.sqrt(noise.persistence));
  const toleranceBytes = Math.max(deviations * noise.bytes, TUNING.toleranceFraction * scaleBytes);
  const parts = partsOf(levels, PARTS_OF_RISE);
  const rises = parts.slice(1).map((part, index) => part - (parts[index] ?? part));
  const totalBytes = (parts.at(-1) ?? 0) - (parts[0] ?? 0);
  const late = rises.slice(-LATE_RISES);
  const goesOn =
    sumOf(late) >= TUNING.lateRiseFraction * sumOf(rises.slice(0, LATE_RISES)) && late.every((rise) => rise > 0);
  const rising = rises.filter((rise) => rise > 0.04 * totalBytes).length;
  const isSpread = rising >= rises.length - 1 && Math.max(...rises) <= 0.5 * totalBytes;
  if (totalBytes < 2 * toleranceBytes + loadMargin(levels, marginBytesPerJob) || !goesOn || !isSpread) return null;
  // The pairs are many: looked at only where the parts have not said no already.
  const trend = trendOf(levels);
  return trend !== null && trend.z >= TUNING.risingZ && trend.bytesPerMs > 0 ? trend : null;
}

/** A rise is judged by the medians of this many parts of its span, and by the first and last rises between them. */
const PARTS_OF_RISE = 6;
const LATE_RISES = 2;

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

/** Over this many of the newest levels it is asked whether a trend has ended. */
const STOPPED_SPANS = [12, 18, 24, 32] as const;

/**
 * Whether a floor that looks flat for some minutes has been rising for an hour or two, a little at a time, and still
 * is: that is no plateau. A single step is none of that, however high.
 */
export function creeps({ levels, coarse, scaleBytes }: RiseInput, toleranceBytes: number): boolean {
  if (!PARTS.creep) return false;
  const span = coarse.slice(-TUNING.creepLevels);
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
