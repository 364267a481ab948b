import type { JobFigure, JobLabels, JobPoint } from '../model/job-point.ts';
import { GrowthSum, type Series } from './series.ts';

/** Up to this many are searched one by one: maps would take more memory than the series of most processes. */
const MAX_LISTED = 24;
/** Up to this many, lists are exactly as long as they are: one that grows by `push` keeps room for 17 more. */
const MAX_EXACT = 16;

/** By its place a figure is kept as a number. */
const FIGURES: readonly JobFigure[] = ['net', 'growth', 'runs', 'active', 'held'];
/** From this place on a figure says what is now; those before it are sums since a start. */
const FIRST_OF_NOW = FIGURES.indexOf('active');

/** The numbers of a series, by their places: its figure and id; the time of its newest point; where its sum began. */
const FIGURE = 0;
const ID = 1;
const TIME = 2;
const START = 3;
/** What earlier starts came to, or all deltas. */
const BEFORE = 4;
const LAST = 5;
const COLUMNS = 6;

/**
 * The series of one process, by figure and id: of each the sum since its boot began, whichever way its sender counts.
 * The numbers of all are in one list of doubles. An object for each series would take three times the memory, as V8
 * gives each number in it an object of its own.
 */
export class SeriesSet {
  #numbers: number[] = [];
  #labels: JobLabels[] = [];
  #growths: (GrowthSum | null)[] = [];
  /** The place of each series by figure and id. Null where there are few. */
  #index: Map<number, Map<number, number>> | null = null;
  /** Exports list their series in one order, so the next one asked for is mostly the one behind the last. */
  #next = 0;

  get size(): number {
    return this.#labels.length;
  }

  /** The place of a series; -1 if there is none. */
  find(figure: JobFigure, id: number): number {
    const wanted = FIGURES.indexOf(figure);
    const place = this.#isAt(this.#next, wanted, id) ? this.#next : this.#search(wanted, id);
    if (place >= 0) this.#next = place + 1;
    return place;
  }

  #search(figure: number, id: number): number {
    if (this.#index !== null) return this.#index.get(figure)?.get(id) ?? -1;
    for (let place = 0; place < this.size; place++) if (this.#isAt(place, figure, id)) return place;
    return -1;
  }

  #isAt(place: number, figure: number, id: number): boolean {
    const at = place * COLUMNS;
    return this.#numbers[at + ID] === id && this.#numbers[at + FIGURE] === figure;
  }

  /**
   * Adds a series without a point; returns its place.
   *
   * @param id of the series among those of its figure, which is not in the set
   */
  add(figure: JobFigure, labels: JobLabels, id: number): number {
    const place = this.size;
    const numbers = [FIGURES.indexOf(figure), id, 0, 0, 0, 0];
    if (place < MAX_EXACT) {
      this.#numbers = this.#numbers.concat(numbers);
      this.#labels = this.#labels.concat(labels);
      this.#growths = this.#growths.concat(null);
    } else {
      this.#numbers.push(...numbers);
      this.#labels.push(labels);
      this.#growths.push(null);
    }
    this.#next = this.size;
    if (this.#index !== null) this.#addToIndex(place);
    else if (this.size > MAX_LISTED) {
      this.#index = new Map();
      for (let one = 0; one < this.size; one++) this.#addToIndex(one);
    }
    return place;
  }

  #addToIndex(place: number): void {
    const at = place * COLUMNS;
    const figure = this.#numbers[at + FIGURE] as number;
    const ofFigure = this.#index?.get(figure) ?? new Map<number, number>();
    this.#index?.set(figure, ofFigure.set(this.#numbers[at + ID] as number, place));
  }

  /** A point that came before, or is older, changes nothing: a sender that lost our answer repeats itself. */
  take(place: number, point: JobPoint): void {
    const numbers = this.#numbers;
    const at = place * COLUMNS;
    if (point.timeMs <= (numbers[at + TIME] as number)) return;
    numbers[at + TIME] = point.timeMs;
    if ((numbers[at + FIGURE] as number) >= FIRST_OF_NOW) {
      numbers[at + LAST] = point.value;
      return;
    }
    const restarts = !point.isDelta && this.#isRestart(at, point);
    if (point.growth !== null) this.#growthAt(place).take(point.growth, { isDelta: point.isDelta, restarts });
    if (point.isDelta) numbers[at + BEFORE] = (numbers[at + BEFORE] as number) + point.value;
    else {
      if (restarts) numbers[at + BEFORE] = (numbers[at + BEFORE] as number) + (numbers[at + LAST] as number);
      numbers[at + LAST] = point.value;
    }
    numbers[at + START] = point.startMs;
  }

  /** A sum that began again: at another time, or lower than it was, which `net` may also be without a new start. */
  #isRestart(at: number, { figure, startMs, value }: JobPoint): boolean {
    const knownMs = this.#numbers[at + START] as number;
    if (knownMs !== 0 && startMs !== 0 && startMs !== knownMs) return true;
    return figure !== 'net' && value < (this.#numbers[at + LAST] as number);
  }

  /** Adds all of another series to the one at a place: that of a process which is forgotten. */
  absorb(place: number, { timeMs, value, growth }: Series): void {
    const numbers = this.#numbers;
    const at = place * COLUMNS;
    numbers[at + BEFORE] = (numbers[at + BEFORE] as number) + value;
    numbers[at + TIME] = Math.max(numbers[at + TIME] as number, timeMs);
    if (growth !== null) this.#growthAt(place).add(growth);
  }

  #growthAt(place: number): GrowthSum {
    const growth = this.#growths[place] ?? new GrowthSum();
    this.#growths[place] = growth;
    return growth;
  }

  /** Each series as it is now, in the order in which they were added. */
  *[Symbol.iterator](): Iterator<Series> {
    for (let place = 0; place < this.size; place++) {
      const at = place * COLUMNS;
      const [before, last] = [this.#numbers[at + BEFORE] as number, this.#numbers[at + LAST] as number];
      yield {
        figure: FIGURES[this.#numbers[at + FIGURE] as number] as JobFigure,
        labels: this.#labels[place] as JobLabels,
        id: this.#numbers[at + ID] as number,
        timeMs: this.#numbers[at + TIME] as number,
        value: before + last,
        growth: this.#growths[place] as GrowthSum | null,
      };
    }
  }
}
