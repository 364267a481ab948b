import type { Point } from '../../model/point.ts';
import { FIELDS } from '../otlp/wanted-metrics.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { SeriesSum } from './series-sum.ts';

/**
 * Values are never negative, so this stands for "not measured"; NaN stands for "cannot be known, one part of it was
 * invalid". No whole number: V8 then keeps the values of a row as doubles from the start, and not twice.
 */
const ABSENT = -0.5;
const ALL_ABSENT: readonly number[] = FIELDS.map(() => ABSENT);
/** As long as it gets, once: a list that grows takes room for 17 more. */
const NO_SUMS: readonly undefined[] = FIELDS.map(() => undefined);

/** All that is known of one process at one time. Fields are given by their place in `FIELDS`. */
export class PointRow {
  readonly process: ProcessIdentity;
  readonly timeMs: number;
  readonly #values: number[] = ALL_ABSENT.slice();
  /** Of those fields that are sums. */
  readonly #sums: (SeriesSum | undefined)[] = NO_SUMS.slice();

  constructor(process: ProcessIdentity, timeMs: number) {
    this.process = process;
    this.timeMs = timeMs;
  }

  /** Sets a field that is no sum; false where it is set already. */
  set(field: number, value: number): boolean {
    if (this.#values[field] !== ABSENT) return false;
    this.#values[field] = value;
    return true;
  }

  /** Adds one series to a field that is a sum; false where it is in it already. */
  addSeries(field: number, id: number, value: number): boolean {
    this.#sums[field] ??= new SeriesSum();
    const sum = this.#sums[field];
    const isNew = sum.add(id, value);
    this.#values[field] = sum.total;
    return isNew;
  }

  /** One series of a field that is a sum was invalid, so the sum cannot be known. */
  spoilSum(field: number): void {
    this.#sums[field] ??= new SeriesSum();
    this.#sums[field].total = Number.NaN;
    this.#values[field] = Number.NaN;
  }

  /** Takes a field over from another row of the same process and time; returns how many data points were new here. */
  takeField(field: number, other: PointRow): number {
    const theirs = other.sumOf(field);
    if (theirs === undefined) {
      const value = other.#values[field] as number;
      return this.set(field, value) && value >= 0 ? 1 : 0;
    }
    const own = this.#sums[field];
    if (own === undefined) {
      this.putSum(field, theirs);
      return theirs.size;
    }
    const added = own.addAll(theirs);
    this.#values[field] = own.total;
    return added;
  }

  putSum(field: number, sum: SeriesSum): void {
    this.#sums[field] = sum;
    this.#values[field] = sum.total;
  }

  sumOf(field: number): SeriesSum | undefined {
    return this.#sums[field];
  }

  has(field: number): boolean {
    return this.#values[field] !== ABSENT;
  }

  /** Data points that went into a field. */
  dataPointsOf(field: number): number {
    return this.#sums[field]?.size ?? Number((this.#values[field] as number) >= 0);
  }

  /** Whether any field can be used. */
  get isUsable(): boolean {
    for (let field = 0; field < FIELDS.length; field++) if ((this.#values[field] as number) >= 0) return true;
    return false;
  }

  get dataPoints(): number {
    let count = 0;
    for (let field = 0; field < FIELDS.length; field++) count += this.dataPointsOf(field);
    return count;
  }

  get point(): Point {
    const { boot, processId, processStartMs, processRole, tuning } = this.process;
    return {
      boot,
      processId,
      processStartMs,
      processRole,
      tuning,
      timeMs: this.timeMs,
      rssBytes: this.#known(0),
      treeResidentBytes: this.#known(1),
      treeSwapBytes: this.#known(2),
      limitBytes: this.#known(3),
      heapUsedBytes: this.#known(4),
      externalBytes: this.#known(5),
      activeJobs: this.#known(6),
      completedJobs: this.#known(7),
      oldestJobStartMs: this.#startOf(this.#known(8)),
    };
  }

  /** Null for an age that no job can have: it would have begun before 1970. */
  #startOf(ageS: number | null): number | null {
    const startMs = ageS === null ? -1 : this.timeMs - Math.round(ageS * 1000);
    return startMs >= 0 ? startMs : null;
  }

  #known(field: number): number | null {
    const value = this.#values[field] as number;
    return value >= 0 ? value : null;
  }
}
