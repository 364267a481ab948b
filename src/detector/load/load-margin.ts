import type { Level } from '../curve/level.ts';
import { median } from '../curve/statistics.ts';
import { PARTS } from '../tuning.ts';

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

/** Fewer are the wobble of a mean. */
const MIN_MORE_JOBS = 0.5;

/** The median; null where jobs are not counted. */
export function jobsOf(levels: readonly Pick<Level, 'jobs'>[]): number | null {
  const jobs = levels.flatMap((level) => (level.jobs === null ? [] : [level.jobs]));
  return jobs.length === 0 ? null : median(jobs);
}
