/**
 * Names, units and meanings of what Tidemark emits, which worker and actuator share. Names from OpenTelemetry semantic
 * conventions that are still in development are copied on purpose: their package may change them in a minor release.
 */

/**
 * Value of `messaging.system`. The conventions have no member for BullMQ; its other instrumentations use this value.
 */
export const MESSAGING_SYSTEM_BULLMQ = 'bullmq';

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
export const ATTR_MESSAGING_DESTINATION_NAME = 'messaging.destination.name';
export const ATTR_JOB_NAME = 'bullmq.job.name';
export const ATTR_JOB_OUTCOME = 'bullmq.job.outcome';
export const ATTR_ATTRIBUTION = 'tidemark.attribution';
export const ATTR_EXIT_REASON = 'tidemark.exit.reason';
export const ATTR_HEAP_SPACE_NAME = 'v8js.heap.space.name';

/** The job name for change while no job ran. */
export const JOB_NAME_IDLE = '_idle';
/** The job name for all names beyond `TIDEMARK_MAX_JOB_NAMES`. */
export const JOB_NAME_OTHER = '_other';

// ---------------------------------------------------------------- the drain, on the queue's Redis
/** The boot whose workers are asked to drain. App and boot id are those of its points. */
export interface DrainedBoot {
  readonly app: string;
  readonly bootId: string;
}

/** The keys of one boot's drain. Each lives for `DRAIN_KEY_LIFE_MS` after it was last written. */
export interface DrainKeyNames {
  /** String, `drainQuestion`: the attempt for which the boot's workers must take no more jobs. */
  readonly question: string;
  /** Hash: what the processes of the boot answer, by `tidemark.process.id`; each a `DrainAnswer` as JSON. */
  readonly answers: string;
  /** Hash, the same answers under a former name. */
  readonly formerAnswers: string;
}

/** Characters of an escaped name. App names have at most 30 characters, dyno ids 36. */
const DRAIN_NAME_MAX_LENGTH = 200;

/**
 * Ids come from environments and from points, so separators in them are escaped: no app and no boot id can produce
 * another boot's key. Null if one is empty or too long to be real.
 */
export function drainKeyNames({ app, bootId }: DrainedBoot): DrainKeyNames | null {
  const parts = [app, bootId].map((part) => encodeURIComponent(part.toWellFormed()));
  if (parts.some((part) => part.length === 0 || part.length > DRAIN_NAME_MAX_LENGTH)) return null;
  const name = parts.join(':');
  return {
    question: `tidemark:drain:${name}`,
    answers: `tidemark:drain-answers:${name}`,
    formerAnswers: `tidemark:drain:${name}:answers`,
  };
}

/** How long the keys live after they were last written, and the age at which an answer no longer counts. */
export const DRAIN_KEY_LIFE_MS = 10_000;

/** How long workers stay stopped for an attempt, counted from when they first see it, if the question does not say. */
const DRAIN_DEFAULT_HOLD_MS = 15 * 60_000;
/** The longest time that a question can ask for: Heroku restarts each dyno daily anyway. */
const DRAIN_MAX_HOLD_MS = 24 * 3_600_000;

export interface DrainQuestion {
  readonly attemptId: string;
  /** How long the workers stay stopped at most, whatever happens to the key: no attempt is open for longer. */
  readonly holdMs: number;
}

/** The value of the question's key: `<attempt id>` or `<attempt id> <holdMs>`. */
export function drainQuestion({ attemptId, holdMs }: DrainQuestion): string {
  return `${attemptId} ${Math.ceil(holdMs)}`;
}

/** Null if the value is not a question. */
export function parseDrainQuestion(value: string): DrainQuestion | null {
  const match = /^([^\s]{1,100})(?: (\d{1,15}))?$/.exec(value);
  if (match?.[1] === undefined) return null;
  const asked = match[2] === undefined ? DRAIN_DEFAULT_HOLD_MS : Number(match[2]);
  return { attemptId: match[1], holdMs: Math.min(asked, DRAIN_MAX_HOLD_MS) };
}

