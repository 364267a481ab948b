/**
 * The dashboard's queries in PromQL, one constant for each panel's line. Two traps are avoided throughout. A counter
 * that appears with its first event has no sample before it, so `increase()` would miss that event: what was there
 * before is read by `last_over_time` of the time before, or taken as 0. And the series of a process that has ended are
 * still shown for two minutes, so lines that must not mix an old boot with its successor are kept apart by `instance`.
 */

/** What the variables at the top choose. */
const CHOSEN = 'app=~"$app",process_type=~"$process_type",dyno=~"$dyno"';

/**
 * What a cumulative series has gained over the dashboard's range, processes that have ended included: each starts at 0.
 */
function gainedInRange(metric: string, by: string): string {
  const last = `last_over_time(${metric}{${CHOSEN}}[$__range])`;
  return `sum by (${by}) (${last} - (${metric}{${CHOSEN}} offset $__range or 0 * ${last}))`;
}

function quantileByJobName(histogram: string): string {
  const rate = `rate(${histogram}_bucket{${CHOSEN}}[$__rate_interval])`;
  return `histogram_quantile(0.95, sum by (le, bullmq_job_name) (${rate}))`;
}

export const DYNO_USAGE = `sum by (app, dyno, instance) (tidemark_dyno_memory_usage_bytes{${CHOSEN}})`;
export const DYNO_LIMIT = `max by (app, dyno) (tidemark_dyno_memory_limit_bytes{${CHOSEN}})`;
export const DYNO_USAGE_FRACTION = `max by (app, dyno) (sum by (app, dyno, instance) (tidemark_dyno_memory_usage_bytes{${CHOSEN}})) / on (app, dyno) max by (app, dyno) (tidemark_dyno_memory_limit_bytes{${CHOSEN}})`;

/** In the order of their weight: where an old class is still shown beside a new one, the graver of the two is drawn. */
export const CLASSES = ['unknown', 'warming', 'healthy', 'spike', 'sawtooth', 'bloat', 'leak'] as const;
export const DYNO_CLASS = `max by (app, dyno) (${CLASSES.map(
  (name, code) => `${code} * (tidemark_dyno_class{tidemark_class="${name}",${CHOSEN}} == 1)`,
).join(' or ')})`;
export const TIME_TO_LIMIT = `min by (app, dyno) (tidemark_dyno_time_to_limit_seconds{${CHOSEN}})`;

const RESTARTS = `sum by (app, dyno, tidemark_outcome, instance) (tidemark_restarts_total{${CHOSEN}})`;
const RESTARTS_BEFORE = `sum by (app, dyno, tidemark_outcome, instance) (last_over_time(tidemark_restarts_total{${CHOSEN}}[15m] offset 1m))`;
/** Above 0 for a minute after each end of an attempt, and not there at other times. */
export const RESTART_EVENTS = `${RESTARTS} - (${RESTARTS_BEFORE} or 0 * ${RESTARTS}) > 0`;
export const RESTARTS_IN_RANGE = gainedInRange('tidemark_restarts_total', 'app, dyno, tidemark_outcome');
export const RESTART_DURATION = `sum by (tidemark_outcome) (last_over_time(tidemark_restart_duration_seconds_sum{${CHOSEN}}[$__range])) / sum by (tidemark_outcome) (last_over_time(tidemark_restart_duration_seconds_count{${CHOSEN}}[$__range]))`;
/** Named by target, not by dyno. */
const OF_TARGET = 'app=~"$app",process_type=~"$process_type"';
export const RECLAIMED = `sum by (app, process_type) (last_over_time(tidemark_restart_reclaimed_bytes_sum{${OF_TARGET}}[$__range])) / sum by (app, process_type) (last_over_time(tidemark_restart_reclaimed_bytes_count{${OF_TARGET}}[$__range]))`;
export const DECISIONS = gainedInRange('tidemark_decisions_total', 'tidemark_class, tidemark_action, tidemark_reason');

export const NET_IN_RANGE = `topk(20, ${gainedInRange('bullmq_job_memory_net_bytes', 'bullmq_job_name, messaging_destination_name')})`;
export const NET_NOW = `sum by (bullmq_job_name) (bullmq_job_memory_net_bytes{${CHOSEN}})`;
export const JOB_GROWTH = quantileByJobName('bullmq_job_memory_growth_bytes');
export const JOB_RECLAIMED = quantileByJobName('bullmq_job_memory_reclaimed_bytes');
export const JOB_DURATION = quantileByJobName('messaging_process_duration_seconds');
export const JOBS_ACTIVE = `sum by (dyno, messaging_destination_name) (bullmq_job_active{${CHOSEN}})`;
export const JOB_RATE = `sum by (bullmq_job_name, bullmq_job_outcome) (rate(messaging_process_duration_seconds_count{${CHOSEN}}[$__rate_interval]))`;
export const SANDBOX_EXITS = gainedInRange('bullmq_sandbox_exits_total', 'bullmq_job_name, tidemark_exit_reason');

const MAIN = `${CHOSEN},process_role="main"`;
const ofMain = (metric: string) => `sum(${metric}{${MAIN}})`;
export const HEAP_USED = ofMain('v8js_memory_heap_used_bytes');
export const HEAP_FREE = `${ofMain('v8js_memory_heap_space_size_bytes')} - ${HEAP_USED}`;
export const EXTERNAL = ofMain('tidemark_process_memory_external_bytes');
export const THE_REST = `clamp_min(${ofMain('process_memory_usage_bytes')} - ${ofMain('v8js_memory_heap_space_size_bytes')} - ${EXTERNAL}, 0)`;

export const INGEST = 'sum by (tidemark_result) (rate(tidemark_ingest_data_points_total[$__rate_interval]))';
export const BOOTS_ACTIVE = 'max(tidemark_boot_active)';

/** Values of the variables; each asks of what is chosen above it. */
export const APPS = 'label_values(process_memory_usage_bytes, app)';
export const PROCESS_TYPES = 'label_values(process_memory_usage_bytes{app=~"$app"}, process_type)';
export const DYNOS = 'label_values(process_memory_usage_bytes{app=~"$app",process_type=~"$process_type"}, dyno)';
