import { type AllocationRate, allocatedBytes } from './allocation-sums.ts';
import { descend, type Quadratic } from './least-squares.ts';
import { COUNTS, type MemoryLow } from './memory-lows.ts';
import { SymmetricMatrix } from './symmetric-matrix.ts';

/** What became of the memory of one kind that the jobs of each name allocated; by index of the name. */
export interface KeptMemory {
  /** Bytes kept between the first low and the last; older ones weigh less. */
  readonly keptBytes: Float64Array;
  /** Bytes that one running job holds, and gives back when it ends. */
  readonly heldBytesPerJob: Float64Array;
}

/**
 * Which names keep what they allocate. From one low to the next, the model is
 *
 *   rise = sum over names of  kept x bytes allocated in between
 *                           + held x bytes per job x change of running jobs  + noise
 *
 * where `kept` and `held` are fractions of what the name allocates, and together at most 1. Least squares finds them.
 * With few lows, `kept` stays near the fraction that fits if all names keep alike.
 *
 * @param rates of each name, what its jobs allocate of this kind
 * @param lows oldest first
 */
export function keptMemory(rates: readonly AllocationRate[], lows: readonly MemoryLow[], nowMs: number): KeptMemory {
  const names = rates.length;
  const perJobBytes = rates.map((rate, name) => bytesPerJob(rate, name, lows.at(-1)?.counts));
  const { A, b, allocated } = sumsOf(lows, { rates, perJobBytes, nowMs });
  const fractions = fitted({ A, b }, names);
  return {
    keptBytes: allocated.map((bytes, name) => bytes * (fractions[name] ?? 0)),
    heldBytesPerJob: Float64Array.from(perJobBytes, (bytes, name) => bytes * (fractions[names + name] ?? 0)),
  };
}

function bytesPerJob(rate: AllocationRate, name: number, counts: Float64Array | undefined): number {
  const [started = 0, jobMs = 0, ended = 0] = counts?.subarray(COUNTS * name) ?? [];
  return ended === 0 ? 0 : allocatedBytes(rate, { started, jobMs, ended }) / ended;
}

interface Context {
  readonly rates: readonly AllocationRate[];
  readonly perJobBytes: readonly number[];
  readonly nowMs: number;
}

/** Sums over the changes from one low to the next. A change weighs 1 now, and half after `HALF_LIFE_MS`. */
interface ChangeSums extends Quadratic {
  /** What each name allocated, weighted. */
  readonly allocated: Float64Array;
}

/**
 * For each change x has what each name allocated, then what its jobs that run could hold more than before; A sums x x',
 * and b sums x rise.
 */
function sumsOf(lows: readonly MemoryLow[], context: Context): ChangeSums {
  const names = context.rates.length;
  const A = new SymmetricMatrix();
  A.grow(2 * names);
  const sums = { A, b: new Float64Array(2 * names), allocated: new Float64Array(names) };
  const features = { places: new Int32Array(2 * names), values: new Float64Array(2 * names) };
  for (let at = 1; at < lows.length; at += 1) {
    const [from, to] = [lows[at - 1] as MemoryLow, lows[at] as MemoryLow];
    const root = Math.sqrt(0.5 ** ((context.nowMs - to.atMs) / HALF_LIFE_MS));
    const count = gather(features, from, to, { ...context, root });
    A.addProduct(features.places, features.values, count);
    const rise = (to.levelBytes - from.levelBytes) * root;
    for (let i = 0; i < count; i += 1) {
      const [place, value] = [features.places[i] ?? 0, features.values[i] ?? 0];
      sums.b[place] = (sums.b[place] ?? 0) + value * rise;
      if (place < names) sums.allocated[place] = (sums.allocated[place] ?? 0) + value * root;
    }
  }
  return sums;
}

interface Features {
  readonly places: Int32Array;
  readonly values: Float64Array;
}

/** What is not zero of one change, times the root of its weight. Returns how much that is. By hand: it costs most. */
function gather(
  { places, values }: Features,
  from: MemoryLow,
  to: MemoryLow,
  { rates, perJobBytes, root }: Context & { readonly root: number },
): number {
  const names = rates.length;
  let count = 0;
  for (let name = 0; name < names; name += 1) {
    const since = (place: number) =>
      (to.counts[COUNTS * name + place] ?? 0) - (from.counts[COUNTS * name + place] ?? 0);
    const bytes = allocatedBytes(rates[name] as AllocationRate, {
      started: since(0),
      jobMs: since(1),
      ended: since(2),
    });
    if (bytes === 0) continue;
    places[count] = name;
    values[count] = bytes * root;
    count += 1;
  }
  for (let name = 0; name < names; name += 1) {
    const place = COUNTS * name + 3;
    const bytes = (perJobBytes[name] ?? 0) * ((to.counts[place] ?? 0) - (from.counts[place] ?? 0));
    if (bytes === 0) continue;
    places[count] = names + name;
    values[count] = bytes * root;
    count += 1;
  }
  return count;
}

/** The fractions kept of all names, then the fractions held. The work does not grow with the number of changes. */
function fitted({ A, b }: Quadratic, names: number): Float64Array {
  const common = commonFraction({ A, b }, names);
  for (let i = 0; i < names; i += 1) {
    const pull = RIDGE * A.at(i, i);
    A.add(i, i, pull);
    b[i] = (b[i] ?? 0) + pull * common;
  }
  const fractions = new Float64Array(2 * names).fill(common, 0, names);
  const maxOf = (i: number) => 1 - (fractions[i < names ? i + names : i - names] ?? 0);
  return descend({ A, b }, fractions, 0, maxOf);
}

/** What is kept of all that is allocated, if all names keep alike. */
function commonFraction({ A, b }: Quadratic, names: number): number {
  let allocated = 0;
  let risen = 0;
  for (let i = 0; i < names; i += 1) {
    risen += b[i] ?? 0;
    for (let j = 0; j < names; j += 1) allocated += A.at(i, j);
  }
  return Math.max(0, Math.min(1, risen / allocated || 0));
}

/** What was seen half an hour ago counts half: names may change their ways. */
export const HALF_LIFE_MS = 30 * 60_000;
/** Pulls `kept` to what all names keep, where the lows tell little. */
const RIDGE = 0.01;
