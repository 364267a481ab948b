import type { WebhookTarget } from './api/webhooks.ts';
import type { DynoSize } from './dyno/dyno-sizes.ts';
import type { LogEntry } from './event-log.ts';

/** One process type of an app: its command, and how many dynos run it. */
export interface FormationSpec {
  readonly type: string;
  /** Program and arguments; run without a shell. */
  readonly command: readonly string[];
  /** Default 1. */
  readonly quantity?: number;
  /** Name of a dyno size; default `Standard-1X`. */
  readonly size?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface AppSpec {
  readonly name: string;
  /** Default: a fresh UUID. */
  readonly id?: string;
  readonly formation: readonly FormationSpec[];
  readonly env?: Readonly<Record<string, string>>;
  /** The version of the current release; default 1. */
  readonly releaseVersion?: number;
}

/** `heroku drains:add` */
export interface LogDrainSpec {
  readonly app: string;
  /** A token in its user part is sent as Basic. */
  readonly url: string;
  /** One frame in this many is sent twice, as when its answer was lost; default 0: never. */
  readonly repeatEvery?: number;
  /** Called with each body that is sent, to record it. */
  readonly onBody?: (body: string) => void;
}

export interface DynoManagerOptions {
  readonly apps: readonly AppSpec[];
  /** The token that callers must send, as Bearer or as the password of Basic. */
  readonly token: string;
  /** What the token may do: `read`, `write`, `global`; default read and write. */
  readonly scopes?: readonly string[];
  /** Seconds until the token expires; default null: it does not expire. */
  readonly tokenExpiresInS?: number | null;
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Sizes added to Heroku's own; they replace those with the same name. */
  readonly dynoSizes?: readonly DynoSize[];
  /** Time between SIGTERM and SIGKILL; default 30 s, as on Heroku. */
  readonly killAfterMs?: number;
  /** Between the answer to a restart and its SIGTERM; default 0. */
  readonly restartDelayMs?: number;
  /** Between a boot's start and its state `up`; default 0: `up` at once. */
  readonly startDelayMs?: number;
  /**
   * How long a crashed dyno waits for its next boot: after its first crash, its second, and so on; the last repeats. A
   * release starts over. Default as on Heroku: at once, then 20 minutes, doubling up to 320.
   */
  readonly crashDelaysMs?: readonly number[];
  /** Whether dynos see `HEROKU_*` (the labs feature runtime-dyno-metadata); default true. */
  readonly metadata?: boolean;
  /** Whether dynos see their quota as `MEMORY_AVAILABLE` in MiB, as Heroku's Node buildpack sets it; default false. */
  readonly memoryAvailable?: boolean;
  /** The answer to a restart of an unknown dyno; default `accepted`: 202, and nothing happens. */
  readonly unknownDyno?: 'accepted' | 'not-found';
  /** Calls that the account may make at once, and how many come back each minute; default 4500 and 75, as on Heroku. */
  readonly rateLimit?: { readonly capacity: number; readonly refillPerMinute: number };
  /** Where the logs of apps go, with the lines of the labs feature log-runtime-metrics. */
  readonly logDrains?: readonly LogDrainSpec[];
  /** Between two such lines of a dyno; default 20 s, as on Heroku. */
  readonly logMetricsEveryMs?: number;
  /** Receives app webhooks about every app; default: nobody does. */
  readonly webhook?: WebhookTarget;
  /** Called with each entry of the log as it is made. */
  readonly log?: (entry: LogEntry) => void;
  /** Called with each line that a dyno prints; without it the output is discarded. */
  readonly output?: (
    line: string,
    from: { readonly app: string; readonly dyno: string; readonly dynoId: string },
  ) => void;
}

export const KILL_AFTER_MS = 30_000;
export const LOG_METRICS_EVERY_MS = 20_000;
const MINUTE = 60_000;
export const CRASH_DELAYS_MS: readonly number[] = [0, 20, 40, 80, 160, 320].map((minutes) => minutes * MINUTE);
