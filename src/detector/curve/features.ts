import { type BytesPerJob, withoutJobs } from '../load/job-load.ts';
import { jobsOf, marginOf } from '../load/load-margin.ts';
import { PARTS, TUNING } from '../tuning.ts';
import type { Curve } from './curve.ts';
import type { Bucket, Level } from './level.ts';
import { floorsBetweenJobs, loweredBytes, noiseOf, stepsOf, sustainedBytes } from './levels.ts';
import { creeps, hasEnded, type Rise, riseOf } from './rise.ts';
import { median } from './statistics.ts';
import { NO_SWINGS, returnsOf, type Swings } from './swings.ts';

/**
 * What the curve looks like at the close of a bucket: all that classes and rules ask. Memory in bytes, without what
 * running jobs hold.
 */
export interface CurveFeatures {
  /** Of the newest bucket, Unix ms. */
  readonly timeMs: number;
  /** From one bucket to the next; null with the first. */
  readonly bucketMs: number | null;
  /** The floor now: the median of the last three. */
  readonly floorBytes: number;
  /** What the floor has stayed over for three windows; null before three. */
  readonly sustainedBytes: number | null;
  /** The least that running jobs held in the last three buckets, on top of the floor. */
  readonly heldByJobsBytes: number;
  /** The floor after the warm-up; while that is not over, the lowest so far. */
  readonly baseBytes: number;
  /**
   * How far the floor may be over its base only because more jobs run; huge where nothing is known of what a job holds.
   */
  readonly loadMarginBytes: number;
  /** False where too little is known of what jobs hold to compare the floor with a base that fewer or more ran at. */
  readonly isLoadKnown: boolean;
  /** Standard deviation of a floor. */
  readonly noiseBytes: number;
  /** Lasting rises of the newest half hour or so, and how long ago the last one was. */
  readonly steps: number;
  readonly flatMs: number;
  /** The floor neither rises nor falls, and has not for the length of a plateau. */
  readonly isSettled: boolean;
  /** The floor is so far over its base that it is not noise or load. */
  readonly hasRisen: boolean;
  readonly peakBytes: number;
  /** Peaks of the last three buckets, and of the last twenty. */
  readonly isAtPeak: boolean;
  readonly peaksRecur: boolean;
  /** A floor that rose was given back, more than once. */
  readonly isSawtooth: boolean;
  /** The line of a floor that keeps rising; null where it does not. */
  readonly rise: Rise | null;
  /** The newest slope of what is still taken for a leak; null where it is none. */
  readonly leakBytesPerMs: number | null;
  /** The floor has fallen short of the line that it was on before; false where there was none. */
  readonly riseHasEnded: boolean;
  /**
   * Since when the floor has been sustained over the soft limit, Unix ms, later by what was not seen of it; null where
   * it is not, or where the limit is unknown.
   */
  readonly floorOverSoftSinceMs: number | null;
  /** When that first was so in this boot's life; null or absent before. */
  readonly firstOverSoftMs?: number | null;
  /** The same of the floor together with what jobs hold. */
  readonly overSoftSinceMs: number | null;
  /** The floor is up, has been as high before, and came back by itself: it may again. */
  readonly mayComeBack: boolean;
  readonly swings: Swings;
}

export interface FeatureContext {
  readonly limitBytes: number | null;
  readonly softLimitBytes: number | null;
  readonly perJob: BytesPerJob;
  /** Of the bucket before; null with the first. */
  readonly before: CurveFeatures | null;
}

/** The newest buckets, by which now is judged. */
export const NEWEST = 3;
const GAP_BUCKETS = 2;

