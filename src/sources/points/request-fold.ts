import type { GrowthCounts, JobPoint } from '../../model/job-point.ts';
import { REQUEST_LIMITS } from '../limits.ts';
import { PointRow } from './point-row.ts';
import type { Measurer, ProcessIdentity } from './process-identity.ts';

/** The content of one export request. */
export interface DecodedRequest {
  /**
   * One per resource entry and time, in arrival order. A process may have several entries, and parts of a time may be
   * in other requests.
   */
  readonly rows: readonly PointRow[];
  /** Measurements of jobs, one entry for each resource entry that has any. */
  readonly jobs: readonly JobBatch[];
  /** Data points that are not used: other metrics, series that ended, unusable temporality. */
  readonly ignored: number;
  /** Usable data points of a resource without dyno name or dyno id. */
  readonly noDyno: number;
  /** Data points with an impossible value or time: not finite, negative, missing. */
  readonly invalid: number;
  /** Data points beyond what one request may contain. */
  readonly overLimit: number;
  /** These counts by the resource's app; null where it has none. */
  readonly noDynoByApp: ReadonlyMap<string | null, number>;
  readonly invalidByApp: ReadonlyMap<string | null, number>;
  readonly overLimitByApp: ReadonlyMap<string | null, number>;
  /** Data points that appear twice in one resource entry. */
  readonly repeated: number;
}

/** What one process measured of its jobs. */
export interface JobBatch {
  readonly process: ProcessIdentity;
  /** Of protobuf they are good until the same decoder reads the next request: take them before. */
  readonly points: readonly JobPoint[];
  /** Those that are not counted as a field of a Point. */
  readonly dataPoints: number;
  /** The newest time. */
  readonly timeMs: number;
}

/** One data point from a decoder. */
export interface FoundDataPoint {
  readonly timeMs: number;
  readonly value: number;
  /** What its attributes come to (`SeriesId`); not looked at where the field is no sum. */
  readonly seriesId: number;
}

/** The last time that a `Date` can show. */
const MAX_TIME_MS = 8.64e15;

/** Collects the data points of a request, in any order, into one row per resource entry and time. */
export class RequestFold implements DecodedRequest {
  readonly rows: PointRow[] = [];
  readonly jobs: JobBatch[] = [];
  ignored = 0;
  noDyno = 0;
  invalid = 0;
  overLimit = 0;
  repeated = 0;
  readonly noDynoByApp = new Map<string | null, number>();
  readonly invalidByApp = new Map<string | null, number>();
  readonly overLimitByApp = new Map<string | null, number>();
  #process: ProcessIdentity | null = null;
  #app: string | null = null;
  readonly #rows = new Map<number, PointRow>();
  #latest: PointRow | null = null;
  #jobPoints: JobPoint[] = [];
  #jobDataPoints = 0;
  #resources = 0;
  #dataPoints = 0;
  #allJobPoints = 0;

  /** Whether the request is over its limits: then further data points are only to be counted, by `leaveOut`. */
  get isFull(): boolean {
    return this.#resources > REQUEST_LIMITS.maxResources || this.#dataPoints >= REQUEST_LIMITS.maxDataPoints;
  }

  /** Whether further measurements of jobs are only to be counted. */
  get isFullOfJobs(): boolean {
    return this.isFull || this.#allJobPoints >= REQUEST_LIMITS.maxJobPoints;
  }

  /** Begins a resource. */
  begin({ process, app }: Measurer): void {
    this.#process = process;
    this.#app = app;
    this.#resources++;
  }

