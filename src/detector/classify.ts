import type { MemoryClass } from '../model/decision.ts';
import { type Bucket, type Curve, type Level, median } from './curve.ts';
import { heldBytes, heldFloors, loweredBytes, MIN_TOLERANCE, noiseOf } from './levels.ts';
import { followReturns, mayReturn, type Returns } from './recoveries.ts';
import { creeps, raised, riseBeneath, riseOf } from './rise.ts';
import { type Teeth, teethOf } from './sawtooth.ts';
import { pendingOf, type Shape, shapeOf, WARMING, writeShape } from './shape.ts';

const MIN_BUCKETS = 3;
/** A plateau is flat for so many buckets. */
const PLATEAU_BUCKETS = 6;
/** Shares of the limit (or of the level, where no limit is known). */
const MIN_NOISE = 0.005;
const MIN_STEP = 0.03;
const MIN_RISE = 0.08;
const MIN_PEAK = 0.1;
const RECURRING_PEAKS = 4;
const PEAK_MEMORY_BUCKETS = 20;
const SLOW_WINDOWS = 3;
const MIN_TOOTH = 0.04;
/** A class is taken after so many buckets in a row that say so, and left after so many that do not. */
const ENTER_LEAK_BUCKETS = 2;
const LEAVE_BUCKETS = 4;

export interface KnownLimits {
  readonly limitBytes: number | null;
  readonly softLimitBytes: number | null;
}

/** Looks at the curve anew: once for each bucket that closes. */
export function classify(curve: Curve, limits: KnownLimits): void {
  const before = shapeOf(curve);
  const shape = findShape(curve, limits, before.returns);
  const found = { ...shape, overSoftSinceMs: overSince(shape, before, limits) };
  const pending = pendingOf(curve);
  const count = pending.class === found.class ? pending.count + 1 : 1;
  const isTaken = count >= bucketsToTake(before.class, found.class);
  writeShape(curve, { ...found, class: isTaken ? found.class : before.class }, { class: found.class, count });
}

/** Of a span that goes on, when it began; of a new one, when the buckets began that tell of it. */
function overSince(
  { heldBytes, bucketMs, timeMs }: Found,
  before: Shape,
  { softLimitBytes }: KnownLimits,
): number | null {
  if (softLimitBytes === null || heldBytes === null || heldBytes <= softLimitBytes) return null;
  return before.overSoftSinceMs ?? timeMs - (MIN_BUCKETS - 1) * (bucketMs ?? 0);
}

function bucketsToTake(from: MemoryClass, to: MemoryClass): number {
  if (from === to) return 1;
  if (from === 'leak' || from === 'bloat') return LEAVE_BUCKETS;
  return to === 'leak' ? ENTER_LEAK_BUCKETS : 1;
}

interface Found extends Shape {
  /** Of the newest bucket. */
  readonly timeMs: number;
}

function findShape(curve: Curve, { limitBytes, softLimitBytes }: KnownLimits, before: Returns): Found {
  const fine = curve.fine();
  const levels = heldFloors(fine, curve.windowMs);
  const last = levels.slice(-3).map(({ floorBytes }) => floorBytes);
  const timeMs = fine.at(-1)?.timeMs ?? 0;
  if (levels.length < MIN_BUCKETS)
    return { ...WARMING, floorBytes: last.length === 0 ? null : median(last), peakBytes: curve.openPeakBytes, timeMs };
  const bucketMs = (timeMs - (fine.at(-4)?.timeMs ?? fine[0]?.timeMs ?? 0)) / Math.min(3, fine.length - 1);
  const scale = limitBytes ?? Math.max(...levels.map((level) => level.floorBytes), 1);
  const noise = noiseOf(levels);
  const tolerance = Math.max(3 * Math.max(noise.bytes, MIN_NOISE * scale), MIN_TOLERANCE * scale);
  const baseBytes = curve.warmFloorBytes ?? Math.min(...levels.map((level) => level.floorBytes));
  // Buckets of five samples a minute apart are coarse by themselves.
  const isSlow = bucketMs >= SLOW_WINDOWS * curve.windowMs;
  const steps = stepsOf(levels, Math.max(tolerance, MIN_STEP * scale));
  const teeth = teethOf(levels, MIN_TOOTH * scale) ?? teethOf(curve.coarse(), MIN_TOOTH * scale);
  const returns = followReturns(before, { timeMs, floorBytes: median(last), baseBytes, softLimitBytes });
  const rise =
    teeth === null
      ? raised(
          riseOf(curve, levels, { isSlow, scale, returnedBytes: returns.topBytes + tolerance }),
          loweredBytes(fine),
        )
      : riseBeneath(curve, teeth, scale);
  const held = teeth === null ? heldBytes(levels, noise) : heldBeneath(teeth, last);
  const floorBytes = teeth === null ? median(last) : Math.min(median(last), teeth.troughs.at(-1)?.floorBytes ?? 0);
  const settled =
    teeth === null
      ? !mayReturn(returns, timeMs) &&
        isFlat(levels, tolerance) &&
        !creeps(isSlow ? levels : curve.coarse(), { recent: levels, scale, tolerance })
      : rise === null;
  const hasRisen = floorBytes - baseBytes >= Math.max(2 * tolerance, MIN_RISE * scale);
  return {
    class: rise !== null ? 'leak' : hasRisen ? risenClass(settled) : peaksOf(fine, { height: MIN_PEAK * scale, teeth }),
    floorBytes,
    heldBytes: held,
    baseBytes,
    noiseBytes: noise.bytes,
    steps: steps.length,
    flatMs: timeMs - (steps.at(-1) ?? levels[0]?.timeMs ?? 0),
    settled,
    overSoftSinceMs: null,
    bucketMs,
    peakBytes: Math.max(...fine.slice(-3).map((bucket) => bucket.peakBytes)),
    rise,
    returns,
    timeMs,
  };
}

function risenClass(settled: boolean): MemoryClass {
  return settled ? 'bloat' : 'unknown';
}

/** What teeth leave: the lower of the last two troughs, and nothing that is higher than what was seen last. */
function heldBeneath({ troughs }: Teeth, last: readonly number[]): number {
  return Math.min(...troughs.slice(-2).map(({ floorBytes }) => floorBytes), ...last);
}

/** Times of lasting rises: the median of three floors lies above the three before by more than `height`. */
function stepsOf(levels: readonly Level[], height: number): readonly number[] {
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

function isFlat(levels: readonly Level[], tolerance: number): boolean {
  if (levels.length < PLATEAU_BUCKETS) return false;
  const recent = levels.slice(-PLATEAU_BUCKETS).map(({ floorBytes }) => floorBytes);
  return median(recent.slice(-3)) - median(recent.slice(0, 3)) <= tolerance;
}

function peaksOf(
  buckets: readonly Bucket[],
  { height, teeth }: { readonly height: number; readonly teeth: Teeth | null },
): 'healthy' | 'spike' | 'sawtooth' {
  if (teeth !== null) return 'sawtooth';
  const isPeak = ({ peakBytes, floorBytes }: Bucket) => peakBytes - floorBytes >= height;
  const peaks = buckets.slice(-PEAK_MEMORY_BUCKETS).filter(isPeak).length;
  if (peaks >= RECURRING_PEAKS) return 'sawtooth';
  return buckets.slice(-3).some(isPeak) ? 'spike' : 'healthy';
}
