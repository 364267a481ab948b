/**
 * Names, units and meanings of what Tidemark emits, which worker and actuator share (`emitted.ts` lists them all).
 * Names from OpenTelemetry semantic conventions that are still in development are copied on purpose: their package may
 * change them in a minor release.
 */

/**
 * Value of `messaging.system`. The conventions have no member for BullMQ; its other instrumentations use this value.
 */
export const MESSAGING_SYSTEM_BULLMQ = 'bullmq';
/** Value of `messaging.operation.name` while a processor runs a job. */
export const MESSAGING_OPERATION_PROCESS = 'process';

/** The instrumentation scope of everything a worker emits. */
export const SCOPE_NAME = 'tidemark';

// ---------------------------------------------------------------- resource
export const ATTR_SERVICE_NAME = 'service.name';
export const ATTR_SERVICE_VERSION = 'service.version';
export const ATTR_SERVICE_INSTANCE_ID = 'service.instance.id';
export const ATTR_CLOUD_PROVIDER = 'cloud.provider';
export const ATTR_HEROKU_APP_ID = 'heroku.app.id';
export const ATTR_HEROKU_APP_NAME = 'heroku.app.name';
export const ATTR_HEROKU_RELEASE_COMMIT = 'heroku.release.commit';
export const ATTR_HEROKU_RELEASE_CREATION_TIMESTAMP = 'heroku.release.creation_timestamp';
export const ATTR_HEROKU_DYNO_NAME = 'heroku.dyno.name';
export const ATTR_HEROKU_DYNO_ID = 'heroku.dyno.id';
export const ATTR_HEROKU_PROCESS_TYPE = 'heroku.process.type';
export const ATTR_DYNO_ID_SOURCE = 'tidemark.dyno.id.source';
export const ATTR_DYNO_START_TIME = 'tidemark.dyno.start_time';
export const ATTR_PROCESS_ID = 'tidemark.process.id';
export const ATTR_PROCESS_START_TIME = 'tidemark.process.start_time';
export const ATTR_PROCESS_ROLE = 'tidemark.process.role';
export const ATTR_PROCESS_ALLOCATOR = 'tidemark.process.allocator';
export const ATTR_PROCESS_MALLOC_ARENA_MAX = 'tidemark.process.malloc_arena_max';
export const ATTR_PROCESS_HEAP_LIMIT = 'tidemark.process.heap_limit';
export const ATTR_PROCESS_HEAP_LIMIT_SOURCE = 'tidemark.process.heap_limit_source';

// ---------------------------------------------------------------- attributes of data points
export const ATTR_MEMORY_STATE = 'tidemark.memory.state';
export const ATTR_MESSAGING_SYSTEM = 'messaging.system';
export const ATTR_MESSAGING_OPERATION_NAME = 'messaging.operation.name';
export const ATTR_MESSAGING_DESTINATION_NAME = 'messaging.destination.name';
export const ATTR_JOB_NAME = 'bullmq.job.name';
export const ATTR_JOB_OUTCOME = 'bullmq.job.outcome';
export const ATTR_ERROR_TYPE = 'error.type';
export const ATTR_ATTRIBUTION = 'tidemark.attribution';
export const ATTR_EXIT_REASON = 'tidemark.exit.reason';
export const ATTR_HEAP_SPACE_NAME = 'v8js.heap.space.name';

/** The job name for change that belongs to no job. */
export const JOB_NAME_IDLE = '_idle';
/** The job name for all names beyond `TIDEMARK_MAX_JOB_NAMES`. */
export const JOB_NAME_OTHER = '_other';
/** The semantic conventions' own word for an error type that is not named. */
export const ERROR_TYPE_OTHER = '_OTHER';

// ---------------------------------------------------------------- the points stream, on the queue's Redis
/**
 * Stream: each entry is one export of one process, as OTLP in JSON (`ExportMetricsServiceRequest`) in the field
 * `POINTS_STREAM_FIELD`.
 */
export const POINTS_STREAM_KEY = 'tidemark:points';
export const POINTS_STREAM_FIELD = 'otlp';
/**
 * Consumer group of the stream that records only how far the actuators have read. Each writes the id of its newest
 * entry there, at least every `POINTS_READ_MARK_MS` while entries arrive. It shows a worker whether an actuator reads.
 */
export const POINTS_STREAM_GROUP = 'tidemark';
export const POINTS_READ_MARK_MS = 10_000;
/** How much of the queue's memory the stream may use. If the reader keeps up, it uses almost none. */
export const POINTS_STREAM_MAX_BYTES = 4 * 1024 * 1024;

