import { descend } from './least-squares.ts';
import { MEMORY_KINDS, type MemoryKind, type MemoryReading } from './memory-reading.ts';
import { SymmetricMatrix } from './symmetric-matrix.ts';

/** What the jobs of one name did between two readings. */
export interface Presence {
  /** Index of the name, from 0. */
  index: number;
  /** Jobs that started at the first reading. */
  started: number;
  /** Jobs that ended at the second reading. */
  ended: number;
  /** Milliseconds that its jobs ran in between, summed over the jobs. */
  jobMs: number;
}

/** What one job of a name allocates of one kind of memory. No figure is negative. */
export interface AllocationRate {
  readonly startBytes: number;
  readonly bytesPerMs: number;
  readonly endBytes: number;
}

/** Bytes that jobs allocate which did this. */
export function allocatedBytes(rate: AllocationRate, done: Omit<Presence, 'index'>): number {
  return rate.startBytes * done.started + rate.bytesPerMs * done.jobMs + rate.endBytes * done.ended;
}

/**
 * How much each job name allocates, estimated from which names ran while memory rose. For each kind of memory the model
 * is
 *
 *   rise between two readings = sum over names of  startBytes started + bytesPerMs jobMs + endBytes ended  + noise
 *
 * and non-negative least squares fits it from two sums, A = sum x x' and b = sum x rise. A fall is a collection: it
 * counts as a rise of zero. Thousands of readings make the rates precise, but garbage counts like kept memory.
 * `MemoryLows` separates the two.
 */
export class AllocationSums {
  #names = 0;
  /** A. */
  readonly #products = new SymmetricMatrix();
  /** b of each kind. */
  readonly #rises = MEMORY_KINDS.map(() => new Float64Array(FEATURES * 8));
  /** The last solutions. The next descent continues from them: with many names, one does not reach the minimum. */
  #latest = MEMORY_KINDS.map(() => new Float64Array());
  /** Where the non-zero features of one interval are, and their values. */
  #places = new Int32Array(FEATURES * 8);
  #values = new Float64Array(FEATURES * 8);

  /** What the jobs of the first `count` names of `present` did between two readings. */
  add(present: readonly Presence[], count: number, before: MemoryReading, after: MemoryReading): void {
    let jobMs = 0;
    for (let at = 0; at < count; at += 1) jobMs += present[at]?.jobMs ?? 0;
    const v8Bytes =
      Math.max(0, after.heapBytes - before.heapBytes) + Math.max(0, after.externalBytes - before.externalBytes);
    // The longer jobs ran, the less is known of what they did, so variance grows with time. It also grows with size:
    // at equal weights, jobs that take 100 MB would hide what all others do.
    const weight = Math.min(1, (SURE_BYTES / v8Bytes) ** 2) / Math.sqrt(jobMs + SURE_JOB_MS);
    const features = this.#gather(present, count, weight);
    this.#products.addProduct(this.#places, this.#values, features);
    for (let kind = 0; kind < MEMORY_KINDS.length; kind += 1) {
      const key = MEMORY_KINDS[kind] as MemoryKind;
      const riseBytes = (after[key] - before[key]) * weight;
      if (riseBytes <= 0) continue;
      const rises = this.#rises[kind] as Float64Array;
      for (let i = 0; i < features; i += 1) {
        const place = this.#places[i] ?? 0;
        rises[place] = (rises[place] ?? 0) + (this.#values[i] ?? 0) * riseBytes;
      }
    }
  }

  /** Multiplies the weight of all readings so far by `fraction`, 0 to 1. */
  decay(fraction: number): void {
    this.#products.scale(fraction);
    for (const rises of this.#rises) for (let i = 0; i < rises.length; i += 1) rises[i] = (rises[i] ?? 0) * fraction;
  }

  /** For each kind of memory, the rates of the first `names` names by index. */
  solve(names: number): readonly (readonly AllocationRate[])[] {
    this.#startNewNames();
    return this.#rises.map((rises, kind) => {
      const rates = descend({ A: this.#products, b: rises }, this.#latest[kind] as Float64Array, RIDGE);
      return Array.from({ length: names }, (_, name) => ({
        startBytes: rates[FEATURES * name + START] ?? 0,
        bytesPerMs: rates[FEATURES * name + TIME] ?? 0,
        endBytes: rates[FEATURES * name + END] ?? 0,
      }));
    });
  }

  /** The descent of new names starts from the rates that fit if all do the same: indistinguishable names stay equal. */
  #startNewNames(): void {
    const size = FEATURES * this.#names;
    if (this.#latest.every(({ length }) => length === size)) return;
    const folded = this.#products.folded(FEATURES);
    this.#latest = this.#rises.map((rises, kind) => {
      const common = descend({ A: folded, b: summed(rises) }, new Float64Array(FEATURES), RIDGE);
      const rates = Float64Array.from({ length: size }, (_, i) => common[i % FEATURES] ?? 0);
      rates.set(this.#latest[kind] as Float64Array);
      return rates;
    });
  }

  /** Writes the non-zero features, and returns how many there are. */
  #gather(present: readonly Presence[], count: number, weight: number): number {
    let features = 0;
    for (let at = 0; at < count; at += 1) {
      const { index, started, ended, jobMs } = present[at] as Presence;
      this.#makeRoom(index);
      const first = FEATURES * index;
      if (started !== 0) features = this.#put(features, first + START, started * weight);
      if (jobMs !== 0) features = this.#put(features, first + TIME, jobMs * weight);
      if (ended !== 0) features = this.#put(features, first + END, ended * weight);
    }
    return features;
  }

  #put(at: number, place: number, value: number): number {
    this.#places[at] = place;
    this.#values[at] = value;
    return at + 1;
  }

  #makeRoom(name: number): void {
    if (name < this.#names) return;
    this.#names = name + 1;
    const features = FEATURES * this.#names;
    this.#products.grow(features);
    if (features <= this.#values.length) return;
    const room = Math.max(features, 2 * this.#values.length);
    const places = new Int32Array(room);
    places.set(this.#places);
    this.#places = places;
    this.#rises.forEach((rises, kind) => {
      this.#rises[kind] = wider(rises, room);
    });
    this.#values = wider(this.#values, room);
  }
}

const FEATURES = 3;
const START = 0;
const TIME = 1;
const END = 2;

/** Up to about this many job-milliseconds, an interval has nearly full weight. */
const SURE_JOB_MS = 100;

/** Rises up to this size have full weight. */
const SURE_BYTES = 5e6;

/** Makes the solution unique: two names that always run together get equal shares. */
const RIDGE = 0.001;

/** The sums that a single name with all jobs would have. */
function summed(rises: Float64Array): Float64Array {
  const sums = new Float64Array(FEATURES);
  rises.forEach((rise, place) => {
    sums[place % FEATURES] = (sums[place % FEATURES] ?? 0) + rise;
  });
  return sums;
}

function wider(numbers: Float64Array, room: number): Float64Array<ArrayBuffer> {
  const all = new Float64Array(room);
  all.set(numbers);
  return all;
}
