import { descend } from './least-squares.ts';
import { SymmetricMatrix } from './symmetric-matrix.ts';

/** What the jobs of one name did between two readings. */
export interface Presence {
  /** Of the name, from 0. */
  index: number;
  /** How many began at the first of the two. */
  started: number;
  /** How many ended at the second. */
  ended: number;
  /** Job-milliseconds in between. */
  jobMs: number;
}

/** What one job of a name is held to do to memory; none is negative. */
export interface NameEffect {
  /** Taken when it begins, and kept. Bytes. */
  readonly startBytes: number;
  /** Taken bit by bit while it runs, and kept. */
  readonly bytesPerMs: number;
  /** Taken when it begins, and given back when it ends. Bytes. */
  readonly loanBytes: number;
}

/**
 * What each job name does to memory, estimated from which names ran, began and ended when memory changed.
 *
 * The model of the change between two readings, with `s` jobs of a name begun, `e` ended and `m` job-milliseconds:
 *
 *   change = sum over names of  startBytes s + bytesPerMs m + loanBytes (s - e)  + noise
 *
 * Least squares under "no effect is negative" (NNLS; Lawson and Hanson, Solving Least Squares Problems, 1974) needs two sums only, A = sum x x'
 * and b = sum x change, and is solved by coordinate descent. A slow name that takes nothing is there as often when memory stands still as
 * when it grows, so it gets nothing. What is lent is a feature of its own: else the memory of a job that gives all back would pass for kept.
 * Pure: numbers in, numbers out.
 */
export class NameEffects {
  #names = 0;
  /** A and b. What rounding takes off A is nothing beside the ridge. */
  readonly #products = new SymmetricMatrix('single');
  #changes = new Float64Array(FEATURES * 8);
  /** Where the descent goes on: with many names one does not come to its end. */
  #latest = new Float64Array();
  /** Of the interval that is being added: which features are not zero, and what they are. */
  #places = new Int32Array(this.#changes.length);
  #values = new Float64Array(this.#changes.length);

  /** The jobs that ran between two readings, of `count` names, and the change that the second one showed. */
  add(present: readonly Presence[], count: number, changeBytes: number): void {
    const features = this.#gather(present, count);
    const [places, values, changes] = [this.#places, this.#values, this.#changes];
    for (let i = 0; i < features; i += 1) {
      const place = places[i] ?? 0;
      changes[place] = (changes[place] ?? 0) + (values[i] ?? 0) * changeBytes;
    }
    this.#products.addProduct(places, values, features);
  }

  /** How many features are not zero. */
  #gather(present: readonly Presence[], count: number): number {
    let features = 0;
    for (let at = 0; at < count; at += 1) {
      const { index, started, ended, jobMs } = present[at] as Presence;
      this.#makeRoom(index);
      const first = FEATURES * index;
      if (started !== 0) features = this.#put(features, first + START, started);
      if (jobMs !== 0) features = this.#put(features, first + TIME, jobMs);
      if (started !== ended) features = this.#put(features, first + LOAN, started - ended);
    }
    return features;
  }

  #put(at: number, place: number, value: number): number {
    this.#places[at] = place;
    this.#values[at] = value;
    return at + 1;
  }

  /** What was seen so far counts for this share of itself from now on, 0 to 1. */
  fade(share: number): void {
    this.#products.scale(share);
    for (let i = 0; i < this.#changes.length; i += 1) this.#changes[i] = (this.#changes[i] ?? 0) * share;
  }

  /** The effects of all names, by index. Names that always begin and end together cannot be told apart, and get the same. */
  solve(): readonly NameEffect[] {
    const size = FEATURES * this.#names;
    // From the one effect that fits best if all names did the same, so that what cannot be told apart stays alike.
    const summed = { A: this.#products.folded(FEATURES), b: this.#summedChanges() };
    const common = descend(summed, new Float64Array(FEATURES), RIDGE);
    const effects = new Float64Array(size);
    for (let i = 0; i < size; i += 1) effects[i] = this.#latest[i] ?? common[i % FEATURES] ?? 0;
    descend({ A: this.#products, b: this.#changes }, effects, RIDGE);
    this.#latest = effects;
    return Array.from({ length: this.#names }, (_, name) => ({
      startBytes: effects[FEATURES * name + START] ?? 0,
      bytesPerMs: effects[FEATURES * name + TIME] ?? 0,
      loanBytes: effects[FEATURES * name + LOAN] ?? 0,
    }));
  }

  /** As if all names were one. */
  #summedChanges(): Float64Array {
    const summed = new Float64Array(FEATURES);
    this.#changes.forEach((change, place) => {
      summed[place % FEATURES] = (summed[place % FEATURES] ?? 0) + change;
    });
    return summed;
  }

  #makeRoom(name: number): void {
    if (name < this.#names) return;
    this.#names = name + 1;
    const features = FEATURES * this.#names;
    this.#products.grow(features);
    if (features <= this.#changes.length) return;
    const room = this.#changes.length * 2;
    const changes = new Float64Array(room);
    changes.set(this.#changes);
    this.#changes = changes;
    const values = new Float64Array(room);
    values.set(this.#values);
    this.#values = values;
    const places = new Int32Array(room);
    places.set(this.#places);
    this.#places = places;
  }
}

const FEATURES = 3;
const START = 0;
const TIME = 1;
const LOAN = 2;

/** Keeps apart what is nearly the same: two names that always run together share evenly. */
const RIDGE = 0.01;
