import { TUNING } from '../tuning.ts';
import type { Bucket, WarmFloor } from './level.ts';
import { median } from './statistics.ts';

/**
 * For a boot that never was level, the first floors: at most `FIRST_BUCKETS`, that began within `FIRST_WINDOWS`.
 * Buckets of rare samples are wide, and show what has grown since.
 */
const FIRST_BUCKETS = 5;
const FIRST_WINDOWS = 10;

/** The floor after the warm-up, once it is over; null before. `buckets` oldest first. */
export function warmFloorOf(
  buckets: readonly Bucket[],
  { originMs, windowMs }: { readonly originMs: number; readonly windowMs: number },
): WarmFloor | null {
  const warmup = buckets.filter(showsFloor);
  const last = warmup.slice(-TUNING.warmupLevelBuckets);
  if (last.length < TUNING.warmupLevelBuckets) return null;
  const floors = last.map(({ floorBytes }) => floorBytes);
  const [low, high] = [Math.min(...floors), Math.max(...floors)];
  if (high - low <= Math.max(TUNING.warmupLevelFraction * high, TUNING.warmupLevelBytes)) return middleOf(last);
  const windowsOf = ({ timeMs }: Bucket) => (timeMs - originMs) / windowMs;
  const isOver =
    warmup.length > TUNING.warmupLevelBuckets && warmup.some((one) => windowsOf(one) >= TUNING.warmupMaxWindows);
  if (!isOver) return null;
  const early = warmup.filter((bucket) => windowsOf(bucket) < FIRST_WINDOWS).length;
  return middleOf(warmup.slice(0, Math.max(1, early)).slice(-FIRST_BUCKETS));
}

/** Of what a bucket shows at most this fraction may belong to jobs that have run since before it began. */
const MAX_UNPROVEN_FRACTION = 0.1;

/**
 * While much of usage may belong to jobs that none has ended of yet, a bucket does not show what the process itself
 * holds.
 */
function showsFloor({ floorBytes, heldByJobsBytes, jobsBytes }: Bucket): boolean {
  return heldByJobsBytes - jobsBytes <= MAX_UNPROVEN_FRACTION * (floorBytes + heldByJobsBytes);
}

function middleOf(buckets: readonly Bucket[]): WarmFloor {
  const jobs = buckets.flatMap((bucket) => (bucket.jobs === null ? [] : [bucket.jobs]));
  return {
    floorBytes: median(buckets.map(({ floorBytes }) => floorBytes)),
    jobs: jobs.length === 0 ? null : median(jobs),
    jobsBytes: median(buckets.map(({ jobsBytes }) => jobsBytes)),
  };
}
