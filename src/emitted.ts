/** Every metric and attribute that Tidemark emits, as the documents list them and the tests check them. */
import {
  ATTR_ACTION,
  ATTR_ATTRIBUTION,
  ATTR_CLASS,
  ATTR_CLOUD_PROVIDER,
  ATTR_DYNO_ID_SOURCE,
  ATTR_DYNO_START_TIME,
  ATTR_ERROR_TYPE,
  ATTR_EXIT_REASON,
  ATTR_HEAP_SPACE_NAME,
  ATTR_HEROKU_APP_ID,
  ATTR_HEROKU_APP_NAME,
  ATTR_HEROKU_DYNO_ID,
  ATTR_HEROKU_DYNO_NAME,
  ATTR_HEROKU_PROCESS_TYPE,
  ATTR_HEROKU_RELEASE_COMMIT,
  ATTR_HEROKU_RELEASE_CREATION_TIMESTAMP,
  ATTR_JOB_NAME,
  ATTR_JOB_OUTCOME,
  ATTR_MEMORY_STATE,
  ATTR_MESSAGING_DESTINATION_NAME,
  ATTR_MESSAGING_OPERATION_NAME,
  ATTR_MESSAGING_SYSTEM,
  ATTR_OBSTACLE,
  ATTR_OUTCOME,
  ATTR_PROCESS_ALLOCATOR,
  ATTR_PROCESS_HEAP_LIMIT,
  ATTR_PROCESS_HEAP_LIMIT_SOURCE,
  ATTR_PROCESS_ID,
  ATTR_PROCESS_MALLOC_ARENA_MAX,
  ATTR_PROCESS_ROLE,
  ATTR_PROCESS_START_TIME,
  ATTR_REASON,
  ATTR_RESULT,
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_VERSION,
  METRIC_ACTUATOR_LEADING,
  METRIC_BOOT_ACTIVE,
  METRIC_DECISIONS,
  METRIC_DYNO_CLASS,
  METRIC_DYNO_MEMORY_LIMIT,
  METRIC_DYNO_MEMORY_USAGE,
  METRIC_DYNO_TIME_TO_LIMIT,
  METRIC_INGEST_DATA_POINTS,
  METRIC_INGEST_LAG,
  METRIC_JOB_ACTIVE,
  METRIC_JOB_ACTIVE_AGE,
  METRIC_JOB_MEMORY_GROWTH,
  METRIC_JOB_MEMORY_HELD,
  METRIC_JOB_MEMORY_NET,
  METRIC_JOB_MEMORY_RECLAIMED,
  METRIC_PLATFORM_BUDGET_REMAINING,
  METRIC_PLATFORM_CALLS,
  METRIC_PLATFORM_CALLS_REMAINING,
  METRIC_PROCESS_DURATION,
  METRIC_PROCESS_MEMORY_ARRAY_BUFFERS,
  METRIC_PROCESS_MEMORY_EXTERNAL,
  METRIC_PROCESS_MEMORY_USAGE,
  METRIC_RESTART_DURATION,
  METRIC_RESTART_RECLAIMED,
  METRIC_RESTARTS,
  METRIC_SANDBOX_EXITS,
  METRIC_TARGET_OBSTACLE,
  METRIC_TARGET_RESTART_REMAINING,
  METRIC_TARGET_RESTART_USELESS,
  METRIC_V8JS_MEMORY_HEAP_SPACE_SIZE,
  METRIC_V8JS_MEMORY_HEAP_USED,
  type MetricDefinition,
} from './semconv.ts';

const JOB_ATTRIBUTES = [
  ATTR_MESSAGING_SYSTEM,
  ATTR_MESSAGING_DESTINATION_NAME,
  ATTR_JOB_NAME,
  ATTR_JOB_OUTCOME,
  ATTR_ATTRIBUTION,
] as const;
const TARGET_ATTRIBUTES = [ATTR_HEROKU_APP_NAME, ATTR_HEROKU_PROCESS_TYPE] as const;
const DYNO_ATTRIBUTES = [...TARGET_ATTRIBUTES, ATTR_HEROKU_DYNO_NAME] as const;

/** A metric with the attributes of its data points. */
export interface EmittedMetric {
  readonly metric: MetricDefinition;
  readonly emittedBy: 'worker' | 'actuator';
  readonly attributes: readonly string[];
}