  leaveOut(dataPoints: number): void {
    this.overLimit += dataPoints;
    addTo(this.overLimitByApp, this.#app, dataPoints);
  }

  /**
   * @param field a place in `FIELDS`; -1 where the data point belongs to none
   * @param sums whether the field is the sum over the data points of its metric
   */
  add(field: number, sums: boolean, { timeMs, value, seriesId }: FoundDataPoint): void {
    if (this.isFull) {
      this.leaveOut(1);
      return;
    }
    this.#dataPoints++;
    if (field < 0) {
      this.ignored++;
      return;
    }
    const process = this.#process;
    if (process === null) {
      this.noDyno++;
      addTo(this.noDynoByApp, this.#app, 1);
      return;
    }
    if (!(timeMs > 0 && timeMs <= MAX_TIME_MS)) {
      this.#refuse(1);
      return;
    }
    const row = this.#latest?.timeMs === timeMs ? this.#latest : this.#rowAt(process, timeMs);
    if (row === null) {
      this.leaveOut(1);
      return;
    }
    if (!(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) {
      this.#refuse(1);
      if (sums) row.spoilSum(field);
      return;
    }
    const isNew = sums ? row.addSeries(field, seriesId, value) : row.set(field, value);
    if (!isNew) this.repeated++;
  }

  /** @param isField whether the same data point is a field of a Point, and counted as that */
  addJob(point: JobPoint, isField: boolean): void {
    const { timeMs, value, figure, growth } = point;
    if (this.#process === null) {
      // Counted as without a dyno by what it also is; by itself it is not asked for.
      if (!isField) this.ignored++;
      return;
    }
    const isValue = Math.abs(value) <= Number.MAX_SAFE_INTEGER && (figure === 'net' || value >= 0);
    if (!(timeMs > 0 && timeMs <= MAX_TIME_MS && isValue && isPossible(growth))) {
      if (!isField) this.#refuse(1);
      return;
    }
    if (this.isFullOfJobs) {
      if (!isField) this.leaveOut(1);
      return;
    }
    this.#allJobPoints++;
    this.#jobPoints.push(point);
    if (!isField) this.#jobDataPoints++;
  }

  /** Ends the resource: its rows follow, oldest first. */
  end(): void {
    if (this.#latest !== null) {
      const isOnly = this.#rows.size === 1;
      const rows = isOnly ? [this.#latest] : [...this.#rows.values()].sort((a, b) => a.timeMs - b.timeMs);
      for (const row of rows) {
        if (row.isUsable) this.rows.push(row);
        // One invalid part made the only sum unusable, so its other parts are unusable too.
        else this.#refuse(row.dataPoints);
      }
      this.#rows.clear();
    }
    if (this.#process !== null && this.#jobPoints.length > 0) {
      const timeMs = this.#jobPoints.reduce((newest, point) => Math.max(newest, point.timeMs), 0);
      const dataPoints = this.#jobDataPoints;
      this.jobs.push({ process: this.#process, points: this.#jobPoints, dataPoints, timeMs });
      this.#jobPoints = [];
    }
    this.#jobDataPoints = 0;
    this.#process = null;
    this.#latest = null;
  }

  #refuse(dataPoints: number): void {
    this.invalid += dataPoints;
    addTo(this.invalidByApp, this.#app, dataPoints);
  }

  /** Null where the request has as many rows as it may have. */
  #rowAt(process: ProcessIdentity, timeMs: number): PointRow | null {
    let row = this.#rows.get(timeMs);
    if (row === undefined) {
      if (this.rows.length + this.#rows.size >= REQUEST_LIMITS.maxRows) return null;
      row = new PointRow(process, timeMs);
      this.#rows.set(timeMs, row);
    }
    this.#latest = row;
    return row;
  }
}

function isPossible(growth: GrowthCounts | null): boolean {
  return growth === null || (isCount(growth.sum) && isCount(growth.max ?? 0) && growth.counts.every(isCount));
}

function isCount(value: number): boolean {
  return value >= 0 && value <= Number.MAX_SAFE_INTEGER;
}

function addTo(counts: Map<string | null, number>, app: string | null, dataPoints: number): void {
  const name = counts.has(app) || counts.size < REQUEST_LIMITS.maxAppNames ? app : null;
  counts.set(name, (counts.get(name) ?? 0) + dataPoints);
}
