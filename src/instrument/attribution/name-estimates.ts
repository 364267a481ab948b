import { type AllocationRate, AllocationSums, type Presence } from './allocation-sums.ts';
import type { JobNameTotals } from './job-name-totals.ts';
import { HALF_LIFE_MS, type KeptMemory, keptMemory } from './kept-memory.ts';
import { COUNTS, MemoryLows } from './memory-lows.ts';
import { MEMORY_KINDS, type MemoryKind, type MemoryReading } from './memory-reading.ts';

/**
 * What the jobs of each name allocate, hold while they run, and keep, estimated from all readings so far. Each of the
 * three kinds of memory is estimated by itself (`AllocationSums`, `MemoryLows`, `keptMemory`).
 */
export class NameEstimates {
  /** By index of the name. The attributor adds to it. */
  readonly #names: readonly JobNameTotals[];
  readonly #allocations = new AllocationSums();
  #lows = MEMORY_KINDS.map(() => new MemoryLows());
  readonly #count = () => this.#counts();

  constructor(names: readonly JobNameTotals[]) {
    this.#names = names;
  }

  /** Forgets the lows so far: kept memory counts from this reading on. */
  startAt(reading: MemoryReading, nowMs: number): void {
    this.#lows = MEMORY_KINDS.map(() => new MemoryLows());
    this.observeLows(reading, nowMs);
  }

  /** Takes a reading, and remembers it if it is a low. */
  observeLows(reading: MemoryReading, nowMs: number): void {
    for (let at = 0; at < MEMORY_KINDS.length; at += 1) {
      const kind = MEMORY_KINDS[at] as MemoryKind;
      (this.#lows[at] as MemoryLows).observe(reading[kind], nowMs, this.#count);
    }
  }

  /** What the jobs of the first `count` of `present` did between two readings. */
  add(present: readonly Presence[], count: number, before: MemoryReading, after: MemoryReading): void {
    this.#allocations.add(present, count, before, after);
  }

  /** Sets the effect of each name, and returns the bytes that each keeps, by its index. */
  solve(last: MemoryReading, nowMs: number): Float64Array {
    const rates = this.#allocations.solve(this.#names.length);
    const counts = this.#counts();
    const estimates = MEMORY_KINDS.map((kind, at) => {
      const now = { atMs: nowMs, levelBytes: last[kind], counts };
      const lows = this.#lows[at] as MemoryLows;
      const moments = { lows: lows.since(nowMs - MAX_AGE_MS, now), falls: lows.falls };
      return keptMemory(rates[at] as readonly AllocationRate[], moments, nowMs);
    });
    const [heap, external, rss] = estimates as [KeptMemory, KeptMemory, KeptMemory];
    for (const totals of this.#names) {
      const rate = rates[RSS]?.[totals.index] as AllocationRate;
      totals.effect = {
        ...rate,
        heldBytes: (heap.heldBytesPerJob[totals.index] ?? 0) + (external.heldBytesPerJob[totals.index] ?? 0),
      };
    }
    const v8Bytes = sum(heap.keptBytes) + sum(external.keptBytes);
    const rssBytes = sum(rss.keptBytes);
    const rssWeight = Math.max(0, rssBytes - V8_OVERHEAD * v8Bytes) / rssBytes || 0;
    return heap.keptBytes.map(
      (bytes, name) => bytes + (external.keptBytes[name] ?? 0) + rssWeight * (rss.keptBytes[name] ?? 0),
    );
  }

  /** Multiplies the weight of all readings so far by `fraction`, 0 to 1. The weight of a low follows from its age. */
  decay(fraction: number): void {
    this.#allocations.decay(fraction);
  }

  #counts(): Float64Array {
    const counts = new Float64Array(COUNTS * this.#names.length);
    this.#names.forEach(({ done: { started, jobMs, ended }, running }, name) => {
      counts[COUNTS * name] = started;
      counts[COUNTS * name + 1] = jobMs;
      counts[COUNTS * name + 2] = ended;
      counts[COUNTS * name + 3] = running;
    });
    return counts;
  }
}

function sum(numbers: Float64Array): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}

const RSS = MEMORY_KINDS.indexOf('rssBytes');
/** Four half-lives: older lows have almost no weight. */
const MAX_AGE_MS = 4 * HALF_LIFE_MS;
/**
 * Memory that V8 knows of may take up to twice as much of RSS: fragmentation, and the heap's own tables and reserves.
 * Which job ran when those grew does not show who causes them. So only RSS growth beyond that is shared by lows of RSS.
 */
const V8_OVERHEAD = 2;