function by(emittedBy: EmittedMetric['emittedBy'], metric: MetricDefinition, attributes: readonly string[] = []) {
  return { metric, emittedBy, attributes };
}

/** Every metric, in the order in which documents list them. */
export const METRICS: readonly EmittedMetric[] = [
  by('worker', METRIC_PROCESS_MEMORY_USAGE),
  by('worker', METRIC_DYNO_MEMORY_USAGE, [ATTR_MEMORY_STATE]),
  by('worker', METRIC_DYNO_MEMORY_LIMIT),
  by('worker', METRIC_V8JS_MEMORY_HEAP_USED, [ATTR_HEAP_SPACE_NAME]),
  by('worker', METRIC_V8JS_MEMORY_HEAP_SPACE_SIZE, [ATTR_HEAP_SPACE_NAME]),
  by('worker', METRIC_PROCESS_MEMORY_EXTERNAL),
  by('worker', METRIC_PROCESS_MEMORY_ARRAY_BUFFERS),
  by('worker', METRIC_JOB_MEMORY_NET, JOB_ATTRIBUTES),
  by('worker', METRIC_JOB_MEMORY_GROWTH, JOB_ATTRIBUTES),
  by('worker', METRIC_JOB_MEMORY_RECLAIMED, JOB_ATTRIBUTES),
  by('worker', METRIC_PROCESS_DURATION, [...JOB_ATTRIBUTES, ATTR_MESSAGING_OPERATION_NAME, ATTR_ERROR_TYPE]),
  by('worker', METRIC_JOB_ACTIVE, [ATTR_MESSAGING_SYSTEM, ATTR_MESSAGING_DESTINATION_NAME]),
  by('worker', METRIC_JOB_ACTIVE_AGE),
  by('worker', METRIC_JOB_MEMORY_HELD, [ATTR_MESSAGING_SYSTEM, ATTR_MESSAGING_DESTINATION_NAME]),
  by('worker', METRIC_SANDBOX_EXITS, [...JOB_ATTRIBUTES, ATTR_EXIT_REASON]),
  by('actuator', METRIC_DECISIONS, [ATTR_CLASS, ATTR_ACTION, ATTR_REASON, ...DYNO_ATTRIBUTES]),
  by('actuator', METRIC_RESTARTS, [ATTR_OUTCOME, ...DYNO_ATTRIBUTES]),
  by('actuator', METRIC_RESTART_DURATION, [ATTR_OUTCOME, ...DYNO_ATTRIBUTES]),
  by('actuator', METRIC_RESTART_RECLAIMED, TARGET_ATTRIBUTES),
  by('actuator', METRIC_INGEST_DATA_POINTS, [ATTR_RESULT]),
  by('actuator', METRIC_BOOT_ACTIVE),
  by('actuator', METRIC_DYNO_CLASS, [ATTR_CLASS, ...DYNO_ATTRIBUTES]),
  by('actuator', METRIC_DYNO_TIME_TO_LIMIT, DYNO_ATTRIBUTES),
  by('actuator', METRIC_INGEST_LAG),
  by('actuator', METRIC_ACTUATOR_LEADING),
  by('actuator', METRIC_PLATFORM_CALLS),
  by('actuator', METRIC_PLATFORM_CALLS_REMAINING),
  by('actuator', METRIC_PLATFORM_BUDGET_REMAINING),
  by('actuator', METRIC_TARGET_OBSTACLE, [ATTR_OBSTACLE, ...TARGET_ATTRIBUTES]),
  by('actuator', METRIC_TARGET_RESTART_REMAINING, TARGET_ATTRIBUTES),
  by('actuator', METRIC_TARGET_RESTART_USELESS, TARGET_ATTRIBUTES),
];

/** An attribute that workers emit. */
export interface EmittedAttribute {
  readonly name: string;
  /** `resource`: constant for the process's life. */
  readonly on: 'resource' | 'points';
  readonly meaning: string;
}

function onResource(name: string, meaning: string): EmittedAttribute {
  return { name, on: 'resource', meaning };
}

function onPoints(name: string, meaning: string): EmittedAttribute {
  return { name, on: 'points', meaning };
}

