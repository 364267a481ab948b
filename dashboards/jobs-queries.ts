/** Queries of the dashboard Jobs. */
import { gainedInRange, OF_JOB, OF_QUEUE } from './selectors.ts';

const JOB = 'bullmq_job_name, messaging_destination_name';

function quantileByJobName(histogram: string): string {
  const rate = `rate(${histogram}_bucket{${OF_JOB}}[$__rate_interval])`;
  return `histogram_quantile(0.95, sum by (le, bullmq_job_name) (${rate}))`;
}

export const NET_IN_RANGE = `topk(20, ${gainedInRange('bullmq_job_memory_net_bytes', { of: OF_JOB, by: JOB })})`;
export const NET_NOW = `sum by (bullmq_job_name) (bullmq_job_memory_net_bytes{${OF_JOB}})`;
export const GROWTH = quantileByJobName('bullmq_job_memory_growth_bytes');
export const RECLAIMED = quantileByJobName('bullmq_job_memory_reclaimed_bytes');
export const HELD = `sum by (dyno, messaging_destination_name) (bullmq_job_memory_held_bytes{${OF_QUEUE}})`;
export const DURATION = quantileByJobName('messaging_process_duration_seconds');
export const ACTIVE = `sum by (dyno, messaging_destination_name) (bullmq_job_active{${OF_QUEUE}})`;
const ENDS = `rate(messaging_process_duration_seconds_count{${OF_JOB}}[$__rate_interval])`;
export const RATE = `sum by (bullmq_job_name, bullmq_job_outcome) (${ENDS})`;
export const FAILURES = gainedInRange('messaging_process_duration_seconds_count', {
  of: `${OF_JOB},error_type!=""`,
  by: `${JOB}, error_type`,
});
export const SANDBOX_EXITS = gainedInRange('bullmq_sandbox_exits_total', {
  of: OF_JOB,
  by: `${JOB}, tidemark_exit_reason`,
});
