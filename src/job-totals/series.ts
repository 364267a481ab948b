import type { GrowthCounts, JobFigure, JobLabels, JobPoint } from '../model/job-point.ts';

/** `held` and `active` say what is now; the others are sums since a start. */
const IS_NOW: Readonly<Record<JobFigure, boolean>> = {
  net: false,
  growth: false,
  runs: false,
  active: true,
  held: true,
};

/** The sum of one series since its boot began, whichever way its sender counts. */
export class Series {
  readonly figure: JobFigure;
  readonly labels: JobLabels;
  timeMs = 0;
  #startMs = 0;
  /** What earlier starts came to, or all deltas. */
  #before = 0;
  #last = 0;
  #growth: GrowthSum | null = null;

  constructor(figure: JobFigure, labels: JobLabels) {
    this.figure = figure;
    this.labels = labels;
  }

  get value(): number {
    return this.#before + this.#last;
  }

  get growth(): GrowthSum | null {
    return this.#growth;
  }

  /** A point that came before, or is older, changes nothing: a sender that lost our answer repeats itself. */
  take(point: JobPoint): void {
    if (point.timeMs <= this.timeMs) return;
    this.timeMs = point.timeMs;
    if (IS_NOW[this.figure]) {
      this.#last = point.value;
      return;
    }
    const restarts = !point.isDelta && this.#isRestart(point);
    if (point.growth !== null) {
      this.#growth ??= new GrowthSum(point.growth.bounds);
      this.#growth.take(point.growth, { isDelta: point.isDelta, restarts });
    }
    if (point.isDelta) this.#before += point.value;
    else {
      if (restarts) this.#before += this.#last;
      this.#last = point.value;
    }
    this.#startMs = point.startMs;
  }

  /** Adds all of another series: that of a process which is forgotten. */
  absorb(other: Series): void {
    this.#before += other.value;
    this.timeMs = Math.max(this.timeMs, other.timeMs);
    if (other.#growth === null) return;
    this.#growth ??= new GrowthSum(other.#growth.bounds);
    this.#growth.add(other.#growth);
  }

  /** A sum that began again: at another time, or lower than it was, which `net` may also be without a new start. */
  #isRestart({ startMs, value }: JobPoint): boolean {
    if (this.#startMs !== 0 && startMs !== 0 && startMs !== this.#startMs) return true;
    return this.figure !== 'net' && value < this.#last;
  }
}

/** A histogram of growth since its boot began. */
export class GrowthSum {
  readonly bounds: readonly number[];
  readonly #before: number[];
  #last: readonly number[];
  #sumBefore = 0;
  #sumLast = 0;
  #max: number | null = null;

  constructor(bounds: readonly number[]) {
    this.bounds = shared(bounds);
    this.#before = new Array<number>(bounds.length + 1).fill(0);
    this.#last = this.#before.slice();
  }

  take(growth: GrowthCounts, { isDelta, restarts }: { readonly isDelta: boolean; readonly restarts: boolean }): void {
    if (growth.max !== null) this.#max = Math.max(this.#max ?? 0, growth.max);
    if (isDelta || restarts) {
      const counts = isDelta ? rebinned(growth, this.bounds) : this.#last;
      for (const [at, count] of counts.entries()) this.#before[at] = (this.#before[at] ?? 0) + count;
      this.#sumBefore += isDelta ? growth.sum : this.#sumLast;
    }
    if (isDelta) return;
    this.#last = rebinned(growth, this.bounds);
    this.#sumLast = growth.sum;
  }

  add(other: GrowthSum): void {
    const isAlike = isSame(this.bounds, other.bounds);
    const counts = isAlike ? other.#before : rebinned(other.view(), this.bounds);
    for (let at = 0; at < this.#before.length; at++) {
      const more = (counts[at] as number) + (isAlike ? (other.#last[at] as number) : 0);
      this.#before[at] = (this.#before[at] as number) + more;
    }
    this.#sumBefore += other.#sumBefore + other.#sumLast;
    if (other.#max !== null) this.#max = Math.max(this.#max ?? 0, other.#max);
  }

  view(): GrowthCounts {
    return {
      bounds: this.bounds,
      counts: this.#before.map((count, at) => count + (this.#last[at] ?? 0)),
      sum: this.#sumBefore + this.#sumLast,
      max: this.#max,
    };
  }
}

/** The counts in other buckets: each goes where its upper bound belongs. An application may choose its own. */
function rebinned({ bounds, counts }: GrowthCounts, wanted: readonly number[]): readonly number[] {
  if (isSame(bounds, wanted)) return counts;
  const result = new Array<number>(wanted.length + 1).fill(0);
  for (const [at, count] of counts.entries()) {
    const bound = bounds[at] ?? Number.POSITIVE_INFINITY;
    const found = wanted.findIndex((own) => bound <= own);
    const place = found < 0 ? wanted.length : found;
    result[place] = (result[place] ?? 0) + count;
  }
  return result;
}

/** Nearly all histograms have the same bounds: one array of them spares memory, and comparing them time. */
const KNOWN_BOUNDS: (readonly number[])[] = [];
const MAX_KNOWN_BOUNDS = 16;

function shared(bounds: readonly number[]): readonly number[] {
  const known = KNOWN_BOUNDS.find((one) => isSame(one, bounds));
  if (known === undefined && KNOWN_BOUNDS.length < MAX_KNOWN_BOUNDS) KNOWN_BOUNDS.push(bounds);
  return known ?? bounds;
}

function isSame(one: readonly number[], other: readonly number[]): boolean {
  return one === other || (one.length === other.length && one.every((bound, at) => bound === other[at]));
}
