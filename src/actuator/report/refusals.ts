import { formatDuration } from '../../model/text/format.ts';
import type { Clock } from '../../ports.ts';
import type { RefusedPoints } from '../../sources/intake.ts';
import type { Log } from './log.ts';

export type RefusalKind =
  | RefusedPoints['kind']
  /** Whole requests or connections: their app is unknown. */
  | 'no-token'
  | 'only-this-machine'
  | 'not-over-http'
  | 'wrong-path'
  | 'unreadable'
  | 'too-large'
  | 'grpc'
  | 'log-not-taken'
  | 'log-unreadable'
  | 'log-app-unknown'
  | 'record-unreadable';

/** Measurements of one app that were refused for one cause, since the start. */
export interface Refusal {
  /** The app's name in the points; null where they have none, or where too many other names are kept already. */
  readonly app: string | null;
  readonly kind: RefusalKind;
  /** Data points, or requests where none of them could be read. */
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly says: string;
  readonly advice: string;
}

export interface RefusalsOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Pick<Log, 'warn'>;
  /** Whether the allow-list covers the app: such names are kept, however many other names senders use. */
  readonly isOurs: (app: string) => boolean;
}

/** How many app names off the allow-list are kept: a sender can put any name into its points. */
const MAX_OTHER_APPS = 20;
/** How many app names on the allow-list are kept: a pattern may match many review apps. */
const MAX_OWN_APPS = 200;
const APP_NAME = /^[a-z][a-z0-9-]{0,62}$/;
/** The first refusal of an app and kind is logged at once, later ones with their count, at most this often. */
const SAY_EVERY_MS = 10 * 60_000;

interface Tally {
  readonly app: string | null;
  readonly kind: RefusalKind;
  readonly firstMs: number;
  count: number;
  lastMs: number;
  /** Newest point's time less this machine's, in ms (positive: ahead); null where the time was not the fault. */
  offsetMs: number | null;
  saidMs: number;
  saidCount: number;
}

/** Counts what the actuator refuses, by app and kind, and logs it at a bounded rate. */
export class Refusals {
  readonly #options: RefusalsOptions;
  readonly #tallies = new Map<string, Tally>();
  readonly #ownApps = new Set<string>();
  readonly #otherApps = new Set<string>();

  constructor(options: RefusalsOptions) {
    this.#options = options;
  }

  note({ app, kind, count, offsetMs }: { readonly kind: RefusalKind } & Omit<RefusedPoints, 'kind'>): void {
    if (count === 0) return;
    const nowMs = this.#options.clock.now();
    const kept = app === null ? null : this.#keep(app);
    const key = `${kind}|${kept ?? ''}`;
    const tally = this.#tallies.get(key) ?? open(kept, kind, nowMs);
    this.#tallies.set(key, tally);
    tally.count += count;
    tally.lastMs = nowMs;
    tally.offsetMs = offsetMs;
    if (nowMs - tally.saidMs < SAY_EVERY_MS) return;
    const { says, advice } = wordsOf(tally);
    this.#options.log.warn(says, { app: kept, kind, count: tally.count - tally.saidCount, advice });
    tally.saidMs = nowMs;
    tally.saidCount = tally.count;
  }

  /** The newest first. */
  list(): readonly Refusal[] {
    const shown = [...this.#tallies.values()].map((tally) => {
      const { app, kind, count, firstMs, lastMs } = tally;
      return { app, kind, count, firstMs, lastMs, ...wordsOf(tally) };
    });
    return shown.sort((a, b) => b.lastMs - a.lastMs);
  }

  /** The name to count under: null where it is no app's name, or where the limit on kept names is reached. */
  #keep(app: string): string | null {
    if (!APP_NAME.test(app)) return null;
    const isOurs = this.#options.isOurs(app);
    const names = isOurs ? this.#ownApps : this.#otherApps;
    if (!names.has(app) && names.size >= (isOurs ? MAX_OWN_APPS : MAX_OTHER_APPS)) return null;
    names.add(app);
    return app;
  }
}

function open(app: string | null, kind: RefusalKind, nowMs: number): Tally {
  const never = Number.NEGATIVE_INFINITY;
  return { app, kind, firstMs: nowMs, count: 0, lastMs: nowMs, offsetMs: null, saidMs: never, saidCount: 0 };
}

