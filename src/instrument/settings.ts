import { parseSize } from '../quantities.ts';

const DEFAULT_MAX_JOB_NAMES = 100;

/** The cap must leave room below the 2,000 attribute sets per metric at which OpenTelemetry SDKs overflow. */
const MAX_JOB_NAMES_RANGE = { min: 1, max: 1000 };

/** Settings of the actuator: known, so that one shared set of config vars draws no warning in the worker, and unused here. */
const SETTINGS_OF_THE_ACTUATOR = new Set([
  'TIDEMARK_TARGETS',
  'TIDEMARK_DRY_RUN',
  'TIDEMARK_INGEST_TOKENS',
  'TIDEMARK_ADMIN_TOKEN',
  'TIDEMARK_REDIS_URL',
  'TIDEMARK_SOURCE',
  'TIDEMARK_MAX_POINT_AGE',
  'TIDEMARK_SOFT_LIMIT',
  'TIDEMARK_HARD_LIMIT',
  'TIDEMARK_MAX_RSS',
  'TIDEMARK_WINDOW',
  'TIDEMARK_MIN_UPTIME',
  'TIDEMARK_COOLDOWN',
  'TIDEMARK_LEAK_HORIZON',
  'TIDEMARK_GRACE',
  'TIDEMARK_MAX_RESTARTS_PER_HOUR',
  'TIDEMARK_MIN_HEALTHY',
  'TIDEMARK_DYNO_CYCLE',
  'TIDEMARK_WEBHOOK_URL',
]);

/** The ways in which a worker may send its points. */
const TRANSPORTS = ['otlp', 'redis'] as const;

export type Transport = (typeof TRANSPORTS)[number];

export interface WorkerSettings {
  readonly maxJobNames: number;
  readonly transports: readonly Transport[];
  /** What is wrong with the environment, a sentence each. The worker goes on with defaults. */
  readonly faults: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The worker's settings. A bad value is a fault with a default in its place: a worker must not fail for its monitoring. */
export function readWorkerSettings(env: Environment): WorkerSettings {
  const faults: string[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith('TIDEMARK_') || value === undefined) continue;
    const fault = faultOf(name, value);
    if (fault !== null) faults.push(fault);
  }
  return {
    maxJobNames: parseMaxJobNames(env.TIDEMARK_MAX_JOB_NAMES ?? '') ?? DEFAULT_MAX_JOB_NAMES,
    transports: parseTransports(env.TIDEMARK_TRANSPORT ?? '') ?? ['otlp'],
    faults,
  };
}

function faultOf(name: string, value: string): string | null {
  switch (name) {
    case 'TIDEMARK_APP':
      return value.trim() === '' ? 'TIDEMARK_APP is empty: give the name of the Heroku app or remove it' : null;
    case 'TIDEMARK_LIMIT':
      return parseSize(value) === null
        ? `TIDEMARK_LIMIT="${value}" is no size: give a number with its unit, like 512MiB`
        : null;
    case 'TIDEMARK_MAX_JOB_NAMES':
      return parseMaxJobNames(value) === null
        ? `TIDEMARK_MAX_JOB_NAMES="${value}" is no whole number from ${MAX_JOB_NAMES_RANGE.min} to ${MAX_JOB_NAMES_RANGE.max}; using ${DEFAULT_MAX_JOB_NAMES}`
        : null;
    case 'TIDEMARK_TRANSPORT':
      return parseTransports(value) === null
        ? `TIDEMARK_TRANSPORT="${value}" is not otlp, redis or "otlp,redis"; using otlp`
        : null;
    default:
      return SETTINGS_OF_THE_ACTUATOR.has(name) ? null : `${name} is no setting of Tidemark: correct or remove it`;
  }
}

function parseTransports(text: string): readonly Transport[] | null {
  const names = text.split(',').map((name) => name.trim());
  const known = TRANSPORTS.filter((transport) => names.includes(transport));
  return known.length === new Set(names).size ? known : null;
}

function parseMaxJobNames(text: string): number | null {
  const count = Number(text);
  const { min, max } = MAX_JOB_NAMES_RANGE;
  return /^\d+$/.test(text.trim()) && count >= min && count <= max ? count : null;
}