export interface DrainAnswer {
  readonly attemptId: string;
  /** Its workers take no jobs, and none runs. */
  readonly idle: boolean;
  /** Redis's time (Unix ms) when the process read the key that this answers, so that a delayed write shows its age. */
  readonly atMs: number;
}

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
  description: 'Signed sum of the RSS change while jobs ran; the job name _idle means change while none ran.',
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
/** These name the dyno that a point is about. They are on the points, because the resource is the actuator's own. */
export const ATTR_ABOUT_APP = 'app';
export const ATTR_ABOUT_PROCESS_TYPE = 'process_type';
export const ATTR_ABOUT_DYNO = 'dyno';
export const ATTR_CLASS = 'class';
export const ATTR_ACTION = 'action';
export const ATTR_REASON = 'reason';
export const ATTR_OUTCOME = 'outcome';
export const ATTR_RESULT = 'result';

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
export const METRIC_INGEST_DATAPOINTS = define({
  name: 'tidemark.ingest.datapoints',
  instrument: 'ObservableCounter',
  unit: '{datapoint}',
  description: 'Data points that the actuator received, by result.',
});
export const METRIC_BOOTS_ACTIVE = define({
  name: 'tidemark.boots.active',
  instrument: 'ObservableUpDownCounter',
  unit: '{boot}',
  description: 'Boots whose newest point is at most TIDEMARK_MAX_POINT_AGE old.',
});
export const METRIC_DYNO_CLASS = define({
  name: 'tidemark.dyno.class',
  instrument: 'ObservableGauge',
  unit: '{dyno}',
  description: "Always 1; the attribute is the class of the dyno's memory curve.",
});
export const METRIC_DYNO_TIME_TO_LIMIT = define({
  name: 'tidemark.dyno.time_to_limit',
  instrument: 'ObservableGauge',
  unit: 's',
  description: "Time until the dyno's floor reaches its limit; absent while the floor does not rise.",
});

// ---------------------------------------------------------------- all of them
const JOB_ATTRIBUTES = [
  ATTR_MESSAGING_SYSTEM,
  ATTR_MESSAGING_DESTINATION_NAME,
  ATTR_JOB_NAME,
  ATTR_JOB_OUTCOME,
  ATTR_ATTRIBUTION,
] as const;
const ABOUT_ATTRIBUTES = [ATTR_ABOUT_APP, ATTR_ABOUT_PROCESS_TYPE, ATTR_ABOUT_DYNO] as const;

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
  by('worker', METRIC_PROCESS_DURATION, JOB_ATTRIBUTES),
  by('worker', METRIC_JOB_ACTIVE, [ATTR_MESSAGING_SYSTEM, ATTR_MESSAGING_DESTINATION_NAME]),
  by('worker', METRIC_JOB_ACTIVE_AGE),
  by('worker', METRIC_JOB_MEMORY_HELD, [ATTR_MESSAGING_SYSTEM, ATTR_MESSAGING_DESTINATION_NAME]),
  by('worker', METRIC_SANDBOX_EXITS, [...JOB_ATTRIBUTES, ATTR_EXIT_REASON]),
  by('actuator', METRIC_DECISIONS, [ATTR_CLASS, ATTR_ACTION, ATTR_REASON, ...ABOUT_ATTRIBUTES]),
  by('actuator', METRIC_RESTARTS, [ATTR_OUTCOME, ...ABOUT_ATTRIBUTES]),
  by('actuator', METRIC_RESTART_DURATION, [ATTR_OUTCOME, ...ABOUT_ATTRIBUTES]),
  by('actuator', METRIC_RESTART_RECLAIMED, [ATTR_ABOUT_APP, ATTR_ABOUT_PROCESS_TYPE]),
  by('actuator', METRIC_INGEST_DATAPOINTS, [ATTR_RESULT]),
  by('actuator', METRIC_BOOTS_ACTIVE),
  by('actuator', METRIC_DYNO_CLASS, [ATTR_CLASS, ...ABOUT_ATTRIBUTES]),
  by('actuator', METRIC_DYNO_TIME_TO_LIMIT, ABOUT_ATTRIBUTES),
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
    "The job's name, up to 256 characters; `_other` beyond `TIDEMARK_MAX_JOB_NAMES` names, `_idle` for change while no job ran.",
  ),
  onPoints(
    ATTR_JOB_OUTCOME,
    '`completed`, `failed`, `delayed`, `waiting`, `waiting_children`, `rate_limited`, `cancelled`',
  ),
  onPoints(
    ATTR_ATTRIBUTION,
    '`exclusive`: the job ran alone; `shared`: jobs overlapped, an estimate; `sandboxed`: measured in its child process',
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
