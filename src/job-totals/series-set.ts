import type { JobFigure } from '../model/job-point.ts';
import type { Series } from './series.ts';

/** Up to this many are searched one by one: maps would take more memory than the series of most processes. */
const MAX_LISTED = 24;

/** The series of one process, by figure and id. */
export class SeriesSet {
  readonly #all: Series[] = [];
  /** Null where there are few. */
  #index: Map<JobFigure, Map<number, Series>> | null = null;
  /** Exports list their series in one order, so the next one asked for is mostly the one behind the last. */
  #next = 0;

  /** Null if there is none. */
  find(figure: JobFigure, id: number): Series | null {
    const expected = this.#all[this.#next];
    if (expected?.id === id && expected.figure === figure) {
      this.#next += 1;
      return expected;
    }
    if (this.#index !== null) return this.#index.get(figure)?.get(id) ?? null;
    const at = this.#all.findIndex((series) => series.id === id && series.figure === figure);
    if (at >= 0) this.#next = at + 1;
    return this.#all[at] ?? null;
  }

  /** @param series one whose figure and id are not in it */
  add(series: Series): void {
    this.#all.push(series);
    this.#next = this.#all.length;
    if (this.#index !== null) addTo(this.#index, series);
    else if (this.#all.length > MAX_LISTED) {
      this.#index = new Map();
      for (const one of this.#all) addTo(this.#index, one);
    }
  }

  [Symbol.iterator](): Iterator<Series> {
    return this.#all.values();
  }
}

function addTo(index: Map<JobFigure, Map<number, Series>>, series: Series): void {
  const ofFigure = index.get(series.figure) ?? new Map<number, Series>();
  index.set(series.figure, ofFigure.set(series.id, series));
}
