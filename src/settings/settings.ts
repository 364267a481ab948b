import { KAFKA_SETTINGS } from './kafka-settings.ts';
import { METRIC_MAP } from './metric-map.ts';
import { NOTICE_SETTINGS } from './notice-settings.ts';
import { PLATFORM_SETTINGS } from './platform-settings.ts';
import { optional, type Reader, type Setting, setting, windows } from './setting.ts';
import {
  COUNT,
  countFrom,
  DRY_RUN,
  DURATION,
  INGEST_TOKENS,
  LIMIT,
  NAME,
  orOff,
  PORT,
  REDIS_ADDRESS,
  SECRET,
  SIZE,
  SOURCES,
  SPAN,
  SWITCH,
  TARGETS,
  TRANSPORTS,
} from './values.ts';

const WORKER = ['worker'] as const satisfies readonly Reader[];
const SERVICE = ['actuator', 'doctor'] as const satisfies readonly Reader[];
/** Commands that read Redis where no actuator answers. */
const VIEWS = ['status', 'top'] as const satisfies readonly Reader[];
/** Commands that show what an actuator keeps in Redis. */
const REDIS_VIEWS = [...VIEWS, 'page'] as const satisfies readonly Reader[];
/** What the decisions depend on. */
const POLICY = ['actuator', 'doctor', 'replay', ...REDIS_VIEWS] as const satisfies readonly Reader[];
/** Commands that ask a running actuator. */
const CLIENTS = ['doctor', ...VIEWS, 'restart', 'pause', 'resume'] as const satisfies readonly Reader[];

/**
 * Every setting, declared once. Flags, parsing, defaults, `--help`, the table in the documentation and the worker's
 * list of known names come from here. Durations are in ms once they are read, sizes in bytes.
 */
