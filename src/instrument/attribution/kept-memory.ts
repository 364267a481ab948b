import { type AllocationRate, allocatedBytes } from './allocation-sums.ts';
import { COUNTS, type MemoryLow } from './memory-lows.ts';

/** What became of the memory of one kind that the jobs of each name allocated; by index of the name. */
export interface KeptMemory {
  /** Bytes kept between the first low and the last; older ones weigh less. */
  readonly keptBytes: Float64Array;
  /** Bytes that one running job holds, and gives back when it ends. */
  readonly heldBytesPerJob: Float64Array;
}

/** How the memory changed from one low to the next, and what could explain it. */
interface Change {
  readonly riseBytes: number;
  /** What each name allocated in between; then what its jobs that run could hold more than before. */
  readonly features: Float64Array;
  /** 1 now, half after `HALF_LIFE_MS`. */
  readonly weight: number;
}

/**
 * Which names keep what they allocate. From one low to the next, the model is
 *
 *   rise = sum over names of  kept x bytes allocated in between + held x bytes per job x change of running jobs  + noise
 *
 * where `kept` and `held` are fractions of what the name allocates, and together at most 1. Least squares finds them by
 * coordinate descent. With few lows,
 * `kept` stays near the fraction that fits if all names keep alike.
 *
 * @param rates of each name, what its jobs allocate of this kind
 * @param lows oldest first
 */
export function keptMemory(rates: readonly AllocationRate[], lows: readonly MemoryLow[], nowMs: number): KeptMemory {
  const names = rates.length;
  const perJobBytes = rates.map((rate, name) => bytesPerJob(rate, name, lows.at(-1)?.counts));
  const changes = lows.slice(1).map((low, at) => changeOf(lows[at] as MemoryLow, low, { rates, perJobBytes, nowMs }));
  const fractions = fitted(changes, names);
  const keptBytes = new Float64Array(names);
  for (const { features, weight } of changes) {
    for (let i = 0; i < names; i += 1)
      keptBytes[i] = (keptBytes[i] ?? 0) + weight * (fractions[i] ?? 0) * (features[i] ?? 0);
  }
  return {
    keptBytes,
    heldBytesPerJob: Float64Array.from(perJobBytes, (bytes, i) => bytes * (fractions[names + i] ?? 0)),
  };
}

interface ChangeContext {
  readonly rates: readonly AllocationRate[];
  readonly perJobBytes: readonly number[];
  readonly nowMs: number;
}

function changeOf(from: MemoryLow, to: MemoryLow, { rates, perJobBytes, nowMs }: ChangeContext): Change {
  const names = rates.length;
  const features = new Float64Array(2 * names);
  rates.forEach((rate, name) => {
    const since = (place: number) =>
      (to.counts[COUNTS * name + place] ?? 0) - (from.counts[COUNTS * name + place] ?? 0);
    features[name] = allocatedBytes(rate, { started: since(0), jobMs: since(1), ended: since(2) });
    features[names + name] = (perJobBytes[name] ?? 0) * since(3);
  });
  return { riseBytes: to.levelBytes - from.levelBytes, features, weight: 0.5 ** ((nowMs - to.atMs) / HALF_LIFE_MS) };
}

function bytesPerJob(rate: AllocationRate, name: number, counts: Float64Array | undefined): number {
  const [started = 0, jobMs = 0, ended = 0] = counts?.subarray(COUNTS * name) ?? [];
  return ended === 0 ? 0 : allocatedBytes(rate, { started, jobMs, ended }) / ended;
}

/** The fractions kept of all names, then the fractions held. */
function fitted(changes: readonly Change[], names: number): Float64Array {
  const columns = Array.from({ length: 2 * names }, (_, i) => columnOf(changes, i, i + 1));
  const squares = columns.map((column) => dot(column, column));
  const left = Float64Array.from(changes, ({ riseBytes, weight }) => riseBytes * Math.sqrt(weight));
  const all = columnOf(changes, 0, names);
  const common = clamp(dot(all, left) / dot(all, all) || 0, 1);
  const fractions = new Float64Array(2 * names).fill(common, 0, names);
  for (let row = 0; row < left.length; row += 1) left[row] = (left[row] ?? 0) - common * (all[row] ?? 0);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    let moved = 0;
    columns.forEach((column, i) => {
      const own = squares[i] ?? 0;
      if (own === 0) return;
      const isKept = i < names;
      const before = fractions[i] ?? 0;
      const other = fractions[isKept ? i + names : i - names] ?? 0;
      const best = (dot(column, left) + own * before + RIDGE * own * (isKept ? common : 0)) / (own * (1 + RIDGE));
      const after = clamp(best, 1 - other);
      fractions[i] = after;
      for (let row = 0; row < left.length; row += 1)
        left[row] = (left[row] ?? 0) - (after - before) * (column[row] ?? 0);
      moved = Math.max(moved, Math.abs(after - before));
    });
    if (moved < SETTLED_FRACTION) break;
  }
  return fractions;
}

/** The sum of the features from `first` to before `end` in each change, weighted. By hand: at each export it costs most. */
function columnOf(changes: readonly Change[], first: number, end: number): Float64Array {
  const column = new Float64Array(changes.length);
  for (let row = 0; row < column.length; row += 1) {
    const { features, weight } = changes[row] as Change;
    let total = 0;
    for (let i = first; i < end; i += 1) total += features[i] ?? 0;
    column[row] = total * Math.sqrt(weight);
  }
  return column;
}

function clamp(value: number, max: number): number {
  return Math.max(0, Math.min(max, value));
}

function dot(a: Float64Array, b: Float64Array): number {
  let total = 0;
  for (let i = 0; i < a.length; i += 1) total += (a[i] ?? 0) * (b[i] ?? 0);
  return total;
}

/** What was seen half an hour ago counts half: names may change their ways. */
export const HALF_LIFE_MS = 30 * 60_000;
/** Pulls `kept` to what all names keep, and `held` to zero, where the lows tell little. */
const RIDGE = 0.01;
const MAX_ROUNDS = 200;
const SETTLED_FRACTION = 1e-4;
