import type { Job as JobKept, TargetJobs as TargetKept } from '../../job-totals/figures.ts';
import type { JobShare } from '../../model/job-point.ts';
import type { Suspect } from '../schema/fields.ts';
import type { Job, TargetJobs } from '../schema/jobs.ts';

export function showJobs(view: TargetKept): TargetJobs {
  return {
    app: view.app,
    process_type: view.processType,
    since_ms: view.sinceMs,
    jobs: view.jobs.map(showJob),
    idle_net_bytes: view.idleNetBytes,
    queues: view.queues.map(({ queue, activeJobs, heldBytes }) => ({
      queue,
      active_jobs: activeJobs,
      held_bytes: heldBytes,
    })),
    names_left_out: view.namesLeftOut,
    last_point_ms: view.lastPointMs,
  };
}

function showJob(job: JobKept): Job {
  return {
    queue: job.queue,
    name: job.name,
    net_bytes: job.netBytes,
    held_per_run_bytes: job.heldPerRunBytes,
    growth_median_bytes: job.growthMedianBytes,
    growth_worst_bytes: job.growthWorstBytes,
    runs: job.runs,
    known: job.known,
    dynos: job.dynos.map(({ dyno, bootId, netBytes, runs }) => ({ dyno, boot_id: bootId, net_bytes: netBytes, runs })),
  };
}

export function showShare({ queue, name, netBytes, runs, known }: JobShare): Suspect {
  return { queue, name, net_bytes: netBytes, runs, known };
}