export interface MetricDefinition {
  readonly name: string;
  readonly instrument:
    | 'UpDownCounter'
    | 'ObservableUpDownCounter'
    | 'Counter'
    | 'ObservableCounter'
    | 'ObservableGauge'
    | 'Histogram';
  /** UCUM. */
  readonly unit: string;
  readonly description: string;
}

function define<const T extends MetricDefinition>(metric: T): T {
  return metric;
}

export const METRIC_PROCESS_MEMORY_USAGE = define({
  name: 'process.memory.usage',
  instrument: 'ObservableUpDownCounter',
  unit: 'By',
  description: 'RSS of this process.',
});
export const METRIC_DYNO_MEMORY_USAGE = define({
  name: 'tidemark.dyno.memory.usage',
  instrument: 'ObservableUpDownCounter',
  unit: 'By',
  description: 'Memory of all processes of the dyno; shared pages counted once; one process per dyno reports it.',
});
export const METRIC_DYNO_MEMORY_LIMIT = define({
  name: 'tidemark.dyno.memory.limit',
  instrument: 'ObservableUpDownCounter',
  unit: 'By',
  description: "The dyno's memory quota, if it is known inside the dyno.",
});
export const METRIC_V8JS_MEMORY_HEAP_USED = define({
  name: 'v8js.memory.heap.used',
  instrument: 'ObservableUpDownCounter',
  unit: 'By',
  description: 'Used bytes of the V8 heap, by heap space.',
});
export const METRIC_V8JS_MEMORY_HEAP_SPACE_SIZE = define({
  name: 'v8js.memory.heap.space.size',
  instrument: 'ObservableUpDownCounter',
  unit: 'By',
  description: 'Size of the V8 heap, by heap space; what is not used is free or garbage.',
});
export const METRIC_PROCESS_MEMORY_EXTERNAL = define({
  name: 'tidemark.process.memory.external',
  instrument: 'ObservableUpDownCounter',
  unit: 'By',
  description: 'Memory of C++ objects that JavaScript objects hold, outside the V8 heap.',
});
export const METRIC_PROCESS_MEMORY_ARRAY_BUFFERS = define({
  name: 'tidemark.process.memory.array_buffers',
  instrument: 'ObservableUpDownCounter',
  unit: 'By',
  description: 'External memory in ArrayBuffers, including Buffers.',
});
export const METRIC_JOB_MEMORY_NET = define({
  name: 'bullmq.job.memory.net',
  instrument: 'UpDownCounter',
  unit: 'By',
  description: 'Signed share of the RSS change that the jobs of a name made; _idle is what belongs to no job.',
});
export const METRIC_JOB_MEMORY_GROWTH = define({
  name: 'bullmq.job.memory.growth',
  instrument: 'Histogram',
  unit: 'By',
  description: 'RSS that one job added.',
});
export const METRIC_JOB_MEMORY_RECLAIMED = define({
  name: 'bullmq.job.memory.reclaimed',
  instrument: 'Histogram',
  unit: 'By',
  description: 'RSS that was released during one job.',
});
export const METRIC_JOB_ACTIVE = define({
  name: 'bullmq.job.active',
  instrument: 'ObservableUpDownCounter',
  unit: '{job}',
  description: 'Jobs running now.',
});
export const METRIC_JOB_ACTIVE_AGE = define({
  name: 'bullmq.job.active_age',
  instrument: 'ObservableGauge',
  unit: 's',
  description: 'Time since the oldest running job of this process began; 0 while none runs.',
});
export const METRIC_JOB_MEMORY_HELD = define({
  name: 'bullmq.job.memory.held',
  instrument: 'ObservableUpDownCounter',
  unit: 'By',
  description: 'Estimate of the memory that running jobs use and will release when they end.',
});
export const METRIC_SANDBOX_EXITS = define({
  name: 'bullmq.sandbox.exits',
  instrument: 'Counter',
  unit: '{process}',
  description: 'Sandbox processes that ended while running a job, by reason: `memory`, `signal`, `code`.',
});
export const METRIC_PROCESS_DURATION = define({
  name: 'messaging.process.duration',
  instrument: 'Histogram',
  unit: 's',
  description: 'Duration of processing a job.',
});

