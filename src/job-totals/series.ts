import { GROWTH_BOUNDS, type GrowthCounts, type JobFigure, type JobLabels } from '../model/job-point.ts';

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

/** What one series has come to since its boot began. */
export interface Series {
  readonly figure: JobFigure;
  readonly labels: JobLabels;
  /** Of the series among those of its figure. */
  readonly id: number;
  /** Of the newest point (Unix ms). */
  readonly timeMs: number;
  readonly value: number;
  /** Null where no histogram came. */
  readonly growth: GrowthSum | null;
}

/** The sum of several series of the same figure and labels. */
export class SeriesTotal implements Omit<Series, 'id'> {
  readonly figure: JobFigure;
  readonly labels: JobLabels;
  timeMs = 0;
  value = 0;
  growth: GrowthSum | null = null;

  constructor(figure: JobFigure, labels: JobLabels) {
    this.figure = figure;
    this.labels = labels;
  }

  absorb({ timeMs, value, growth }: Series): void {
    this.timeMs = Math.max(this.timeMs, timeMs);
    this.value += value;
    if (growth === null) return;
    this.growth ??= new GrowthSum();
    this.growth.add(growth);
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
    // Not by `fill`: V8 would make a list of small integers for it, and one of doubles again with the next count.
    for (let at = 0; at < PLACES; at++) this.#last[at] = 0;
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
