import type { Point } from '../core/point.ts';
import { identifyProcess, type ProcessIdentity } from './process-identity.ts';
import { FIELDS } from './wanted-metrics.ts';

/** One Point, and how many data points of the request went into it. */
export interface Measurement {
  readonly point: Point;
  readonly dataPoints: number;
}

/** What one export request carried. */
export interface DecodedRequest {
  readonly measurements: readonly Measurement[];
  /** Data points that no Point is made of: other metrics, series that ended, unusable temporality. */
  readonly ignored: number;
  /** Data points that would be used, of a resource without dyno name or dyno id. */
  readonly noDyno: number;
  /** Data points whose value or time cannot be: not finite, negative, no time. */
  readonly invalid: number;
}

/** All data points of one process with the same time. */
class Row {
  readonly timeMs: number;
  /** By place in `FIELDS`. */
  readonly values = new Float64Array(FIELDS.length).fill(ABSENT);
  dataPoints = 0;

  constructor(timeMs: number) {
    this.timeMs = timeMs;
  }
}

/** Values are never negative, so this stands for "not measured"; NaN stands for "cannot be known, one part of it was invalid". */
const ABSENT = -1;

/** The last time that a `Date` can show. */
const MAX_TIME_MS = 8.64e15;

/** Gathers the data points of a request, in whatever order they come, into Points: one per process and time. */
export class RequestFold implements DecodedRequest {
  readonly measurements: Measurement[] = [];
  ignored = 0;
  noDyno = 0;
  invalid = 0;
  #process: ProcessIdentity | null = null;
  readonly #rows = new Map<number, Row>();
  #latest: Row | null = null;

  /** Begins a resource; the values are those of `IDENTITY_ATTRIBUTES`. */
  begin(identity: readonly (string | undefined)[]): void {
    this.#process = identifyProcess(identity);
  }

  /** One data point. `field` is a place in `FIELDS`, -1 where the data point belongs to none. */
  add(field: number, sums: boolean, timeMs: number, value: number): void {
    if (field < 0) {
      this.ignored++;
      return;
    }
    if (this.#process === null) {
      this.noDyno++;
      return;
    }
    if (!(timeMs > 0 && timeMs <= MAX_TIME_MS)) {
      this.invalid++;
      return;
    }
    const row = this.#latest !== null && this.#latest.timeMs === timeMs ? this.#latest : this.#rowAt(timeMs);
    if (value >= 0 && value <= Number.MAX_SAFE_INTEGER) row.dataPoints++;
    else {
      this.invalid++;
      value = Number.NaN;
    }
    const before = row.values[field] as number;
    row.values[field] = sums && before !== ABSENT ? before + value : value;
  }

  /** Ends the resource: its rows become Points, oldest first. */
  end(): void {
    const process = this.#process;
    if (process !== null && this.#latest !== null) {
      const rows = [...this.#rows.values()];
      if (rows.length > 1) rows.sort((a, b) => a.timeMs - b.timeMs);
      for (const row of rows) this.#finish(process, row);
      this.#rows.clear();
    }
    this.#process = null;
    this.#latest = null;
  }

  /** Where one invalid part spoilt the only sum, the other parts are as useless. */
  #finish(process: ProcessIdentity, row: Row): void {
    if (!row.values.some((value) => value >= 0)) this.invalid += row.dataPoints;
    else this.measurements.push({ point: toPoint(process, row), dataPoints: row.dataPoints });
  }

  #rowAt(timeMs: number): Row {
    let row = this.#rows.get(timeMs);
    if (row === undefined) {
      row = new Row(timeMs);
      this.#rows.set(timeMs, row);
    }
    this.#latest = row;
    return row;
  }
}

function toPoint(process: ProcessIdentity, { timeMs, values }: Row): Point {
  return {
    boot: process.boot,
    processId: process.processId,
    processRole: process.processRole,
    tuning: process.tuning,
    timeMs,
    rssBytes: known(values[0]),
    treeResidentBytes: known(values[1]),
    treeSwapBytes: known(values[2]),
    limitBytes: known(values[3]),
    heapUsedBytes: known(values[4]),
    externalBytes: known(values[5]),
    activeJobs: known(values[6]),
    completedJobs: known(values[7]),
  };
}

function known(value: number | undefined): number | null {
  return value !== undefined && value >= 0 ? value : null;
}
