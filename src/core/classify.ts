import { type Bucket, type Curve, median } from './curve.ts';
import type { MemoryClass } from './decision.ts';
import { type Level, trendOf } from './slope.ts';

/** What the curve looks like now. Memory in bytes. */
export interface Shape {
  readonly class: MemoryClass;
  /** The floor now: the median of the last three. */
  readonly floorBytes: number | null;
  /** When a rising floor was where `floorBytes` says: what is held now is known only some buckets later. */
  readonly floorTimeMs: number | null;
  /** The lowest of the last three floors: what usage has stayed over. */
  readonly heldBytes: number | null;
  /** The lowest of the floors that make a plateau; null while there are fewer. */
  readonly longHeldBytes: number | null;
  /** The floor after the warm-up; while that is not over, the lowest so far. */
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
/** A job that runs longer than this is taken for what the worker is, not for a peak. */
const CARRIED_BUCKETS = 24;
/** Of the slope of hours, what the last buckets must still show: stairs that have died out look like a line from afar. */
const STILL_RISING = 0.3;
const RECENT_BUCKETS = 12;

/** A shape changes only when a bucket closes, and is asked for at every tick: remembered by the very list of closed buckets. */
const remembered = new WeakMap<readonly Bucket[], { readonly limitBytes: number | null; readonly shape: Shape }>();

export function shapeOf(curve: Curve, limitBytes: number | null): Shape {
  const known = remembered.get(curve.fine);
  if (known !== undefined && known.limitBytes === limitBytes) return known.shape;
  const shape = findShape(curve, limitBytes);
  remembered.set(curve.fine, { limitBytes, shape });
  return shape;
}

function findShape(curve: Curve, limitBytes: number | null): Shape {
  const levels = heldFloors(curve.fine);
  const last = levels.slice(-3).map(({ floorBytes }) => floorBytes);
  if (levels.length < LEAST_BUCKETS) return unknownShape(curve, last);
  const floorBytes = median(last);
  const scale = limitBytes ?? Math.max(...levels.map((level) => level.floorBytes), 1);
  const tolerance = Math.max(3 * noiseOf(levels, scale), TOLERANCE_LEAST * scale);
  const baseBytes = curve.warmFloorBytes ?? Math.min(...levels.map((level) => level.floorBytes));
  const slope = slopeOf(curve, levels, tolerance);
  const steps = stepsOf(levels, Math.max(tolerance, STEP_LEAST * scale));
  const common = {
    floorBytes,
    floorTimeMs: levels.at(-4)?.timeMs ?? null,
    heldBytes: Math.min(...last),
    longHeldBytes:
      levels.length < PLATEAU_BUCKETS
        ? null
        : Math.min(...levels.slice(-PLATEAU_BUCKETS).map((level) => level.floorBytes)),
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
    floorTimeMs: null,
    heldBytes: null,
    longHeldBytes: null,
    baseBytes: null,
    steps: 0,
    flatMs: null,
    slopeBytesPerMs: null,
    peakBytes: peak,
  };
}

/**
 * What the boot holds between jobs. A bucket that a job ran through shows no floor of its own: where there was an idle moment not long before,
 * the floor is what that one showed, however much the job takes; else it is the lowest of three neighbours.
 */
function heldFloors(buckets: readonly Bucket[]): readonly Level[] {
  let idleAt = Number.NEGATIVE_INFINITY;
  return buckets.map((bucket, index) => {
    if (bucket.idle === true) idleAt = index;
    const supported = bucket.idle === false && index - idleAt <= CARRIED_BUCKETS;
    const from = supported ? idleAt : Math.max(0, index - 2);
    return {
      timeMs: bucket.timeMs,
      floorBytes: Math.min(...buckets.slice(from, index + 1).map(({ floorBytes }) => floorBytes)),
    };
  });
}

/**
 * How much floors vary by themselves: the median deviation of their differences (1.4826 turns it into a standard one). Over one bucket and over
 * four, as noise that lasts for minutes does not show between neighbours.
 */
function noiseOf(levels: readonly Level[], scale: number): number {
  return Math.max(deviationOver(levels, 1), deviationOver(levels, 4), NOISE_LEAST * scale);
}

function deviationOver(levels: readonly Level[], lag: number): number {
  const differences = levels.slice(lag).map((level, index) => level.floorBytes - (levels[index]?.floorBytes ?? 0));
  if (differences.length === 0) return 0;
  const middle = median(differences);
  return (1.4826 * median(differences.map((difference) => Math.abs(difference - middle)))) / Math.SQRT2;
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
 * Growth is no leak while the boot warms up, nor where the floor has given much back lately: then it is a tooth, and only the coarse floors,
 * which see beneath teeth, can tell.
 */
function slopeOf(curve: Curve, levels: readonly Level[], tolerance: number): number | null {
  if (curve.warmFloorBytes === null) return null;
  const ofFine = gaveBack(levels, 2 * tolerance) ? null : leakSlope(levels, tolerance);
  if (ofFine !== null) return ofFine;
  const ofCoarse = gaveBack(curve.coarse, 2 * tolerance) ? null : leakSlope(curve.coarse, tolerance);
  if (ofCoarse === null) return null;
  const now = trendOf(levels.slice(-RECENT_BUCKETS))?.bytesPerMs ?? 0;
  return now >= STILL_RISING * ofCoarse ? ofCoarse : null;
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
 * The slope of a floor that goes on rising; null where it does not. Stairs that die out rise early and little late, so the last third must
 * rise at least half as fast as the first, and nearly every sixth of the span must have risen.
 */
function leakSlope(levels: readonly Level[], tolerance: number): number | null {
  if (levels.length < 12) return null;
  const sixth = Math.floor(levels.length / 6);
  const parts = Array.from({ length: 6 }, (_, index) => {
    const part = levels.slice(levels.length - (6 - index) * sixth, levels.length - (5 - index) * sixth);
    return median(part.map(({ floorBytes }) => floorBytes));
  });
  const rises = parts.slice(1).map((part, index) => part - (parts[index] ?? part));
  const total = (parts.at(-1) ?? 0) - (parts[0] ?? 0);
  const [first = 0, second = 0, , fourth = 0, fifth = 0] = rises;
  const goesOn = fourth + fifth >= 0.5 * (first + second) && fourth > 0 && fifth > 0;
  const spread = rises.filter((rise) => rise > 0.04 * total).length >= 5 && Math.max(...rises) <= 0.5 * total;
  if (total < 2 * tolerance || !goesOn || !spread) return null;
  // The pairs are many: looked at only where the sixths have not said no already.
  const trend = trendOf(levels);
  return trend !== null && trend.z >= 3 && trend.bytesPerMs > 0 ? trend.bytesPerMs : null;
}

function peaksOf(buckets: readonly Bucket[], height: number): 'healthy' | 'spike' | 'sawtooth' {
  const isPeak = ({ peakBytes, floorBytes }: Bucket) => peakBytes - floorBytes >= height;
  const peaks = buckets.slice(-PEAK_MEMORY_BUCKETS).filter(isPeak).length;
  if (peaks >= RECURRING_PEAKS) return 'sawtooth';
  return buckets.slice(-3).some(isPeak) ? 'spike' : 'healthy';
}
