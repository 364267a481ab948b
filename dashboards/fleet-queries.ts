/**
 * Queries of the dashboard Fleet. The series of a process that has ended are still shown for two minutes, so usage is
 * summed by `instance` (one per process): an old boot is not added to its successor.
 */
import type { MemoryClass } from '../src/model/decision.ts';
import { gainedInRange, OF_DYNO } from './selectors.ts';

const DYNO = 'app, process_type, dyno';

export const USAGE_BY_BOOT = `sum by (${DYNO}, instance) (tidemark_dyno_memory_usage_bytes{${OF_DYNO}})`;
export const USAGE = `max by (${DYNO}) (${USAGE_BY_BOOT})`;
export const LIMIT = `max by (${DYNO}) (tidemark_dyno_memory_limit_bytes{${OF_DYNO}})`;
export const SOFT_LIMIT = `0.8 * ${LIMIT}`;
export const USAGE_FRACTION = `${USAGE} / ${LIMIT}`;

/** Seconds between two looks at whether a dyno is over its quota. */
const LOOK_S = 30;
/** Counted in looks, so it is exact to `LOOK_S`; 0 for a dyno that never was. */
const LOOKS_OVER_QUOTA = `count_over_time((${USAGE_FRACTION} > 1)[$__range:${LOOK_S}s])`;
export const TIME_OVER_QUOTA = `${LOOK_S} * ${LOOKS_OVER_QUOTA} or 0 * ${USAGE_FRACTION}`;

/** In the order of their weight. The number of each is what the panels' value mappings name. */
export const CLASSES = [
  'unknown',
  'warming',
  'healthy',
  'spike',
  'sawtooth',
  'bloat',
  'leak',
] as const satisfies readonly MemoryClass[];
export const CLASS = `max by (${DYNO}) (${CLASSES.map(
  (name, code) => `${code} * (tidemark_dyno_class{tidemark_class="${name}",${OF_DYNO}} == 1)`,
).join(' or ')})`;
export const TIME_TO_LIMIT = `min by (${DYNO}) (tidemark_dyno_time_to_limit_seconds{${OF_DYNO}})`;
export const JOBS_RUNNING = `sum by (${DYNO}) (bullmq_job_active{${OF_DYNO}})`;
export const RESTARTS_IN_RANGE = gainedInRange('tidemark_restarts_total', { of: OF_DYNO, by: DYNO });

const restarts = (counter: string) => `sum by (app, dyno, tidemark_outcome, instance) (${counter})`;
const RESTARTS = restarts(`tidemark_restarts_total{${OF_DYNO}}`);
const RESTARTS_BEFORE = restarts(`last_over_time(tidemark_restarts_total{${OF_DYNO}}[15m] offset 1m)`);
/** Above 0 for a minute after each end of an attempt, and not there at other times. */
export const RESTART_EVENTS = `${RESTARTS} - (${RESTARTS_BEFORE} or 0 * ${RESTARTS}) > 0`;

const MAIN = `${OF_DYNO},process_role="main"`;
const ofMain = (metric: string) => `sum(${metric}{${MAIN}})`;
export const HEAP_USED = ofMain('v8js_memory_heap_used_bytes');
const HEAP_SIZE = ofMain('v8js_memory_heap_space_size_bytes');
export const HEAP_FREE = `${HEAP_SIZE} - ${HEAP_USED}`;
export const EXTERNAL = ofMain('tidemark_process_memory_external_bytes');
export const THE_REST = `clamp_min(${ofMain('process_memory_usage_bytes')} - ${HEAP_SIZE} - ${EXTERNAL}, 0)`;

/** Of the rules in deploy/rules. */
export const ALERTS =
  'max by (alertname, severity, app, process_type, dyno) (ALERTS{alertname=~"Tidemark.+",alertstate="firing"})';
