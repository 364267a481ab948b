import { type Bucket, type Curve, FOUND_LENGTH, type Level, median } from './curve.ts';
import { MEMORY_CLASSES, type MemoryClass } from './decision.ts';
import { heldBytes, heldFloors, loweredBytes, noiseOf } from './levels.ts';
import { lineThrough, type Trend, trendOf } from './slope.ts';
import { riseOfTroughs, type Teeth, teethOf } from './teeth.ts';

/** What the curve looked like when its last bucket closed. Memory in bytes. */
export interface Shape {
  readonly class: MemoryClass;
  /** The floor now: the median of the last three. */
  readonly floorBytes: number | null;
  /** What usage has stayed over for three buckets, or longer where floors are noisy. */
  readonly heldBytes: number | null;
  /** The floor after the warm-up; while that is not over, the lowest so far. */
  readonly baseBytes: number | null;
  readonly steps: number;
  /** Since the last lasting rise. */
  readonly flatMs: number | null;
  /** The floor neither rises nor falls, and has not for the length of a plateau. */
  readonly settled: boolean;
  readonly peakBytes: number | null;
  /** Standard deviation of a floor. */
  readonly noiseBytes: number | null;
  /** Since when it has been held over the soft limit without a break; null where it is not, or where the limit is unknown. */
  readonly overSoftSinceMs: number | null;
  /** From one bucket to the next. */
  readonly bucketMs: number | null;
  /** Of a floor that keeps rising: null where it does not, also while a boot still has the class of a leak. */
  readonly rise: Rise | null;
}

