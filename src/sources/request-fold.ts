import { PointRow } from './point-row.ts';
import { identifyProcess, type ProcessIdentity } from './process-identity.ts';

/** What one export request carried. */
export interface DecodedRequest {
  /** One for each resource entry and time, as they came: a process may have several entries, and its times may be in other requests too. */
  readonly rows: readonly PointRow[];
  /** Data points that no Point is made of: other metrics, series that ended, unusable temporality. */
  readonly ignored: number;
  /** Data points that would be used, of a resource without dyno name or dyno id. */
  readonly noDyno: number;
  /** Data points whose value or time cannot be: not finite, negative, no time. */
  readonly invalid: number;
  /** Data points that their own resource entry holds twice. */
  readonly repeated: number;
}

/** One data point, as a decoder found it. */
export interface FoundDataPoint {
  /** A place in `FIELDS`; -1 where the data point belongs to none. */
  readonly field: number;
  /** Whether the field is the sum over the data points of its metric. */
  readonly sums: boolean;
  readonly timeMs: number;
  readonly value: number;
  /** What its attributes come to (`SeriesId`); not looked at where the field is no sum. */
  readonly seriesId: number;
}

/** The last time that a `Date` can show. */
const MAX_TIME_MS = 8.64e15;

/** Gathers the data points of a request, in whatever order they come, into one row for each resource entry and time. */
export class RequestFold implements DecodedRequest {
  readonly rows: PointRow[] = [];
  ignored = 0;
  noDyno = 0;
  invalid = 0;
  repeated = 0;
  #process: ProcessIdentity | null = null;
  readonly #rows = new Map<number, PointRow>();
  #latest: PointRow | null = null;

  /** Begins a resource; the values are those of `IDENTITY_ATTRIBUTES`. */
  begin(identity: readonly (string | undefined)[]): void {
    this.#process = identifyProcess(identity);
  }

  add({ field, sums, timeMs, value, seriesId }: FoundDataPoint): void {
    if (field < 0) {
      this.ignored++;
      return;
    }
    const process = this.#process;
    if (process === null) {
      this.noDyno++;
      return;
    }
    if (!(timeMs > 0 && timeMs <= MAX_TIME_MS)) {
      this.invalid++;
      return;
    }
    const row = this.#latest?.timeMs === timeMs ? this.#latest : this.#rowAt(process, timeMs);
    if (!(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) {
      this.invalid++;
      row.spoil(field, sums);
      return;
    }
    const isNew = sums ? row.addSeries(field, seriesId, value) : row.set(field, value);
    if (!isNew) this.repeated++;
  }

  /** Ends the resource: its rows follow, oldest first. */
  end(): void {
    if (this.#latest !== null) {
      const rows = [...this.#rows.values()];
      if (rows.length > 1) rows.sort((a, b) => a.timeMs - b.timeMs);
      for (const row of rows) {
        if (row.isUsable) this.rows.push(row);
        // Where one invalid part spoilt the only sum, the other parts are as useless.
        else this.invalid += row.dataPoints;
      }
      this.#rows.clear();
    }
    this.#process = null;
    this.#latest = null;
  }

  #rowAt(process: ProcessIdentity, timeMs: number): PointRow {
    let row = this.#rows.get(timeMs);
    if (row === undefined) {
      row = new PointRow(process, timeMs);
      this.#rows.set(timeMs, row);
    }
    this.#latest = row;
    return row;
  }
}
