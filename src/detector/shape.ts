import { MEMORY_CLASSES, type MemoryClass } from '../model/decision.ts';
import { type Curve, FOUND_LENGTH } from './curve.ts';
import { NO_RETURNS, type Returns } from './recoveries.ts';

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
  readonly returns: Returns;
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
  returns: NO_RETURNS,
};

export interface Pending {
  readonly class: MemoryClass;
  readonly count: number;
}

const UNKNOWN = -1;

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
  'upSince',
  'upHighest',
  'longestStay',
  'returnedTop',
] as const;
const PLACE = Object.fromEntries(PLACES.map((name, index) => [name, index])) as Record<(typeof PLACES)[number], number>;
if (PLACES.length > FOUND_LENGTH) throw new RangeError('a curve has no room for its shape');

export function writeShape(curve: Curve, shape: Shape, pending: Pending): void {
  const { found, windowMs, originMs } = curve;
  const { returns } = shape;
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
  put('upSince', returns.upSinceMs === null ? null : (returns.upSinceMs - originMs) / windowMs);
  put('upHighest', returns.highestBytes);
  put('longestStay', returns.longestStayMs / windowMs);
  put('returnedTop', returns.topBytes);
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
  const upSince = known('upSince');
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
    returns: {
      upSinceMs: upSince === null ? null : originMs + upSince * windowMs,
      highestBytes: at('upHighest'),
      longestStayMs: at('longestStay') * windowMs,
      topBytes: at('returnedTop'),
    },
  };
}

export function pendingOf({ found }: Curve): Pending {
  return {
    class: MEMORY_CLASSES[found[PLACE.pendingClass] ?? UNKNOWN] ?? 'warming',
    count: found[PLACE.pendingCount] ?? 0,
  };
}
