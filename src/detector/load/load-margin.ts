import type { Level } from '../curve/level.ts';
import { median } from '../curve/statistics.ts';
import { PARTS } from '../tuning.ts';
import type { BytesPerJob } from './job-load.ts';

/**
 * What more running jobs at the end of the levels than at their start may account for, bytes: the load's part is taken
 * out of the curve only as far as it is known. 0 where no more jobs run, and where jobs are not counted; huge where
 * nothing is known of what a job holds.
 */
export function loadMargin(levels: readonly Level[], marginBytesPerJob: number): number {
  const third = Math.max(1, Math.floor(levels.length / 3));
  const first = jobsOf(levels.slice(0, third));
  const last = jobsOf(levels.slice(-third));
  return first === null || last === null ? 0 : marginOf(last - first, marginBytesPerJob);
}

/** The same for `moreJobs` jobs more. */
export function marginOf(moreJobs: number, marginBytesPerJob: number): number {
  return PARTS.loadMargin && moreJobs > MIN_MORE_JOBS ? moreJobs * marginBytesPerJob : 0;
}

/**
 * How far a floor may be over an earlier one, both without their jobs, only because of `moreJobs` jobs more. Of fewer
 * jobs (below 0) each was taken out of the earlier floor by `bytes`, and held at least nothing: what is not known
 * of them can only make that floor too low by so much. Bytes.
 */
export function comparisonMargin(moreJobs: number, { bytes, marginBytes }: BytesPerJob): number {
  return moreJobs >= 0 ? marginOf(moreJobs, marginBytes) : marginOf(-moreJobs, Math.min(bytes, marginBytes));
}

/** Fewer are the wobble of a mean. */
const MIN_MORE_JOBS = 0.5;

/** The median; null where jobs are not counted. */
export function jobsOf(levels: readonly Pick<Level, 'jobs'>[]): number | null {
  const jobs = levels.flatMap((level) => (level.jobs === null ? [] : [level.jobs]));
  return jobs.length === 0 ? null : median(jobs);
}
