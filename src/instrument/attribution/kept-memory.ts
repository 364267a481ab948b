import { type AllocationRate, allocatedBytes } from './allocation-sums.ts';
import { descend, type Quadratic } from './least-squares.ts';
import { COUNTS, type MemoryLow } from './memory-lows.ts';
import { SymmetricMatrix } from './symmetric-matrix.ts';

/** How much of one kind of memory the jobs of each name keep and hold, by index of the name. */
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
 * Full collections are rare, and so are lows. With few of them, `kept` stays near a prior: proportional to what
 * survives collections of any kind (`survivingFractions`).
 *
 * @param rates of each name, what its jobs allocate of this kind
 * @param lows oldest first
 * @param falls readings soon after any collection, oldest first
 */
export function keptMemory(
  rates: readonly AllocationRate[],
  { lows, falls }: { readonly lows: readonly MemoryLow[]; readonly falls: readonly MemoryLow[] },
  nowMs: number,
): KeptMemory {
  const names = rates.length;
  const prior = survivingFractions(rates, falls, nowMs);
  const perJobBytes = rates.map((rate, name) => bytesPerJob(rate, name, lows.at(-1)?.counts));
  const { A, b, allocated } = sumsOf(changesBetween(lows), { rates, perJobBytes, nowMs });
  const fractions = fitted({ A, b }, prior);
  return {
    keptBytes: allocated.map((bytes, name) => bytes * (fractions[name] ?? 0)),
    heldBytesPerJob: Float64Array.from(perJobBytes, (bytes, name) => bytes * (fractions[names + name] ?? 0)),
  };
}

/**
 * The fraction of each name's allocations that survives the next collection. It is known long before what is kept,
 * because young generations are collected every few megabytes, and it is zero for what jobs drop at once. What jobs
 * hold for a while survives too.
 */
function survivingFractions(
  rates: readonly AllocationRate[],
  falls: readonly MemoryLow[],
  nowMs: number,
): Float64Array {
  // Where the level has fallen, old garbage was collected as well.
  const rises = changesBetween(falls).filter(([from, to]) => to.levelBytes >= from.levelBytes);
  const sums = sumsOf(rises, { rates, perJobBytes: rates.map(() => 0), nowMs });
  const uniform = new Float64Array(rates.length).fill(1);
  return fitted(sums, uniform)
    .subarray(0, rates.length)
    .map((fraction) => fraction + MIN_PRIOR);
}

type Change = readonly [from: MemoryLow, to: MemoryLow];

function changesBetween(lows: readonly MemoryLow[]): readonly Change[] {
  return lows.slice(1).map((to, at) => [lows[at] as MemoryLow, to]);
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
 * For each change, x has the bytes that each name allocated, then the bytes that the change of its running jobs could
 * hold. A sums x x', and b sums x rise.
 */
function sumsOf(changes: readonly Change[], context: Context): ChangeSums {
  const names = context.rates.length;
  const A = new SymmetricMatrix();
  A.grow(2 * names);
  const sums = { A, b: new Float64Array(2 * names), allocated: new Float64Array(names) };
  const features = { places: new Int32Array(2 * names), values: new Float64Array(2 * names) };
  for (const [from, to] of changes) {
    const root = Math.sqrt(0.5 ** ((context.nowMs - to.atMs) / HALF_LIFE_MS));
    const count = gather(features, from, to, { ...context, root });
    A.addProduct(features.places, features.values, count);
    const rise = (to.levelBytes - from.levelBytes) * root;
    for (let i = 0; i < count; i += 1) {
      const place = features.places[i] ?? 0;
      const value = features.values[i] ?? 0;
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

/**
 * Writes the non-zero features of one change, times the root of its weight, and returns how many there are. Most of the
 * time of a fit is spent here, so it creates no objects.
 */
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

/** The fractions that all names keep, then those that they hold. The work does not grow with the number of changes. */
function fitted({ A, b }: Quadratic, prior: Float64Array): Float64Array {
  const names = prior.length;
  const scale = priorScale({ A, b }, prior);
  const fractions = new Float64Array(2 * names);
  for (let i = 0; i < names; i += 1) {
    const expected = Math.min(1, scale * (prior[i] ?? 0));
    const pull = RIDGE * A.at(i, i);
    A.add(i, i, pull);
    b[i] = (b[i] ?? 0) + pull * expected;
    fractions[i] = expected;
  }
  const maxOf = (i: number) => 1 - (fractions[i < names ? i + names : i - names] ?? 0);
  return descend({ A, b }, fractions, 0, maxOf);
}

/** The factor of the prior with which it fits best. */
function priorScale({ A, b }: Quadratic, prior: Float64Array): number {
  let allocated = 0;
  let risen = 0;
  for (let i = 0; i < prior.length; i += 1) {
    const own = prior[i] ?? 0;
    risen += own * (b[i] ?? 0);
    for (let j = 0; j < prior.length; j += 1) allocated += own * (prior[j] ?? 0) * A.at(i, j);
  }
  return Math.max(0, risen / allocated || 0);
}

/** A reading weighs half after this time, because what jobs do may change. */
export const HALF_LIFE_MS = 30 * 60_000;
/** Pulls each `kept` to the prior, which decides where the lows say little. */
const RIDGE = 0.01;
/** A name of which nothing seems to survive may still keep a little. */
const MIN_PRIOR = 0.05;