export const SETTINGS = {
  port: setting({
    name: 'PORT',
    readBy: ['actuator', 'page', ...CLIENTS],
    value: PORT,
    default: '4318',
    meaning:
      'Where the actuator listens, and `tidemark page`; commands look for an actuator there unless `--url` names one.',
  }),
  ...PLATFORM_SETTINGS,
  ownApp: optional({
    name: 'HEROKU_APP_NAME',
    readBy: ['worker', ...SERVICE],
    value: NAME,
    unset: 'set by Heroku',
    meaning: 'This app: what `.` in `TIDEMARK_TARGETS` stands for.',
  }),
  targets: setting({
    name: 'TIDEMARK_TARGETS',
    readBy: SERVICE,
    value: TARGETS,
    default: { text: 'empty', of: () => [] },
    meaning:
      'The allow-list: Tidemark never restarts anything outside it. Write `.` for this app, and a trailing `*` ' +
      'for review apps: `.:worker,shop-pr-*:worker`.',
  }),
  dryRun: setting({
    name: 'TIDEMARK_DRY_RUN',
    readBy: SERVICE,
    value: DRY_RUN,
    default: 'true',
    meaning: 'Decide and log, but restart nothing; with a list, only these targets stay dry.',
  }),
  ingestTokens: setting({
    name: 'TIDEMARK_INGEST_TOKENS',
    isSecret: true,
    readBy: SERVICE,
    value: INGEST_TOKENS,
    default: { text: 'none: loopback only', of: () => [] },
    meaning: 'Who may deliver measurements, and of which app; `*=token` is for a Collector that speaks for all apps.',
  }),
  adminToken: optional({
    name: 'TIDEMARK_ADMIN_TOKEN',
    isSecret: true,
    readBy: ['actuator', ...CLIENTS],
    value: SECRET,
    unset: 'none: loopback only',
    meaning: 'Opens page and API, as Bearer or as the password of Basic. Commands send it to the actuator.',
  }),
  readToken: optional({
    name: 'TIDEMARK_READ_TOKEN',
    isSecret: true,
    readBy: ['actuator'],
    value: SECRET,
    unset: 'none',
    meaning: 'Opens page and API for reading only: with it nobody can pause, resume or restart.',
  }),
  queueRedisUrl: optional({
    name: 'REDIS_URL',
    readBy: [...SERVICE, ...REDIS_VIEWS, 'demo', 'pause', 'resume'],
    value: REDIS_ADDRESS,
    unset: 'none',
    meaning: "The queue's Redis. Also holds Tidemark's own state, unless `TIDEMARK_REDIS_URL` names another Redis.",
  }),
  stateRedisUrl: optional({
    name: 'TIDEMARK_REDIS_URL',
    readBy: [...SERVICE, ...REDIS_VIEWS, 'pause', 'resume'],
    value: REDIS_ADDRESS,
    unset: '`REDIS_URL`',
    meaning: "The Redis for Tidemark's own state: ledger and journal. Without one nothing is restarted.",
  }),
  transports: setting({
    name: 'TIDEMARK_TRANSPORT',
    readBy: WORKER,
    value: TRANSPORTS,
    default: 'otlp',
    meaning:
      "How a worker sends its measurements: over OTLP/HTTP, or to a stream on the queue's Redis, over BullMQ's " +
      'own connection.',
  }),
  sources: setting({
    name: 'TIDEMARK_SOURCE',
    readBy: SERVICE,
    value: SOURCES,
    default: 'otlp',
    meaning:
      'Where measurements come from: OTLP/HTTP on the port; the stream on `REDIS_URL`, where nothing can reach the ' +
      "actuator; Heroku's log drains (`logplex`), for any language; or `kafka` alone, for several actuators at once.",
  }),
  ...KAFKA_SETTINGS,
  metricMap: optional({
    name: 'TIDEMARK_METRIC_MAP',
    readBy: SERVICE,
    value: METRIC_MAP,
    unset: "none: Tidemark's own names",
    meaning:
      'Metrics and attributes of other OTLP senders: `process`, `container`, `hostmetrics`, or ' +
      '`usage=their.metric,dyno=their.attribute` (docs/setup/other-senders.md).',
  }),
  maxPointAgeMs: setting({
    name: 'TIDEMARK_MAX_POINT_AGE',
    readBy: SERVICE,
    value: DURATION,
    default: windows(2, 30_000),
    meaning: 'Older measurements are counted and never used.',
  }),
  embedded: setting({
    name: 'TIDEMARK_EMBEDDED',
    readBy: WORKER,
    value: SWITCH,
    default: 'false',
    meaning:
      'The actuator runs inside one of the workers of each process type, and restarts dynos of that type only. That ' +
      "worker reads the actuator's settings too, and needs `REDIS_URL`.",
  }),
  app: optional({
    name: 'TIDEMARK_APP',
    readBy: WORKER,
    value: NAME,
    unset: '`HEROKU_APP_NAME`',
    meaning: 'The app, where Heroku does not set its name. Dynos of an unknown app are never restarted.',
  }),
  limitBytes: optional({
    name: 'TIDEMARK_LIMIT',
    readBy: WORKER,
    value: SIZE,
    unset: 'found in the dyno',
    meaning:
      "The dyno's quota, instead of what cgroup v2, cgroup v1 or `MEMORY_AVAILABLE` say; the actuator prefers the " +
      "platform's dyno size.",
  }),
  maxJobNames: setting({
    name: 'TIDEMARK_MAX_JOB_NAMES',
    readBy: WORKER,
    // Leaves room below the 2,000 attribute sets per metric at which OpenTelemetry SDKs overflow.
    value: countFrom(1, 1000),
    default: '100',
    meaning: 'Job names beyond these are reported as `_other`.',
  }),
  memoryReport: setting({
    name: 'TIDEMARK_MEMORY_REPORT',
    readBy: ['worker', 'actuator'],
    value: SWITCH,
    default: 'true',
    meaning:
      'Before a restart, keep what the memory was made of; for a leak also which functions allocated it. `false` in ' +
      'a worker or in the actuator turns it off.',
  }),
  softLimit: setting({
    name: 'TIDEMARK_SOFT_LIMIT',
    readBy: POLICY,
    value: LIMIT,
    default: '80%',
    meaning: 'Bloat whose floor stays over it is restarted.',
  }),
  hardLimit: setting({
    name: 'TIDEMARK_HARD_LIMIT',
    readBy: POLICY,
    value: LIMIT,
    default: '100%',
    meaning:
      'A dyno of any class is restarted when its floor stays over it for 3 windows, or when it will reach the ' +
      'kill point within two graces.',
  }),
  maxRssBytes: setting({
    name: 'TIDEMARK_MAX_RSS',
    readBy: POLICY,
    value: orOff(SIZE),
    default: 'off',
    meaning: 'Absolute: a dyno of any class is restarted when its floor stays over it for 3 windows.',
  }),
  windowMs: setting({
    name: 'TIDEMARK_WINDOW',
    readBy: POLICY,
    value: SPAN,
    default: '1m',
    meaning: "The detector's bucket (or 5 samples, whichever is longer). Its other spans are multiples of it.",
  }),
  minUptimeMs: setting({
    name: 'TIDEMARK_MIN_UPTIME',
    readBy: POLICY,
    value: DURATION,
    default: windows(10),
    meaning: 'A younger dyno is not restarted automatically.',
  }),
  cooldownMs: setting({
    name: 'TIDEMARK_COOLDOWN',
    readBy: POLICY,
    value: DURATION,
    default: windows(15),
    meaning: 'The time between two restarts of a target.',
  }),
  leakHorizonMs: setting({
    name: 'TIDEMARK_LEAK_HORIZON',
    readBy: POLICY,
    value: DURATION,
    default: windows(30),
    meaning:
      'A leak is restarted when its floor will reach the limit within it and less than 12 % of the way there is left.',
  }),
  graceMs: setting({
    name: 'TIDEMARK_GRACE',
    readBy: POLICY,
    value: DURATION,
    default: '120s',
    meaning: 'How long a drain may take.',
  }),
  maxRestartsPerHour: setting({
    name: 'TIDEMARK_MAX_RESTARTS_PER_HOUR',
    readBy: POLICY,
    value: COUNT,
    default: '4',
    meaning: 'The budget of each target.',
  }),
  minHealthy: setting({
    name: 'TIDEMARK_MIN_HEALTHY',
    readBy: SERVICE,
    value: COUNT,
    default: '0',
    meaning: 'How many other dynos of the process type must be up before one is restarted.',
  }),
  dynoCycleMs: setting({
    name: 'TIDEMARK_DYNO_CYCLE',
    readBy: POLICY,
    value: orOff(DURATION),
    default: '24h',
    meaning: "The platform's own restart; `off` where it is bypassed.",
  }),
  ...NOTICE_SETTINGS,
};

/** In the order of the table. */
export const ALL_SETTINGS: readonly Setting<unknown>[] = Object.values(SETTINGS);

export function settingsOf(reader: Reader): readonly Setting<unknown>[] {
  return ALL_SETTINGS.filter(({ readBy }) => readBy.includes(reader));
}

/** Names that begin with `TIDEMARK_` and are not among these are faults. */
export const SETTING_NAMES: ReadonlySet<string> = new Set(ALL_SETTINGS.map(({ name }) => name));
