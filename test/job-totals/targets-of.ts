import type { TargetJobs } from '../../src/job-totals/figures.ts';
import type { JobTotals } from '../../src/job-totals/job-totals.ts';
import { atOnce } from '../models/at-once.ts';

/** What all steps of `addUp` come to. */
export function targetsOf(totals: JobTotals, nowMs: number): readonly TargetJobs[] {
  return atOnce(totals.addUp(nowMs));
}