// ---------------------------------------------------------------- what the actuator says of itself
// The dyno that a point is about is named on the point, by `heroku.app.name`, `heroku.process.type` and
// `heroku.dyno.name`, because the resource is the actuator's own.
export const ATTR_CLASS = 'tidemark.class';
export const ATTR_ACTION = 'tidemark.action';
export const ATTR_REASON = 'tidemark.reason';
export const ATTR_OUTCOME = 'tidemark.outcome';
export const ATTR_RESULT = 'tidemark.result';
export const ATTR_OBSTACLE = 'tidemark.obstacle';

export const METRIC_DECISIONS = define({
  name: 'tidemark.decisions',
  instrument: 'Counter',
  unit: '{decision}',
  description: 'Decisions, including those to do nothing; a new one is counted when class, action or reason changes.',
});
export const METRIC_RESTARTS = define({
  name: 'tidemark.restarts',
  instrument: 'Counter',
  unit: '{restart}',
  description: 'Finished attempts to restart a dyno, by outcome.',
});
export const METRIC_RESTART_DURATION = define({
  name: 'tidemark.restart.duration',
  instrument: 'Histogram',
  unit: 's',
  description: 'From the claim of a restart to its end, including the drain.',
});
export const METRIC_RESTART_RECLAIMED = define({
  name: 'tidemark.restart.reclaimed',
  instrument: 'Histogram',
  unit: 'By',
  description: "Usage before a restart minus the new boot's floor after its warm-up; 0 if nothing was reclaimed.",
});
export const METRIC_INGEST_DATA_POINTS = define({
  name: 'tidemark.ingest.data_points',
  instrument: 'ObservableCounter',
  unit: '{data_point}',
  description: 'Data points that the actuator received, by result.',
});
export const METRIC_BOOT_ACTIVE = define({
  name: 'tidemark.boot.active',
  instrument: 'ObservableUpDownCounter',
  unit: '{boot}',
  description: 'Boots whose newest point is at most TIDEMARK_MAX_POINT_AGE old.',
});
export const METRIC_DYNO_CLASS = define({
  name: 'tidemark.dyno.class',
  instrument: 'ObservableUpDownCounter',
  unit: '{dyno}',
  description: "The class of the dyno's memory curve: a series per class, 1 for the current one and 0 for the others.",
});
export const METRIC_DYNO_TIME_TO_LIMIT = define({
  name: 'tidemark.dyno.time_to_limit',
  instrument: 'ObservableGauge',
  unit: 's',
  description: "Time until the dyno's floor reaches its limit; absent while the floor does not rise.",
});
export const METRIC_INGEST_LAG = define({
  name: 'tidemark.ingest.lag',
  instrument: 'ObservableGauge',
  unit: 's',
  description: 'Age of the newest measurement of the active boot that is furthest behind; absent while none is active.',
});
export const METRIC_PLATFORM_CALLS = define({
  name: 'tidemark.platform.calls',
  instrument: 'ObservableCounter',
  unit: '{call}',
  description: 'Calls of the Platform API since the start, restarts included.',
});
export const METRIC_PLATFORM_CALLS_REMAINING = define({
  name: 'tidemark.platform.calls.remaining',
  instrument: 'ObservableUpDownCounter',
  unit: '{call}',
  description: "Calls that the account's limit leaves for all its tools.",
});
export const METRIC_PLATFORM_BUDGET_REMAINING = define({
  name: 'tidemark.platform.budget.remaining',
  instrument: 'ObservableUpDownCounter',
  unit: '{call}',
  description: 'Calls of TIDEMARK_API_BUDGET that watching may make now.',
});
export const METRIC_ACTUATOR_LEADING = define({
  name: 'tidemark.actuator.leading',
  instrument: 'ObservableUpDownCounter',
  unit: '{actuator}',
  description: '1 for the actuator that leads, 0 for a standby.',
});
export const METRIC_TARGET_OBSTACLE = define({
  name: 'tidemark.target.obstacle',
  instrument: 'ObservableUpDownCounter',
  unit: '{target}',
  description:
    'What prevents automatic restarts of a target: a series per obstacle, 1 while it holds and 0 otherwise. While ' +
    'the ledger cannot be read, only what is known without it.',
});
export const METRIC_TARGET_RESTART_REMAINING = define({
  name: 'tidemark.target.restart.remaining',
  instrument: 'ObservableUpDownCounter',
  unit: '{restart}',
  description: 'Restarts that the budget of the last hour still allows; absent while the ledger cannot be read.',
});
export const METRIC_TARGET_RESTART_USELESS = define({
  name: 'tidemark.target.restart.useless',
  instrument: 'ObservableUpDownCounter',
  unit: '{restart}',
  description: 'Newest restarts in a row that gave nothing back, or not for long; the second one opens the breaker.',
});
