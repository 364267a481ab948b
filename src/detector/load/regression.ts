import { TUNING } from '../tuning.ts';

/** A value and its standard error. Bytes. */
export interface Estimate {
  readonly bytes: number;
  readonly errorBytes: number;
}

/** Sums over changes of usage, older ones decayed: of bytes squared, and of ones. */
export interface UsageChanges {
  readonly bytes2: number;
  readonly changes: number;
}

/** Sums over the same changes, decayed alike: of jobs squared, and of jobs times bytes. */
export interface JobChanges {
  readonly jobs2: number;
  readonly jobsBytes: number;
}

/**
 * What usage changes by with a job: least squares through the origin. Null where the number of jobs has not changed
 * yet.
 */
export function slopeOf({ jobs2, jobsBytes }: JobChanges, { bytes2, changes }: UsageChanges): Estimate | null {
  if (jobs2 <= 0 || changes < TUNING.loadLagWindows) return null;
  const bytes = jobsBytes / jobs2;
  const unexplained = Math.max(0, bytes2 - bytes * jobsBytes) / changes;
  // Changes over five windows overlap: one in five is independent.
  return { bytes, errorBytes: Math.sqrt((TUNING.loadLagWindows * unexplained) / jobs2) };
}

/** Whether it is above zero beyond doubt; false for null. */
export function isSure(slope: Estimate | null): slope is Estimate {
  return slope !== null && slope.bytes > TUNING.loadSureErrors * slope.errorBytes;
}
