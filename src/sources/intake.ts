import type { Point } from '../core/point.ts';
import type { Clock } from '../ports.ts';
import type { DeliveryGrant } from './ingest-tokens.ts';
import { ProcessTimes } from './process-times.ts';
import type { DecodedRequest } from './request-fold.ts';

/** What became of data points, for `tidemark.ingest.datapoints`. */
const INGEST_RESULTS = [
  /** Part of a Point that was handed on. */
  'accepted',
  /** Not what a Point is made of: another metric, a series that ended, delta temporality. */
  'ignored',
  /** Usable, but of a resource without `heroku.dyno.name` or `heroku.dyno.id`. */
  'no-dyno',
  'too-old',
  'future',
  /** Not later than the newest of the same process. */
  'duplicate',
  /** Of an app that the sender's token is not for. Rejected. */
  'wrong-app',
  /** Not finite, negative, or without a time. Rejected. */
  'invalid',
] as const;

export type IngestResult = (typeof INGEST_RESULTS)[number];

/** Data points since the start, by result. */
export type IngestCounts = Readonly<Record<IngestResult, number>>;

export interface IntakeOptions {
  /** Older points are counted and never used. */
  readonly maxPointAgeMs: number;
  readonly clock: Pick<Clock, 'now'>;
  /** Takes the Points of one request, each process's in the order of time. Must not throw. */
  readonly accept: (points: readonly Point[]) => void;
}

/** What the sender must be told. */
export interface Rejection {
  readonly dataPoints: number;
  readonly message: string;
}

/** A sender's clock may run ahead by this much. */
const FUTURE_TOLERANCE_MS = 60_000;

/** How many apps a rejection names. */
const NAMED_APPS = 3;

/** The guard between any OTLP transport and the rest: who may deliver what, how old it may be, and nothing twice. */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #times: ProcessTimes;
  readonly #counts = Object.fromEntries(INGEST_RESULTS.map((result) => [result, 0])) as Record<IngestResult, number>;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#times = new ProcessTimes(options);
  }

  /** Data points since the start, by what became of them. */
  counts(): IngestCounts {
    return { ...this.#counts };
  }

  /** Hands on what may be used, and returns what was rejected; null: nothing. */
  take(request: DecodedRequest, mayDeliver: DeliveryGrant): Rejection | null {
    const nowMs = this.#options.clock.now();
    const points: Point[] = [];
    const wrongApps = new Set<string | null>();
    let wrongAppDataPoints = 0;
    this.#times.sweep(nowMs);
    for (const { point, dataPoints } of request.measurements) {
      const result = this.#judge(point, nowMs, mayDeliver);
      this.#counts[result] += dataPoints;
      if (result === 'accepted') points.push(point);
      if (result === 'wrong-app') {
        wrongAppDataPoints += dataPoints;
        wrongApps.add(point.boot.app);
      }
    }
    this.#counts.ignored += request.ignored;
    this.#counts['no-dyno'] += request.noDyno;
    this.#counts.invalid += request.invalid;
    if (points.length > 0) this.#options.accept(points);
    return rejection(request.invalid, wrongAppDataPoints, wrongApps);
  }

  /** A point that is not used must not count as the process's newest, so that comes last. */
  #judge(point: Point, nowMs: number, mayDeliver: DeliveryGrant): IngestResult {
    if (!mayDeliver(point.boot.app)) return 'wrong-app';
    if (nowMs - point.timeMs > this.#options.maxPointAgeMs) return 'too-old';
    if (point.timeMs - nowMs > FUTURE_TOLERANCE_MS) return 'future';
    return this.#times.advance(point) ? 'accepted' : 'duplicate';
  }
}

function rejection(invalid: number, wrongApp: number, apps: ReadonlySet<string | null>): Rejection | null {
  const reasons: string[] = [];
  if (wrongApp > 0) reasons.push(`${wrongApp} of ${named(apps)}, for which this token is not good`);
  if (invalid > 0) reasons.push(`${invalid} with a value that is negative or not finite, or without a time`);
  return reasons.length === 0 ? null : { dataPoints: invalid + wrongApp, message: `Rejected: ${reasons.join('; ')}.` };
}

function named(apps: ReadonlySet<string | null>): string {
  const names = [...apps].slice(0, NAMED_APPS).map((app) => (app === null ? 'an unknown app' : `app "${app}"`));
  const more = apps.size - names.length;
  return names.join(', ') + (more > 0 ? ` and ${more} more` : '');
}