/** Computed once for each bucket that closes. */
export function featuresOf(curve: Curve, context: FeatureContext): CurveFeatures {
  const { limitBytes, softLimitBytes, perJob, before } = context;
  const atLoad = atEqualLoad(curve, perJob);
  const { buckets, levels, coarse, wide } = atLoad;
  const timeMs = buckets.at(-1)?.timeMs ?? curve.originMs;
  const bucketMs = bucketMsOf(buckets);
  const { scaleBytes, noise, toleranceBytes } = scaleOf(levels, limitBytes);
  const floorBytes = median(levels.slice(-NEWEST).map((level) => level.floorBytes));
  const base = baseOf(curve, atLoad, perJob);
  const { baseBytes, heldByJobsBytes, unknownLoadBytes, loadMarginBytes } = base;
  const swingBytes = swingOf(curve, scaleBytes, noise.bytes);
  const unseenMs = unseenSince(before, timeMs);
  const returns = returnsOf(before?.swings ?? NO_SWINGS, {
    timeMs,
    unseenMs,
    floorBytes,
    swingBytes,
    toleranceBytes,
    softLimitBytes,
    sawtoothMs: TUNING.sawtoothWindows * curve.windowMs,
    minStayMs: TUNING.minStayWindows * curve.windowMs,
  });
  const { mayComeBack } = returns;
  const highestBytes = Math.max(0, ...[...coarse, ...wide].map((level) => level.floorBytes));
  // A line through older ones would run on through a silence in which nothing was seen.
  const seen = levels.slice(-Math.max(NEWEST, curve.seenBuckets));
  const input = { levels: seen, coarse, scaleBytes, highestBytes, marginBytesPerJob: perJob.marginBytes, mayComeBack };
  const rise = levels.length < NEWEST ? null : riseOf(input);
  const sustained = sustainedBytes(levels, noise);
  const isFlat = isPlateau(levels, toleranceBytes) && !creeps(input, toleranceBytes);
  const steps = stepsOf(levels, Math.max(toleranceBytes, TUNING.stepFraction * scaleBytes));
  return {
    timeMs,
    bucketMs,
    floorBytes,
    sustainedBytes: sustained,
    heldByJobsBytes,
    baseBytes,
    loadMarginBytes,
    isLoadKnown: unknownLoadBytes < Math.max(floorBytes - baseBytes, TUNING.worthFraction * scaleBytes),
    noiseBytes: noise.bytes,
    steps: steps.length,
    flatMs: timeMs - (steps.at(-1) ?? levels[0]?.timeMs ?? timeMs),
    isSettled: !mayComeBack && isFlat,
    hasRisen:
      !mayComeBack &&
      floorBytes - base.startBytes - loadMarginBytes >= Math.max(2 * toleranceBytes, TUNING.risenFraction * scaleBytes),
    ...peaksOf(buckets, swingBytes),
    // Where each level is the lowest of three, the line lies a little low.
    rise: rise === null ? null : { ...rise, bytes: rise.bytes + loweredBytes(buckets) },
    leakBytesPerMs: before?.leakBytesPerMs ?? null,
    riseHasEnded: hasEnded(before?.leakBytesPerMs ?? null, input, toleranceBytes),
    // A new span began with the buckets that show it.
    ...overSoftOf(
      { sustainedBytes: sustained, heldByJobsBytes, softLimitBytes, before, unseenMs },
      timeMs - (NEWEST - 1) * (bucketMs ?? 0),
    ),
    ...returns,
  };
}

/** What differences of floors are measured by. */
function scaleOf(levels: readonly Level[], limitBytes: number | null) {
  const scaleBytes = limitBytes ?? Math.max(...levels.map((level) => level.floorBytes), 1);
  const noise = noiseOf(levels);
  const toleranceBytes = Math.max(
    TUNING.toleranceDeviations * Math.max(noise.bytes, TUNING.minNoiseFraction * scaleBytes),
    TUNING.toleranceFraction * scaleBytes,
  );
  return { scaleBytes, noise, toleranceBytes };
}

interface AtEqualLoad {
  readonly buckets: readonly Bucket[];
  readonly levels: readonly Level[];
  readonly coarse: readonly Level[];
  readonly wide: readonly Level[];
}

/** The curve without what running jobs held, by what is known of that by now. */
function atEqualLoad(curve: Curve, perJob: BytesPerJob): AtEqualLoad {
  const without = <T extends Level>(levels: readonly T[]) =>
    levels.map((level) => ({ ...level, floorBytes: withoutJobs(level, perJob) }));
  const buckets = without(curve.fine());
  return {
    buckets,
    levels: floorsBetweenJobs(buckets),
    coarse: without(curve.coarse()),
    wide: without(curve.wide()),
  };
}

