import type { TargetJobs } from '../../src/job-totals/figures.ts';
import type { JobTotals } from '../../src/job-totals/job-totals.ts';

/** What all steps of `addUp` come to. */
export function targetsOf(totals: JobTotals, nowMs: number): readonly TargetJobs[] {
  const steps = totals.addUp(nowMs);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
