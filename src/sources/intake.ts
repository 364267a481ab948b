import type { Point } from '../model/point.ts';
import type { Clock } from '../ports.ts';
import type { DeliveryGrant } from './ingest-tokens.ts';
import { PointAssembler } from './points/point-assembler.ts';
import type { PointRow } from './points/point-row.ts';
import type { DecodedRequest } from './points/request-fold.ts';

/** What became of data points, for `tidemark.ingest.datapoints`. */
const INGEST_RESULTS = [
  /** Part of a Point that was handed on. */
  'accepted',
  /** Not what a Point is made of: another metric, a series that ended, delta temporality. */
  'ignored',
  /** Usable, but of a resource without `heroku.dyno.name` or `heroku.dyno.id`. */
  'no-dyno',
  'too-old',
  /** Measured, or of a boot that started, at a time that is yet to come. */
  'future',
  /** Seen before, or not later than the newest of its kind of the same process. */
  'duplicate',
  /** Of an app that the sender's token is not for. Rejected. */
  'wrong-app',
  /** Not finite, negative, or without a time. Rejected. */
  'invalid',
] as const;

export type IngestResult = (typeof INGEST_RESULTS)[number];

/** Data points since the start, by result. */
export type IngestCounts = Readonly<Record<IngestResult, number>>;

/** What is refused of an app, and not merely left alone. */
export interface RefusedPoints {
  /** As the points name it; null where they name none. */
  readonly app: string | null;
  readonly kind: Extract<IngestResult, 'wrong-app' | 'no-dyno' | 'too-old' | 'future' | 'invalid'>;
  /** Data points. */
  readonly count: number;
  /** By how much the point's time is ahead of this machine's clock (negative: behind), where that is what was wrong; else null. */
  readonly offsetMs: number | null;
}

export interface IntakeOptions {
  /** Older points are counted and never used. */
  readonly maxPointAgeMs: number;
  readonly clock: Pick<Clock, 'now'>;
  /** How long the parts of one export are waited for (`PointAssembler`), from its first part on. Default 0: they are handed on as they come. */
  readonly holdMs?: number;
  /** How far the points stream was read; null where none is. */
  readonly position?: () => string | null;
  /** Takes Points, each boot's in the order of time, within `take` and `settle`. Must not throw. */
  readonly accept: (points: readonly Point[]) => void;
  /** Is told of what was refused. Must not throw. */
  readonly onRefused?: (refused: RefusedPoints) => void;
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

/** The guard between any OTLP transport and the rest: who may deliver what, how old it may be, nothing twice, and no half export. */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #holdMs: number;
  readonly #assembler: PointAssembler;
  #settledAtMs = 0;
  readonly #counts = Object.fromEntries(INGEST_RESULTS.map((result) => [result, 0])) as Record<IngestResult, number>;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#holdMs = options.holdMs ?? 0;
    this.#assembler = new PointAssembler({ ...options, holdMs: this.#holdMs });
  }

  /** Data points since the start, by what became of them. */
  counts(): IngestCounts {
    return { ...this.#counts };
  }

  /** Hands on what may be used, and returns what was rejected; null: nothing. */
  take(request: DecodedRequest, mayDeliver: DeliveryGrant): Rejection | null {
    const nowMs = this.#options.clock.now();
    const position = this.#options.position?.() ?? null;
    const wrongApps = new Set<string | null>();
    let wrongAppDataPoints = 0;
    for (const row of request.rows) {
      const refusal = this.#refusal(row, nowMs, mayDeliver);
      if (refusal === null) {
        // Last of all: a point that is not used must not count as the process's newest.
        const { accepted, repeated } = this.#assembler.take(row, nowMs, position);
        this.#counts.accepted += accepted;
        this.#counts.duplicate += repeated;
        continue;
      }
      const { dataPoints } = row;
      const { app } = row.process.boot;
      this.#counts[refusal] += dataPoints;
      this.#tell(app, refusal, dataPoints, refusal === 'wrong-app' ? null : newestTimeOf(row, refusal) - nowMs);
      if (refusal !== 'wrong-app') continue;
      wrongAppDataPoints += dataPoints;
      wrongApps.add(app);
    }
    this.#counts.ignored += request.ignored;
    this.#counts['no-dyno'] += request.noDyno;
    this.#counts.invalid += request.invalid;
    this.#counts.duplicate += request.repeated;
    // An app that this sender may not speak for is not blamed for what it sends.
    const nameOf = (app: string | null) => (mayDeliver(app) ? app : null);
    for (const [app, count] of request.noDynoByApp) this.#tell(nameOf(app), 'no-dyno', count);
    for (const [app, count] of request.invalidByApp) this.#tell(nameOf(app), 'invalid', count);
    // Each settling looks at all that waits, so it must not come with every request.
    if (Math.abs(nowMs - this.#settledAtMs) >= this.#holdMs / 4) this.settle();
    return rejection(request.invalid, wrongAppDataPoints, wrongApps);
  }

  /** Hands on what has waited for its other parts long enough. To be called again and again: no request may follow that would. */
  settle(): void {
    this.#settledAtMs = this.#options.clock.now();
    this.#assembler.settle(this.#settledAtMs);
  }

  /** Up to where all that was read from the points stream has been handed on. */
  handedOnUpTo(): string | null {
    return this.#assembler.heldPosition(this.#options.position?.() ?? null);
  }

  #tell(app: string | null, kind: RefusedPoints['kind'], count: number, offsetMs: number | null = null): void {
    if (count > 0) this.#options.onRefused?.({ app, kind, count, offsetMs });
  }

  #refusal(row: PointRow, nowMs: number, mayDeliver: DeliveryGrant): 'wrong-app' | 'too-old' | 'future' | null {
    if (!mayDeliver(row.process.boot.app)) return 'wrong-app';
    if (nowMs - row.timeMs > this.#options.maxPointAgeMs) return 'too-old';
    return newestTimeOf(row, 'future') - nowMs > FUTURE_TOLERANCE_MS ? 'future' : null;
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

/** The time by which it is refused: a boot that starts in the future is as wrong as a measurement from there. */
function newestTimeOf({ timeMs, process }: PointRow, refusal: 'too-old' | 'future'): number {
  return refusal === 'too-old' ? timeMs : Math.max(timeMs, process.boot.startTimeMs ?? 0);
}
