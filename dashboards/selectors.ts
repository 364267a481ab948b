/** What the variables at the top choose, as PromQL selectors, and queries for the values that they offer. */

/** Metrics that are named by target, not by dyno. */
export const OF_TARGET = 'app=~"$app",process_type=~"$process_type"';
export const OF_DYNO = `${OF_TARGET},dyno=~"$dyno"`;
export const OF_QUEUE = `${OF_DYNO},messaging_destination_name=~"$queue"`;
/** Change that belongs to no job (`_idle`) has no queue: it is shown while all queues are chosen. */
export const OF_JOB = `${OF_QUEUE},bullmq_job_name=~"$job"`;

/** Each asks for values of what is chosen in the variables before it. */
export const APPS = 'label_values(process_memory_usage_bytes, app)';
export const PROCESS_TYPES = 'label_values(process_memory_usage_bytes{app=~"$app"}, process_type)';
export const DYNOS = `label_values(process_memory_usage_bytes{${OF_TARGET}}, dyno)`;
export const QUEUES = `label_values(bullmq_job_active{${OF_DYNO}}, messaging_destination_name)`;
export const JOBS = `label_values(bullmq_job_memory_net_bytes{${OF_QUEUE}}, bullmq_job_name)`;

/** What Grafana replaces with the value of its own variable. */
export function filledIn(variable: string): string {
  return `\${${variable}}`;
}

/**
 * What a cumulative series has gained over the dashboard's range. A counter that appears with its first event has no
 * sample before it, so `increase()` would miss that event: here what was there before the range counts, or 0. Processes
 * that have ended within the range are included: each starts at 0.
 */
export function gainedInRange(metric: string, { of, by }: { readonly of: string; readonly by: string }): string {
  const last = `last_over_time(${metric}{${of}}[$__range])`;
  return `sum by (${by}) (${last} - (${metric}{${of}} offset $__range or 0 * ${last}))`;
}
