import { ownerOf } from '../model/fair-shares.ts';
import type { BootIdentity, Point } from '../model/point.ts';
import type { Clock } from '../ports.ts';
import type { Sender } from './ingest-tokens.ts';
import { PointAssembler, type Position } from './points/point-assembler.ts';
import type { PointRow } from './points/point-row.ts';
import type { DecodedRequest, JobBatch } from './points/request-fold.ts';

/** Results of data points, for `tidemark.ingest.data_points`. */
const INGEST_RESULTS = [
  /** Part of a Point that was handed on. */
  'accepted',
  /** Not used for Points: another metric, a series that ended, delta temporality. */
  'ignored',
  /** Usable, but of a resource without `heroku.dyno.name` or `heroku.dyno.id`. */
  'no-dyno',
  'too-old',
  /** Measured in the future, or from a boot that started in the future. */
  'future',
  /** Seen before, or not newer than the process's newest value of the same field. */
  'duplicate',
  /** From an app that the sender's token does not cover. Rejected. */
  'wrong-app',
  /** Not finite, negative, or without a time. Rejected. */
  'invalid',
  /** Beyond what one request, an app or a token may make the actuator hold (`limits.ts`). Rejected. */
  'over-limit',
] as const;

export type IngestResult = (typeof INGEST_RESULTS)[number];

/** Data points since the start, by result. */
export type IngestCounts = Readonly<Record<IngestResult, number>>;

/** Data points of one app that were refused, not merely ignored. */
export interface RefusedPoints {
  /** The app's name in the points; null where they have none. */
  readonly app: string | null;
  readonly kind: Extract<IngestResult, 'wrong-app' | 'no-dyno' | 'too-old' | 'future' | 'invalid' | 'over-limit'>;
  /** Data points. */
  readonly count: number;
  /** The point's time less this machine's, in ms (negative: behind); null where the time was not the fault. */
  readonly offsetMs: number | null;
}

export interface IntakeOptions {
  /** Older points are counted and never used. */
  readonly maxPointAgeMs: number;
  readonly clock: Pick<Clock, 'now'>;
  /** How long to wait for the parts of one export (`PointAssembler`), from its first part on. Default 0: no wait. */
  readonly holdMs?: number;
  /** How far its source was read; null where it is none that can be read again. */
  readonly position?: () => Position | null;
  /** Whether there is room for a boot that this sender reports; true for one that is known. Default: always. */
  readonly hasRoomFor?: (boot: BootIdentity, sender: Sender) => boolean;
  /** Receives Points, ordered by time within each boot, during `take` and `settle`. Must not throw. */
  readonly accept: (points: readonly Point[]) => void;
  /** Receives what processes measured of their jobs; returns how many points found no room. Must not throw. */
  readonly acceptJobs?: (batch: JobBatch, sender: Sender) => number;
  /** Called for refused data points. Must not throw. */
  readonly onRefused?: (refused: RefusedPoints) => void;
}

/** The part of the answer that the sender must get. */
export interface Rejection {
  readonly dataPoints: number;
  readonly message: string;
}

type Timed = Pick<PointRow, 'process' | 'timeMs'>;

type RefusedRow = Extract<IngestResult, 'wrong-app' | 'too-old' | 'future' | 'over-limit'>;

/** A sender's clock may run ahead by this much. */
const FUTURE_TOLERANCE_MS = 60_000;

/** Maximum number of apps that a rejection names. */
const NAMED_APPS = 3;

