/**
 * The memory of a boot's curve: samples go into the open bucket, a closed bucket leaves a floor and a peak, and floors are kept at two
 * resolutions. Plain values of bounded size.
 */
export interface Bucket {
  readonly timeMs: number;
  /** What stayed in use. */
  readonly floorBytes: number;
  readonly peakBytes: number;
  /** Whether a moment without jobs supports the floor; null where jobs are not counted. */
  readonly idle: boolean | null;
}

interface OpenBucket {
  readonly startMs: number;
  readonly samples: number;
  readonly jobsKnown: boolean;
  /** Lowest median of three while no job ran; null where every sample saw one. */
  readonly idleFloorBytes: number | null;
  readonly floorBytes: number;
  readonly peakBytes: number;
}

export interface Curve {
  readonly open: OpenBucket | null;
  /** The last two samples: a median of three takes out a single odd reading. */
  readonly recent: readonly number[];
  /** Oldest first. */
  readonly fine: readonly Bucket[];
  /** Each the lowest floor of `COARSE_FACTOR` fine ones. */
  readonly coarse: readonly Bucket[];
  readonly coarseOpen: readonly Bucket[];
  readonly closedBuckets: number;
  /** The floors from the start on, until the warm-up is over. */
  readonly warmup: readonly number[];
  /** The floor after the warm-up; null while that is not over. */
  readonly warmFloorBytes: number | null;
}

export interface CurveSample {
  readonly timeMs: number;
  readonly usageBytes: number;
  readonly activeJobs: number | null;
}

const FINE_BUCKETS = 40;
const COARSE_BUCKETS = 36;
const COARSE_FACTOR = 12;
const SAMPLES_PER_BUCKET = 5;
/** The warm-up is over when so many floors in a row are level... */
const LEVEL_BUCKETS = 4;
/** ... by this share of the floor and this many bytes; */
const LEVEL_SHARE = 0.04;
const LEVEL_BYTES = 8 * 1024 ** 2;
/** ... or after so many windows: then it never was level, so it was no warm-up but growth from the start, and the first floor is what counts. */
const WARMUP_WINDOWS = 30;

export function emptyCurve(): Curve {
  return {
    open: null,
    recent: [],
    fine: [],
    coarse: [],
    coarseOpen: [],
    closedBuckets: 0,
    warmup: [],
    warmFloorBytes: null,
  };
}

export function observeSample(curve: Curve, sample: CurveSample, windowMs: number): Curve {
  const { open } = curve;
  const isFull = open !== null && sample.timeMs - open.startMs >= windowMs && open.samples >= SAMPLES_PER_BUCKET;
  const isTorn =
    open !== null && sample.timeMs - open.startMs > Math.max(4 * windowMs, 10 * SAMPLES_PER_BUCKET * windowMs);
  const closed = isFull || isTorn ? closeBucket(curve, open, windowMs) : curve;
  const three = [...closed.recent, sample.usageBytes];
  const value = three.length < 3 ? sample.usageBytes : median(three);
  return { ...closed, open: addTo(closed.open, value, sample), recent: three.slice(-2) };
}

function addTo(open: OpenBucket | null, value: number, { timeMs, activeJobs }: CurveSample): OpenBucket {
  const idle = activeJobs === 0 ? value : null;
  const jobsKnown = activeJobs !== null;
  if (open === null)
    return { startMs: timeMs, samples: 1, jobsKnown, idleFloorBytes: idle, floorBytes: value, peakBytes: value };
  return {
    startMs: open.startMs,
    samples: open.samples + 1,
    jobsKnown: open.jobsKnown || jobsKnown,
    idleFloorBytes: lower(open.idleFloorBytes, idle),
    floorBytes: Math.min(open.floorBytes, value),
    peakBytes: Math.max(open.peakBytes, value),
  };
}

function closeBucket(curve: Curve, open: OpenBucket, windowMs: number): Curve {
  const bucket = bucketOf(open);
  const closedBuckets = curve.closedBuckets + 1;
  const coarseOpen = [...curve.coarseOpen, bucket];
  const coarseFull = coarseOpen.length >= COARSE_FACTOR;
  return {
    ...curve,
    open: null,
    fine: [...curve.fine.slice(-(FINE_BUCKETS - 1)), bucket],
    coarse: coarseFull ? [...curve.coarse.slice(-(COARSE_BUCKETS - 1)), coarsened(coarseOpen)] : curve.coarse,
    coarseOpen: coarseFull ? [] : coarseOpen,
    closedBuckets,
    ...warmedUp(curve, bucket, windowMs),
  };
}

function coarsened(buckets: readonly Bucket[]): Bucket {
  return {
    timeMs: buckets[Math.floor(buckets.length / 2)]?.timeMs ?? 0,
    floorBytes: Math.min(...buckets.map(({ floorBytes }) => floorBytes)),
    peakBytes: Math.max(...buckets.map(({ peakBytes }) => peakBytes)),
    idle: null,
  };
}

function bucketOf(open: OpenBucket): Bucket {
  return {
    timeMs: open.startMs,
    floorBytes: open.idleFloorBytes ?? open.floorBytes,
    peakBytes: open.peakBytes,
    idle: open.jobsKnown ? open.idleFloorBytes !== null : null,
  };
}

/** Follows the warm-up. The very first bucket belongs to the start of the process and is left out. */
function warmedUp(curve: Curve, bucket: Bucket, windowMs: number): Pick<Curve, 'warmup' | 'warmFloorBytes'> {
  if (curve.warmFloorBytes !== null) return { warmup: [], warmFloorBytes: curve.warmFloorBytes };
  const warmup = curve.closedBuckets === 0 ? [] : [...curve.warmup, bucket.floorBytes];
  const last = warmup.slice(-LEVEL_BUCKETS);
  const spread = Math.max(...last) - Math.min(...last);
  if (last.length === LEVEL_BUCKETS && spread <= Math.max(LEVEL_SHARE * Math.max(...last), LEVEL_BYTES)) {
    return { warmup: [], warmFloorBytes: median(last) };
  }
  const sinceMs = bucket.timeMs - (curve.fine[0]?.timeMs ?? bucket.timeMs);
  const isOver = warmup.length > LEVEL_BUCKETS && sinceMs >= WARMUP_WINDOWS * windowMs;
  return { warmup, warmFloorBytes: isOver ? median(warmup.slice(0, 3)) : null };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}

function lower(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}
