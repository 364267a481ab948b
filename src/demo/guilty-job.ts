import type { TargetJobs } from '../web/schema/jobs.ts';
import { WORKER_TYPE } from './plan.ts';

/** A job name, over all queues and dynos of the bloating type, as the actuator measured it. */
export interface JobGrowth {
  readonly name: string;
  /** Signed. */
  readonly netBytes: number;
  /** Finished runs; those of unknown count add nothing. */
  readonly runs: number;
}

/**
 * The job names of the bloating type by net growth, the largest first. The API lists a name once for each queue, and
 * here every dyno has a queue of its own imports.
 */
export function growthByJob(targets: readonly Pick<TargetJobs, 'process_type' | 'jobs'>[]): readonly JobGrowth[] {
  const byName = new Map<string, JobGrowth>();
  for (const { process_type, jobs } of targets) {
    if (process_type !== WORKER_TYPE) continue;
    for (const { name, net_bytes, runs } of jobs) {
      const before = byName.get(name);
      const netBytes = (before?.netBytes ?? 0) + net_bytes;
      byName.set(name, { name, netBytes, runs: (before?.runs ?? 0) + (runs ?? 0) });
    }
  }
  return [...byName.values()].sort((a, b) => b.netBytes - a.netBytes);
}