/** Every attribute that workers emit; what cannot be known is left out. */
export const WORKER_ATTRIBUTES: readonly EmittedAttribute[] = [
  onPoints(ATTR_MESSAGING_SYSTEM, '`bullmq`'),
  onPoints(ATTR_MESSAGING_DESTINATION_NAME, 'The queue.'),
  onPoints(
    ATTR_JOB_NAME,
    "The job's name, up to 256 characters; `_other` beyond `TIDEMARK_MAX_JOB_NAMES` names, " +
      '`_idle` for what belongs to no job.',
  ),
  onPoints(
    ATTR_JOB_OUTCOME,
    '`completed`, `failed`, `delayed`, `waiting`, `waiting_children`, `rate_limited`, `cancelled`',
  ),
  onPoints(
    ATTR_ATTRIBUTION,
    '`exclusive`: the job ran alone; `shared`: jobs overlapped, an estimate; ' +
      '`sandboxed`: measured in its child process',
  ),
  onPoints(ATTR_MESSAGING_OPERATION_NAME, '`process`'),
  onPoints(
    ATTR_ERROR_TYPE,
    'The class of the error, if the outcome is `failed`; `_OTHER` if it has no usable name, ' +
      "and beyond a process's first 20 classes.",
  ),
  onPoints(ATTR_EXIT_REASON, 'Why a sandbox ended while running a job: `memory`, `signal`, `code`.'),
  onPoints(ATTR_MEMORY_STATE, '`resident`, `swap`'),
  onPoints(ATTR_HEAP_SPACE_NAME, "V8's name of the heap space."),
  onResource(
    ATTR_SERVICE_NAME,
    "`OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, else the app's name; the app's own SDK may choose another",
  ),
  onResource(ATTR_SERVICE_INSTANCE_ID, 'Random, one per process, unless `OTEL_RESOURCE_ATTRIBUTES` sets another.'),
  onResource(ATTR_PROCESS_ID, 'Random, one per process: identifies a process of the dyno.'),
  onResource(ATTR_PROCESS_START_TIME, 'RFC 3339: when this process started.'),
  onResource(ATTR_SERVICE_VERSION, 'The release, `HEROKU_RELEASE_VERSION`.'),
  onResource(ATTR_CLOUD_PROVIDER, '`heroku`, on a dyno'),
  onResource(ATTR_HEROKU_APP_ID, '`HEROKU_APP_ID`'),
  onResource(ATTR_HEROKU_APP_NAME, '`TIDEMARK_APP`, else `HEROKU_APP_NAME`'),
  onResource(ATTR_HEROKU_RELEASE_COMMIT, '`HEROKU_BUILD_COMMIT`, else `HEROKU_SLUG_COMMIT`'),
  onResource(
    ATTR_HEROKU_RELEASE_CREATION_TIMESTAMP,
    'RFC 3339: when the release was created, `HEROKU_RELEASE_CREATED_AT`.',
  ),
  onResource(ATTR_HEROKU_DYNO_NAME, '`DYNO`, for example `worker.1`'),
  onResource(ATTR_HEROKU_PROCESS_TYPE, 'For example `worker`.'),
  onResource(
    ATTR_HEROKU_DYNO_ID,
    'The boot of the dyno: `HEROKU_DYNO_ID`, else an id that all its processes derive alike.',
  ),
  onResource(ATTR_DYNO_ID_SOURCE, '`platform`, `derived`'),
  onResource(ATTR_DYNO_START_TIME, 'RFC 3339: when the dyno started.'),
  onResource(ATTR_PROCESS_ROLE, '`main`; `sandbox`: a child that BullMQ forked to run jobs'),
  onResource(ATTR_PROCESS_ALLOCATOR, '`glibc`, `musl`, `jemalloc`, `tcmalloc`, `mimalloc`: by the mapped libraries'),
  onResource(ATTR_PROCESS_MALLOC_ARENA_MAX, '`MALLOC_ARENA_MAX`, if it is set'),
  onResource(ATTR_PROCESS_HEAP_LIMIT, 'Maximum size of the V8 heap, bytes.'),
  onResource(
    ATTR_PROCESS_HEAP_LIMIT_SOURCE,
    "`flag`: by `--max-old-space-size` or a similar flag; `default`: V8's own choice",
  ),
];