/** A line through floors that keep rising. */
export interface Rise {
  readonly bytesPerMs: number;
  /** The upper end of its 95 % interval. */
  readonly highBytesPerMs: number;
  /** Where the line was at `timeMs`, and how far off it may be. */
  readonly bytes: number;
  readonly errorBytes: number;
  readonly timeMs: number;
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
/** Of the slope of hours, what the last buckets must still show: stairs that have died out look like a line from afar. */
const STILL_RISING = 0.3;
const RECENT_BUCKETS = 12;
const LEAST_FOR_SLOPE = 12;
const LEAST_SLOW = 8;
/** What a rise must be over, in deviations of a floor: more where noise lasts, for then it looks like a trend. */
const RISE_DEVIATIONS = 1.2;
const MOST_DEVIATIONS = 3;
const RISING_Z = 3;
const SURELY_RISING_Z = 4.5;
/** The newest of a longer ring: a leak that sets in after hours without any is seen sooner. */
const SHORT_LEVELS = 16;
/** Two and a half hours of coarse floors, of which this much of the limit is more than noise. */
const CREEP_LEVELS = 12;
/** Of an even rise a third comes in the last third. */
const CREEP_LATE = 0.2;
const SLOW_WINDOWS = 3;
const TROUGHS_FOR_LEVEL = 3;
/** Two standard errors of a line's end, from the median deviation: the end's error is twice the middle's, the median's a quarter over the mean's. */
const LINE_ERRORS = 2 * 2 * 1.25 * 1.4826;
const CREEP_Z = 2.4;
const CREEP_LEAST = 0.01;
/** Over so many of the newest levels it is asked whether a trend has ended. */
const STOPPED_SPANS = [12, 18, 24, 32] as const;
const TOOTH_LEAST = 0.04;
/** A class is taken after so many buckets in a row that say so, and left after so many that do not. */
const ENTER_LEAK_BUCKETS = 2;
const LEAVE_BUCKETS = 4;

const UNKNOWN = -1;

export interface KnownLimits {
  readonly limitBytes: number | null;
  readonly softLimitBytes: number | null;
}

/** Looks at the curve anew: once for each bucket that closes. */
export function classify(curve: Curve, limits: KnownLimits): void {
  const before = shapeOf(curve);
  const shape = findShape(curve, limits.limitBytes);
  const found = { ...shape, overSoftSinceMs: overSince(shape, before, limits) };
  const pending = pendingOf(curve);
  const count = pending.class === found.class ? pending.count + 1 : 1;
  const isTaken = count >= bucketsToTake(before.class, found.class);
  write(curve, { ...found, class: isTaken ? found.class : before.class }, { class: found.class, count });
}

/** Of a span that goes on, when it began; of a new one, when the buckets began that tell of it. */
function overSince(
  { heldBytes, bucketMs, timeMs }: Found,
  before: Shape,
  { softLimitBytes }: KnownLimits,
): number | null {
  if (softLimitBytes === null || heldBytes === null || heldBytes <= softLimitBytes) return null;
  return before.overSoftSinceMs ?? timeMs - (LEAST_BUCKETS - 1) * (bucketMs ?? 0);
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

function findShape(curve: Curve, limitBytes: number | null): Found {
  const fine = curve.fine();
  const levels = heldFloors(fine, curve.windowMs);
  const last = levels.slice(-3).map(({ floorBytes }) => floorBytes);
  const timeMs = fine.at(-1)?.timeMs ?? 0;
  if (levels.length < LEAST_BUCKETS)
    return { ...WARMING, floorBytes: last.length === 0 ? null : median(last), peakBytes: curve.openPeakBytes, timeMs };
  const bucketMs = (timeMs - (fine.at(-4)?.timeMs ?? fine[0]?.timeMs ?? 0)) / Math.min(3, fine.length - 1);
  const scale = limitBytes ?? Math.max(...levels.map((level) => level.floorBytes), 1);
  const noise = noiseOf(levels);
  const tolerance = Math.max(3 * Math.max(noise.bytes, NOISE_LEAST * scale), TOLERANCE_LEAST * scale);
  const baseBytes = curve.warmFloorBytes ?? Math.min(...levels.map((level) => level.floorBytes));
  // Buckets of five samples a minute apart are coarse by themselves.
  const isSlow = bucketMs >= SLOW_WINDOWS * curve.windowMs;
  const steps = stepsOf(levels, Math.max(tolerance, STEP_LEAST * scale));
  const teeth = teethOf(levels, TOOTH_LEAST * scale) ?? teethOf(curve.coarse(), TOOTH_LEAST * scale);
  const rise =
    teeth === null
      ? raised(riseOf(curve, levels, { isSlow, scale }), loweredBytes(fine))
      : riseBeneath(curve, teeth, scale);
  const held = teeth === null ? heldBytes(levels, noise) : heldBeneath(teeth, last);
  const floorBytes = teeth === null ? median(last) : Math.min(median(last), teeth.troughs.at(-1)?.floorBytes ?? 0);
  const settled =
    teeth === null
      ? isFlat(levels, tolerance) && !creeps(isSlow ? levels : curve.coarse(), { recent: levels, scale, tolerance })
      : rise === null;
  const hasRisen = floorBytes - baseBytes >= Math.max(2 * tolerance, RISE_LEAST * scale);
  return {
    class:
      rise !== null ? 'leak' : hasRisen ? risenClass(settled) : peaksOf(fine, { height: PEAK_LEAST * scale, teeth }),
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

/** Beneath teeth: a line through the troughs, or what coarser floors show, which are lower than any tooth of minutes. */
function riseBeneath(curve: Curve, teeth: Teeth, scale: number): Rise | null {
  const { troughs } = teeth;
  if (riseOfTroughs(teeth, 2 * TOLERANCE_LEAST * scale)) return riseFrom(lineThrough(troughs), troughs);
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
function creeps(
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
  return total >= CREEP_LEAST * scale && late >= CREEP_LATE * total && most <= 0.6 * total;
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

/**
 * Growth is no leak while the boot warms up, nor where the floor has given much back lately: then it is a tooth, and only the coarser floors,
 * which see beneath teeth, can tell. Each scale must still be rising at the end by what the next finer one shows.
 */
function riseOf(
  curve: Curve,
  levels: readonly Level[],
  { isSlow, scale }: { readonly isSlow: boolean; readonly scale: number },
): Rise | null {
  if (curve.warmFloorBytes === null) return null;
  const least = { scale, levels: isSlow ? LEAST_SLOW : LEAST_FOR_SLOPE };
  const ofFine = leakTrend(levels, least) ?? (isNewHigh(levels) ? leakTrend(levels.slice(-SHORT_LEVELS), least) : null);
  if (ofFine !== null) return riseFrom(ofFine, levels);
  const recent = levels.slice(-RECENT_BUCKETS);
  const trend = coarseTrend(curve, scale);
  const now = trendOf(recent)?.bytesPerMs ?? 0;
  return trend !== null && now >= STILL_RISING * trend.bytesPerMs ? riseFrom(trend, recent) : null;
}

function raised(rise: Rise | null, bytes: number): Rise | null {
  return rise === null ? null : { ...rise, bytes: rise.bytes + bytes };
}

/** Whether the newest levels lie over all that were before them: what stays below may be a tooth like one that was given back. */
function isNewHigh(levels: readonly Level[]): boolean {
  const floors = levels.map(({ floorBytes }) => floorBytes);
  return median(floors.slice(-3)) > Math.max(0, ...floors.slice(0, -SHORT_LEVELS));
}

function coarseTrend(curve: Curve, scale: number): Trend | null {
  for (const levels of [curve.coarse(), curve.wide()]) {
    const trend = leakTrend(levels, { scale, levels: LEAST_FOR_SLOPE });
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
function leakTrend(levels: readonly Level[], least: { readonly scale: number; readonly levels: number }): Trend | null {
  if (levels.length < least.levels) return null;
  const noise = noiseOf(levels);
  const deviations = Math.min(MOST_DEVIATIONS, RISE_DEVIATIONS * Math.sqrt(noise.persistence));
  const tolerance = Math.max(deviations * noise.bytes, TOLERANCE_LEAST * least.scale);
  if (gaveBack(levels, 2 * Math.max(tolerance, MOST_DEVIATIONS * noise.bytes))) return null;
  const count = levels.length < LEAST_FOR_SLOPE ? 4 : 6;
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

// ---------------------------------------------------------------- kept in the curve, as numbers

/** Before the first look. */
export const WARMING: Shape = {
  class: 'warming',
  floorBytes: null,
  heldBytes: null,
  baseBytes: null,
  steps: 0,
  flatMs: null,
  settled: false,
  noiseBytes: null,
  overSoftSinceMs: null,
  bucketMs: null,
  peakBytes: null,
  rise: null,
};

interface Pending {
  readonly class: MemoryClass;
  readonly count: number;
}

/** The order in the array. Times are in windows since the curve's origin. */
const PLACES = [
  'class',
  'pendingClass',
  'pendingCount',
  'floor',
  'held',
  'base',
  'noise',
  'steps',
  'flat',
  'settled',
  'peak',
  'slope',
  'highSlope',
  'line',
  'lineError',
  'lineTime',
  'overSoftSince',
  'bucket',
] as const;
const PLACE = Object.fromEntries(PLACES.map((name, index) => [name, index])) as Record<(typeof PLACES)[number], number>;
if (PLACES.length > FOUND_LENGTH) throw new RangeError('a curve has no room for its shape');

function write(curve: Curve, shape: Shape, pending: Pending): void {
  const { found, windowMs, originMs } = curve;
  const put = (name: (typeof PLACES)[number], value: number | null) => {
    found[PLACE[name]] = value ?? UNKNOWN;
  };
  put('class', MEMORY_CLASSES.indexOf(shape.class));
  put('pendingClass', MEMORY_CLASSES.indexOf(pending.class));
  put('pendingCount', Math.min(pending.count, 100));
  put('floor', shape.floorBytes);
  put('held', shape.heldBytes === null ? null : Math.max(0, shape.heldBytes));
  put('base', shape.baseBytes);
  put('noise', shape.noiseBytes);
  put('steps', shape.steps);
  put('flat', shape.flatMs === null ? null : shape.flatMs / windowMs);
  put('settled', Number(shape.settled));
  put('peak', shape.peakBytes);
  put('overSoftSince', shape.overSoftSinceMs === null ? null : (shape.overSoftSinceMs - originMs) / windowMs);
  put('bucket', shape.bucketMs === null ? null : shape.bucketMs / windowMs);
  put('slope', shape.rise === null ? null : shape.rise.bytesPerMs);
  put('highSlope', shape.rise === null ? null : shape.rise.highBytesPerMs);
  put('line', shape.rise === null ? null : shape.rise.bytes);
  put('lineError', shape.rise === null ? null : shape.rise.errorBytes);
  put('lineTime', shape.rise === null ? null : (shape.rise.timeMs - originMs) / windowMs);
}

/** What was found when the last bucket closed. */
export function shapeOf(curve: Curve): Shape {
  const { found, windowMs, originMs } = curve;
  const at = (name: (typeof PLACES)[number]) => found[PLACE[name]] ?? UNKNOWN;
  const known = (name: (typeof PLACES)[number]) => (at(name) < 0 ? null : at(name));
  if (curve.closedBuckets === 0) return { ...WARMING, peakBytes: curve.openPeakBytes };
  const flat = known('flat');
  const overSince = known('overSoftSince');
  const bucket = known('bucket');
  const bytesPerMs = known('slope');
  return {
    class: MEMORY_CLASSES[at('class')] ?? 'unknown',
    floorBytes: known('floor'),
    heldBytes: known('held'),
    baseBytes: known('base'),
    noiseBytes: known('noise'),
    steps: at('steps'),
    flatMs: flat === null ? null : flat * windowMs,
    settled: at('settled') === 1,
    overSoftSinceMs: overSince === null ? null : originMs + overSince * windowMs,
    bucketMs: bucket === null ? null : bucket * windowMs,
    peakBytes: known('peak'),
    rise:
      bytesPerMs === null
        ? null
        : {
            bytesPerMs,
            highBytesPerMs: at('highSlope'),
            bytes: at('line'),
            errorBytes: at('lineError'),
            timeMs: originMs + at('lineTime') * windowMs,
          },
  };
}

function pendingOf({ found }: Curve): Pending {
  return {
    class: MEMORY_CLASSES[found[PLACE.pendingClass] ?? UNKNOWN] ?? 'warming',
    count: found[PLACE.pendingCount] ?? 0,
  };
}
