import { type AllocationRate, AllocationSums, NO_ALLOCATION, type Presence } from './allocation-sums.ts';
import type { JobEffect, JobNameTotals } from './job-name-totals.ts';
import { HALF_LIFE_MS, keptMemory } from './kept-memory.ts';
import { COUNTS, MemoryLows } from './memory-lows.ts';
import { MEMORY_KINDS, type MemoryKind, type MemoryReading } from './memory-reading.ts';

/**
 * What the jobs of each name allocate, hold while they run, and keep, from all readings so far: each of the three kinds
 * of memory by itself (`AllocationSums`, `MemoryLows`, `keptMemory`).
 */
export class NameEstimates {
  /** Only read here; by the index of the name. */
  readonly #names: readonly JobNameTotals[];
  readonly #allocations = new AllocationSums();
  readonly #lows = MEMORY_KINDS.map(() => new MemoryLows());
  readonly #count = () => this.#counts();

  constructor(names: readonly JobNameTotals[]) {
    this.#names = names;
  }

  /** A reading, of which only a low is kept. */
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

  /** Sets the effect of each name, and returns how many bytes each keeps, of all kinds of memory, by its index. */
  solve(last: MemoryReading, nowMs: number): Float64Array {
    const kept = new Float64Array(this.#names.length);
    const effects = this.#names.map((): JobEffect => ({ ...NO_ALLOCATION, heldBytes: 0 }));
    this.#allocations.solve().forEach((solved, at) => {
      const kind = MEMORY_KINDS[at] as MemoryKind;
      const rates = this.#names.map(({ index }): AllocationRate => solved[index] ?? NO_ALLOCATION);
      const now = { atMs: nowMs, levelBytes: last[kind], counts: this.#counts() };
      const lows = (this.#lows[at] as MemoryLows).since(nowMs - MAX_AGE_MS, now);
      const { keptBytes, heldBytesPerJob } = keptMemory(rates, lows, nowMs);
      rates.forEach((rate, name) => {
        effects[name] = added(effects[name] as JobEffect, rate, heldBytesPerJob[name] ?? 0);
      });
      const weight = kind === 'nativeBytes' ? nativeWeight(keptBytes, kept) : 1;
      keptBytes.forEach((bytes, name) => {
        kept[name] = (kept[name] ?? 0) + weight * bytes;
      });
    });
    for (const totals of this.#names) totals.effect = effects[totals.index] as JobEffect;
    return kept;
  }

  /** Multiplies the weight of all readings so far by `fraction`, 0 to 1. Lows have a weight by their age. */
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

function added(effect: JobEffect, rate: AllocationRate, heldBytes: number): JobEffect {
  return {
    startBytes: effect.startBytes + rate.startBytes,
    bytesPerMs: effect.bytesPerMs + rate.bytesPerMs,
    endBytes: effect.endBytes + rate.endBytes,
    heldBytes: effect.heldBytes + heldBytes,
  };
}

/**
 * Memory that V8 knows of brings native growth with it: fragmentation, and the heap's own tables. Which job ran then
 * says nothing of who keeps it. So only native growth beyond that of V8's memory counts by itself; the rest is shared
 * like V8's memory.
 */
function nativeWeight(nativeBytes: Float64Array, v8Bytes: Float64Array): number {
  return Math.max(0, 1 - sum(v8Bytes) / sum(nativeBytes)) || 0;
}

function sum(numbers: Float64Array): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}

/** Four half-lives: older lows weigh next to nothing. */
const MAX_AGE_MS = 4 * HALF_LIFE_MS;