/** What the floor is compared with, and how far the load may account for what it is higher. */
function baseOf(curve: Curve, { buckets, levels }: AtEqualLoad, perJob: BytesPerJob) {
  const { warm, highestAtStart } = curve;
  const baseBytes = warm === null ? Math.min(...levels.map((level) => level.floorBytes)) : withoutJobs(warm, perJob);
  const jobs = jobsOf(levels.slice(-NEWEST)) ?? 0;
  const unknownLoadBytes = marginOf(jobs - (warm?.jobs ?? jobsOf(levels.slice(0, NEWEST)) ?? 0), perJob.marginBytes);
  const heldByJobsBytes = Math.min(...buckets.slice(-NEWEST).map((bucket) => bucket.heldByJobsBytes));
  return {
    baseBytes,
    startBytes: Math.max(baseBytes, highestAtStart === null ? 0 : withoutJobs(highestAtStart, perJob)),
    heldByJobsBytes,
    unknownLoadBytes,
    loadMarginBytes: Math.max(unknownLoadBytes, PARTS.loadMargin ? TUNING.loadMixFraction * heldByJobsBytes : 0),
  };
}

/** A peak is so far over its floor, and a drop so deep. Bytes. */
function swingOf(curve: Curve, scaleBytes: number, noiseBytes: number): number {
  const deviationBytes = Math.max(noiseBytes, curve.sampleDeviationBytes);
  return Math.max(TUNING.peakFraction * scaleBytes, TUNING.peakDeviations * deviationBytes);
}

function peaksOf(buckets: readonly Bucket[], swingBytes: number) {
  const newest = buckets.slice(-NEWEST);
  const isPeak = ({ peakBytes, floorBytes }: Bucket) => peakBytes - floorBytes >= swingBytes;
  return {
    peakBytes: Math.max(...newest.map((bucket) => bucket.peakBytes)),
    isAtPeak: newest.some(isPeak),
    peaksRecur: buckets.slice(-TUNING.peakMemoryBuckets).filter(isPeak).length >= TUNING.recurringPeaks,
  };
}

interface OverSoftInput {
  readonly sustainedBytes: number | null;
  readonly heldByJobsBytes: number;
  readonly softLimitBytes: number | null;
  readonly before: CurveFeatures | null;
  readonly unseenMs: number;
}

/** @param beganMs where a span over the soft limit is new, when it began */
function overSoftOf(
  { sustainedBytes: sustained, heldByJobsBytes, softLimitBytes, before, unseenMs }: OverSoftInput,
  beganMs: number,
) {
  const since = (beforeMs: number | null | undefined) => (beforeMs == null ? beganMs : beforeMs + unseenMs);
  const isOver = (bytes: number) => softLimitBytes !== null && sustained !== null && sustained + bytes > softLimitBytes;
  const onTop = PARTS.limitsWithJobs ? heldByJobsBytes : 0;
  return {
    floorOverSoftSinceMs: isOver(0) ? since(before?.floorOverSoftSinceMs) : null,
    overSoftSinceMs: isOver(onTop) ? since(before?.overSoftSinceMs) : null,
    firstOverSoftMs: before?.firstOverSoftMs ?? (isOver(0) ? beganMs : null),
  };
}

/** The median of the last three, so that a gap without points makes no bucket wide. */
function bucketMsOf(buckets: readonly Bucket[]): number | null {
  const newest = buckets.slice(-NEWEST - 1);
  if (newest.length < 2) return null;
  return median(newest.slice(1).map(({ timeMs }, index) => timeMs - (newest[index]?.timeMs ?? timeMs)));
}

/** A bucket that is missing may be late; more are a gap. */
function unseenSince(before: CurveFeatures | null, timeMs: number): number {
  return before?.bucketMs == null ? 0 : Math.max(0, timeMs - before.timeMs - GAP_BUCKETS * before.bucketMs);
}

function isPlateau(levels: readonly Level[], toleranceBytes: number): boolean {
  if (levels.length < TUNING.plateauBuckets) return false;
  const recent = levels.slice(-TUNING.plateauBuckets).map(({ floorBytes }) => floorBytes);
  return median(recent.slice(-3)) - median(recent.slice(0, 3)) <= toleranceBytes;
}
