import { type Bucket, type Curve, earlyFloor, median } from './curve.ts';
import type { MemoryClass } from './decision.ts';
import { type Level, trendOf } from './slope.ts';

/** What the curve looks like now. Memory in bytes. */
export interface Shape {
  readonly class: MemoryClass;
  /** The floor now: the median of the last three. */
  readonly floorBytes: number | null;
  /** The lowest of the last three floors: what usage has stayed over. */
  readonly heldBytes: number | null;
  /** The floor of the first windows, or the lowest that is remembered. */
  readonly baseBytes: number | null;
  readonly steps: number;
  /** Since the last lasting rise. */
  readonly flatMs: number | null;
  /** Of a leak; null where the floor does not rise. */
  readonly slopeBytesPerMs: number | null;
  readonly peakBytes: number | null;
}

const LEAST_BUCKETS = 3;
/** A plateau is flat for so many buckets. */
const PLATEAU_BUCKETS = 6;
/** Shares of the limit (or of the level, where no limit is known). */
const NOISE_LEAST = 0.005;
const TOLERANCE_LEAST = 0.02;
const STEP_LEAST = 0.03;
const RISE_LEAST = 0.08;
const PEAK_LEAST = 0.1;
const RECURRING_PEAKS = 4;
const PEAK_MEMORY_BUCKETS = 20;

export function shapeOf(curve: Curve, limitBytes: number | null): Shape {
  const levels = heldFloors(curve.fine);
  const last = levels.slice(-3).map(({ floorBytes }) => floorBytes);
  if (levels.length < LEAST_BUCKETS) return unknownShape(curve, last);
  const floorBytes = median(last);
  const scale = limitBytes ?? Math.max(...levels.map((level) => level.floorBytes), 1);
  const tolerance = Math.max(3 * noiseOf(levels, scale), TOLERANCE_LEAST * scale);
  const baseBytes = Math.min(
    earlyFloor(curve) ?? Number.POSITIVE_INFINITY,
    ...levels.map((level) => level.floorBytes),
    ...curve.coarse.map((level) => level.floorBytes),
  );
  const slope = leakSlope(levels, tolerance) ?? leakSlope(curve.coarse, tolerance);
  const steps = stepsOf(levels, Math.max(tolerance, STEP_LEAST * scale));
  const common = {
    floorBytes,
    heldBytes: Math.min(...last),
    baseBytes,
    steps: steps.length,
    flatMs: (levels.at(-1)?.timeMs ?? 0) - (steps.at(-1) ?? levels[0]?.timeMs ?? 0),
    peakBytes: Math.max(...curve.fine.slice(-3).map((bucket) => bucket.peakBytes)),
    slopeBytesPerMs: slope,
  };
  if (slope !== null) return { ...common, class: 'leak' };
  const hasRisen = floorBytes - baseBytes >= Math.max(2 * tolerance, RISE_LEAST * scale);
  if (hasRisen && isFlat(levels, tolerance)) return { ...common, class: 'bloat' };
  if (hasRisen) return { ...common, class: 'unknown' };
  return { ...common, class: peaksOf(curve.fine, PEAK_LEAST * scale) };
}

function unknownShape(curve: Curve, last: readonly number[]): Shape {
  const peak = curve.open?.peakBytes ?? null;
  return {
    class: 'warming',
    floorBytes: last.length === 0 ? null : median(last),
    heldBytes: null,
    baseBytes: null,
    steps: 0,
    flatMs: null,
    slopeBytesPerMs: null,
    peakBytes: peak,
  };
}

/** A job that runs through a whole bucket hides the floor; the lowest of three neighbours is seen through it. */
function heldFloors(buckets: readonly Bucket[]): readonly Level[] {
  return buckets.map((bucket, index) => ({
    timeMs: bucket.timeMs,
    floorBytes: Math.min(...buckets.slice(Math.max(0, index - 2), index + 1).map(({ floorBytes }) => floorBytes)),
  }));
}

/** The spread of floors around their neighbours, robustly (1.4826 turns a median deviation into a standard one). */
function noiseOf(levels: readonly Level[], scale: number): number {
  const differences = levels
    .slice(1)
    .map((level, index) => Math.abs(level.floorBytes - (levels[index]?.floorBytes ?? 0)));
  return Math.max((1.4826 * median(differences)) / Math.SQRT2, NOISE_LEAST * scale);
}

/** Times of lasting rises: the median of three floors lies above the three before by more than `height`. */
function stepsOf(levels: readonly Level[], height: number): readonly number[] {
  const steps: number[] = [];
  let level = levels[0]?.floorBytes ?? 0;
  for (let index = 2; index < levels.length; index += 1) {
    const held = Math.min(...levels.slice(index - 1, index + 1).map(({ floorBytes }) => floorBytes));
    if (held > level + height) {
      steps.push(levels[index - 1]?.timeMs ?? 0);
      level = held;
    }
    level = Math.min(level, levels[index]?.floorBytes ?? level);
  }
  return steps;
}

function isFlat(levels: readonly Level[], tolerance: number): boolean {
  if (levels.length < PLATEAU_BUCKETS) return false;
  const recent = levels.slice(-PLATEAU_BUCKETS).map(({ floorBytes }) => floorBytes);
  return median(recent.slice(-3)) - median(recent.slice(0, 3)) <= tolerance;
}

/**
 * The slope of a floor that goes on rising; null where it does not. Stairs that die out rise early and little late, so the last third must
 * rise at least half as fast as the first, and nearly every sixth of the span must have risen.
 */
function leakSlope(levels: readonly Level[], tolerance: number): number | null {
  const trend = trendOf(levels);
  if (trend === null || levels.length < 12 || trend.z < 3 || trend.bytesPerMs <= 0) return null;
  const sixth = Math.floor(levels.length / 6);
  const parts = Array.from({ length: 6 }, (_, index) =>
    median(
      levels
        .slice(levels.length - (6 - index) * sixth, levels.length - (5 - index) * sixth)
        .map(({ floorBytes }) => floorBytes),
    ),
  );
  const rises = parts.slice(1).map((part, index) => part - (parts[index] ?? part));
  const total = (parts.at(-1) ?? 0) - (parts[0] ?? 0);
  const [first = 0, second = 0, , fourth = 0, fifth = 0] = rises;
  const goesOn = fourth + fifth >= 0.5 * (first + second) && fourth > 0 && fifth > 0;
  const spread = rises.filter((rise) => rise > 0.04 * total).length >= 5 && Math.max(...rises) <= 0.5 * total;
  return total >= 2 * tolerance && goesOn && spread ? trend.bytesPerMs : null;
}

function peaksOf(buckets: readonly Bucket[], height: number): 'healthy' | 'spike' | 'sawtooth' {
  const isPeak = ({ peakBytes, floorBytes }: Bucket) => peakBytes - floorBytes >= height;
  const peaks = buckets.slice(-PEAK_MEMORY_BUCKETS).filter(isPeak).length;
  if (peaks >= RECURRING_PEAKS) return 'sawtooth';
  return buckets.slice(-3).some(isPeak) ? 'spike' : 'healthy';
}
