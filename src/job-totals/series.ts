import { GROWTH_BOUNDS, type GrowthCounts, type JobFigure, type JobLabels, type JobPoint } from '../model/job-point.ts';

/** `held` and `active` say what is now; the others are sums since a start. */
const IS_NOW: Readonly<Record<JobFigure, boolean>> = {
  net: false,
  growth: false,
  runs: false,
  active: true,
  held: true,
};

/** A series with its labels' objects and its place in a map, without its texts and its histogram. */
const SERIES_BYTES = 384;
/** A histogram in the buckets of `GROWTH_BOUNDS`. */
const HISTOGRAM_BYTES = 448;
const BYTES_PER_CHARACTER = 2;

/** What a series takes in the heap, at most. */
export function bytesOfSeries(figure: JobFigure, { queue, name }: JobLabels): number {
  const texts = (queue.length + name.length) * BYTES_PER_CHARACTER;
  return SERIES_BYTES + texts + (figure === 'growth' ? HISTOGRAM_BYTES : 0);
}

/** The sum of one series since its boot began, whichever way its sender counts. */
export class Series {
  readonly figure: JobFigure;
  readonly labels: JobLabels;
  /** Of the series among those of its figure; 0 for a sum over several. */
  readonly id: number;
  timeMs = 0;
  #startMs = 0;
  /** What earlier starts came to, or all deltas. */
  #before = 0;
  #last = 0;
  #growth: GrowthSum | null = null;

  constructor(figure: JobFigure, labels: JobLabels, id = 0) {
    this.figure = figure;
    this.labels = labels;
    this.id = id;
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
      this.#growth ??= new GrowthSum();
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
    this.#growth ??= new GrowthSum();
    this.#growth.add(other.#growth);
  }

  /** A sum that began again: at another time, or lower than it was, which `net` may also be without a new start. */
  #isRestart({ startMs, value }: JobPoint): boolean {
    if (this.#startMs !== 0 && startMs !== 0 && startMs !== this.#startMs) return true;
    return this.figure !== 'net' && value < this.#last;
  }
}

/** A histogram of growth since its boot began, in the buckets of `GROWTH_BOUNDS`. Of fixed size. */
export class GrowthSum {
  /** One more than bounds, and last those of histograms without buckets: nobody knows where they belong. */
  readonly #last = NO_COUNTS.slice();
  /** Of earlier starts and deltas; null where there are none. */
  #before: number[] | null = null;
  #sumBefore = 0;
  #sumLast = 0;
  #max: number | null = null;

  take(growth: GrowthCounts, { isDelta, restarts }: { readonly isDelta: boolean; readonly restarts: boolean }): void {
    if (growth.max !== null) this.#max = Math.max(this.#max ?? 0, growth.max);
    if (isDelta) {
      this.#before ??= NO_COUNTS.slice();
      place(growth, this.#before);
      this.#sumBefore += growth.sum;
      return;
    }
    if (restarts) {
      this.#addAll(this.#last);
      this.#sumBefore += this.#sumLast;
    }
    this.#last.fill(0);
    place(growth, this.#last);
    this.#sumLast = growth.sum;
  }

  add(other: GrowthSum): void {
    if (other.#before !== null) this.#addAll(other.#before);
    this.#addAll(other.#last);
    this.#sumBefore += other.#sumBefore + other.#sumLast;
    if (other.#max !== null) this.#max = Math.max(this.#max ?? 0, other.#max);
  }

  view(): GrowthView {
    const all = this.#last.map((count, at) => count + (this.#before?.[at] ?? 0));
    return {
      counts: all.slice(0, -1),
      unplaced: all.at(-1) as number,
      sum: this.#sumBefore + this.#sumLast,
      max: this.#max,
    };
  }

  #addAll(counts: readonly number[]): void {
    this.#before = (this.#before ?? NO_COUNTS).map((count, at) => count + (counts[at] as number));
  }
}

/** What `GrowthSum` came to. */
export interface GrowthView {
  /** One more than `GROWTH_BOUNDS`. */
  readonly counts: readonly number[];
  /** Records that are in no bucket. */
  readonly unplaced: number;
  /** Bytes. */
  readonly sum: number;
  /** Bytes; null where it was not sent. */
  readonly max: number | null;
}

const PLACES = GROWTH_BOUNDS.length + 2;
const NO_COUNTS: readonly number[] = new Array<number>(PLACES).fill(0);

/** Adds the counts to those of our buckets: each where its upper bound belongs. An application may choose its own. */
function place({ bounds, counts }: GrowthCounts, into: number[]): void {
  for (let at = 0; at < counts.length; at++) {
    const bucket = bounds.length === 0 ? PLACES - 1 : placeOf(bounds[at] ?? Number.POSITIVE_INFINITY);
    into[bucket] = (into[bucket] as number) + (counts[at] as number);
  }
}

function placeOf(bound: number): number {
  let place = 0;
  while (place < GROWTH_BOUNDS.length && bound > (GROWTH_BOUNDS[place] as number)) place++;
  return place;
}