function wordsOf({ app, kind, offsetMs }: Tally): { readonly says: string; readonly advice: string } {
  const { says, advice } = WORDS[kind](app ?? 'an app that is not named', offsetMs ?? 0);
  return { says, advice };
}

type Words = (app: string, offsetMs: number) => { readonly says: string; readonly advice: string };

const WORDS: Readonly<Record<RefusalKind, Words>> = {
  'no-token': () => ({
    says: 'requests refused: they carry no ingest token, or one that is not in TIDEMARK_INGEST_TOKENS',
    advice: 'in the worker set OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20<token of its app>"',
  }),
  'only-this-machine': () => ({
    says: 'requests from other machines refused: TIDEMARK_INGEST_TOKENS is not set',
    advice: 'set TIDEMARK_INGEST_TOKENS=app=token here, and send the token from the workers',
  }),
  'not-over-http': () => ({
    says: 'requests refused: TIDEMARK_SOURCE does not name otlp, so no measurements are taken over HTTP',
    advice: 'set TIDEMARK_TRANSPORT=redis in the worker, or add otlp to TIDEMARK_SOURCE here',
  }),
  'wrong-path': () => ({
    says: 'requests refused: they were sent to another path than /v1/metrics',
    advice: 'set OTEL_EXPORTER_OTLP_ENDPOINT to the URL of this actuator without a path',
  }),
  'too-large': () => ({
    says: 'requests refused: their body is too large',
    advice: 'send smaller batches',
  }),
  unreadable: () => ({
    says: 'requests refused: they are no OTLP metrics over HTTP',
    advice: 'in the sender set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf, and send to /v1/metrics',
  }),
  grpc: () => ({
    says: 'connections refused: the sender speaks gRPC, and this port speaks OTLP over HTTP',
    advice: 'in the sender set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf, and use the URL of this actuator',
  }),
  'log-not-taken': () => ({
    says: 'log lines refused: TIDEMARK_SOURCE does not name logplex',
    advice: 'add it, for example TIDEMARK_SOURCE=otlp,logplex; or remove the log drain from the app',
  }),
  'log-unreadable': () => ({
    says: 'log lines refused: the request is not what a Heroku log drain sends',
    advice: 'send to /v1/logplex by "heroku drains:add" alone; a proxy on the way may have changed the body',
  }),
  'log-app-unknown': () => ({
    says: 'log lines refused: they do not name their app, and their ingest token covers several',
    advice: 'give the log drain the path /v1/logplex/<app>, or a token of its own in TIDEMARK_INGEST_TOKENS',
  }),
  'record-unreadable': () => ({
    says: 'records of the Kafka topic skipped: they are no OTLP metrics, damaged, too large, or compressed with LZ4',
    advice: 'let only the Collector with collector-config/kafka.yaml write to the topic',
  }),
  'wrong-app': (app) => ({
    says: `measurements of ${app} refused: the sender's ingest token is for another app`,
    advice: `send the token that TIDEMARK_INGEST_TOKENS has for ${app}, or correct TIDEMARK_APP in the worker`,
  }),
  'no-dyno': (app) => ({
    says: `measurements of ${app} refused: they do not say which dyno they come from`,
    advice: 'add herokuDetector to the resource of your OpenTelemetry SDK, or import "tidemark/register" instead',
  }),
  'too-old': (app, offsetMs) => ({
    says: `measurements of ${app} refused: they are ${formatDuration(-offsetMs)} old when they arrive`,
    advice: 'set the clock of the worker and of this machine; or a Collector on the way holds them back',
  }),
  future: (app, offsetMs) => ({
    says: `measurements of ${app} refused: their time is ${formatDuration(offsetMs)} ahead of this machine's clock`,
    advice: 'set the clock of the worker and of this machine',
  }),
  'over-limit': (app) => ({
    says: `measurements of ${app} refused: they are more than one request, app or token may make Tidemark hold`,
    advice: 'look at what sends them: more dynos or times than the app has; or give the actuator more memory',
  }),
  invalid: (app) => ({
    says: `measurements of ${app} refused: a value is negative or not finite, or has no time`,
    advice: 'look at what the sender, or a processor of the Collector, makes of them',
  }),
};