/** Checks what every OTLP transport delivers: permission, age, duplicates, and that each export is complete. */
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

  /** Data points since the start, by result. */
  counts(): IngestCounts {
    return { ...this.#counts };
  }

  /** Passes on what may be used, and returns what was rejected; null where nothing was. */
  take(request: DecodedRequest, sender: Sender): Rejection | null {
    const nowMs = this.#options.clock.now();
    const position = this.#options.position?.() ?? null;
    const wrongApps = new Set<string | null>();
    let wrongApp = 0;
    let overLimit = request.overLimit;
    for (const row of request.rows) {
      const refusal = this.#refusal(row, nowMs, sender);
      if (refusal === null) {
        // After all checks: a refused point must not count as the process's newest.
        const { accepted, repeated } = this.#assembler.take(row, nowMs, {
          owner: ownerOf(row.process.boot.app, sender),
          position,
        });
        this.#counts.accepted += accepted;
        this.#counts.duplicate += repeated;
        continue;
      }
      const { dataPoints } = row;
      const { app } = row.process.boot;
      this.#counts[refusal] += dataPoints;
      this.#refuse(row, refusal, { count: dataPoints, nowMs });
      if (refusal === 'over-limit') overLimit += dataPoints;
      if (refusal !== 'wrong-app') continue;
      wrongApp += dataPoints;
      if (wrongApps.size <= NAMED_APPS) wrongApps.add(app);
    }
    for (const batch of request.jobs) {
      const { refusal, leftOut } = this.#takeJobs(batch, nowMs, sender);
      overLimit += leftOut;
      if (refusal !== 'wrong-app') continue;
      wrongApp += batch.dataPoints;
      if (wrongApps.size <= NAMED_APPS) wrongApps.add(batch.process.boot.app);
    }
    this.#countUnused(request, sender);
    // Settling visits every waiting row, so not every request may cause it.
    if (Math.abs(nowMs - this.#settledAtMs) >= this.#holdMs / 4) this.settle();
    return rejection({ invalid: request.invalid, wrongApp, overLimit }, wrongApps);
  }

  #countUnused(request: DecodedRequest, { mayDeliver }: Sender): void {
    this.#counts.ignored += request.ignored;
    this.#counts['no-dyno'] += request.noDyno;
    this.#counts.invalid += request.invalid;
    this.#counts['over-limit'] += request.overLimit;
    this.#counts.duplicate += request.repeated;
    // A sender without permission for an app must not cause refusals in that app's name.
    const nameOf = (app: string | null) => (mayDeliver(app) ? app : null);
    for (const [app, count] of request.noDynoByApp) this.#report(nameOf(app), 'no-dyno', count);
    for (const [app, count] of request.invalidByApp) this.#report(nameOf(app), 'invalid', count);
    for (const [app, count] of request.overLimitByApp) this.#report(nameOf(app), 'over-limit', count);
  }

  /**
   * Passes on rows that have waited long enough, as many as one turn of the event loop should take; returns whether
   * there are more. Call it regularly: there may be no further request that would.
   */
  settle(): boolean {
    const nowMs = this.#options.clock.now();
    const isMoreDue = this.#assembler.settle(nowMs);
    // The next request goes on with it.
    this.#settledAtMs = isMoreDue ? Number.NEGATIVE_INFINITY : nowMs;
    return isMoreDue;
  }

  /** The place from which a source must be read to see again what has not been passed on yet. `current`: the newest. */
  handedOnUpTo(current: Position): string | null {
    return this.#assembler.heldPosition(current);
  }

  /** Drops what has not been passed on yet of these stretches (`Position`). */
  forget(isOver: (stretch: string) => boolean): void {
    this.#assembler.forget(isOver);
  }

  #refuse(
    timed: Timed,
    refusal: RefusedRow,
    { count, nowMs }: { readonly count: number; readonly nowMs: number },
  ): void {
    const isLate = refusal === 'too-old' || refusal === 'future';
    const offsetMs = isLate ? newestTimeOf(timed, refusal) - nowMs : null;
    this.#report(timed.process.boot.app, refusal, count, offsetMs);
  }

  /** Returns why all of it was refused (null where it was not), and how many data points were over a limit. */
  #takeJobs(batch: JobBatch, nowMs: number, sender: Sender) {
    const { dataPoints } = batch;
    const refusal = this.#refusal(batch, nowMs, sender);
    if (refusal !== null) {
      this.#counts[refusal] += dataPoints;
      this.#refuse(batch, refusal, { count: dataPoints, nowMs });
      return { refusal, leftOut: refusal === 'over-limit' ? dataPoints : 0 };
    }
    // Points that are part of a row as well are counted there.
    const leftOut = Math.min(dataPoints, this.#options.acceptJobs?.(batch, sender) ?? 0);
    this.#counts.accepted += dataPoints - leftOut;
    this.#counts['over-limit'] += leftOut;
    this.#refuse(batch, 'over-limit', { count: leftOut, nowMs });
    return { refusal, leftOut };
  }

  #report(app: string | null, kind: RefusedPoints['kind'], count: number, offsetMs: number | null = null): void {
    if (count > 0) this.#options.onRefused?.({ app, kind, count, offsetMs });
  }

  #refusal(row: Timed, nowMs: number, sender: Sender): RefusedRow | null {
    const { boot } = row.process;
    if (!sender.mayDeliver(boot.app)) return 'wrong-app';
    if (nowMs - row.timeMs > this.#options.maxPointAgeMs) return 'too-old';
    if (newestTimeOf(row, 'future') - nowMs > FUTURE_TOLERANCE_MS) return 'future';
    return (this.#options.hasRoomFor?.(boot, sender) ?? true) ? null : 'over-limit';
  }
}

interface Rejected {
  readonly invalid: number;
  readonly wrongApp: number;
  readonly overLimit: number;
}

function rejection({ invalid, wrongApp, overLimit }: Rejected, apps: ReadonlySet<string | null>): Rejection | null {
  const reasons: string[] = [];
  if (wrongApp > 0) reasons.push(`${wrongApp} of ${named(apps)}, which this token does not cover`);
  if (invalid > 0) reasons.push(`${invalid} with a value that is negative or not finite, or without a time`);
  if (overLimit > 0)
    reasons.push(`${overLimit} beyond what one request may contain or one app or token may make the actuator hold`);
  const dataPoints = invalid + wrongApp + overLimit;
  return reasons.length === 0 ? null : { dataPoints, message: `Rejected: ${reasons.join('; ')}.` };
}

function named(apps: ReadonlySet<string | null>): string {
  const names = [...apps].slice(0, NAMED_APPS).map((app) => (app === null ? 'an unknown app' : `app "${app}"`));
  return names.join(', ') + (apps.size > NAMED_APPS ? ' and more' : '');
}

/** The time that caused the refusal: a boot that starts in the future is as wrong as a measurement from there. */
function newestTimeOf({ timeMs, process }: Timed, refusal: 'too-old' | 'future'): number {
  return refusal === 'too-old' ? timeMs : Math.max(timeMs, process.boot.startTimeMs ?? 0);
}
