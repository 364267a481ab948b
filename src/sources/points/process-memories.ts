import { FairShares, type Holding } from '../../model/fair-shares.ts';
import { FIELDS } from '../otlp/wanted-metrics.ts';
import type { PointRow } from './point-row.ts';
import type { SeriesSum } from './series-sum.ts';

/** A process in its map, with its times. */
export const BYTES_PER_PROCESS = 768;
const BYTES_PER_SERIES = 8;

/** What was handed on of one process: the newest time of each field, and for sums the series in it. */
export class ProcessMemory implements Holding {
  readonly owner: string;
  readonly key: string;
  amount = 0;
  readonly timesMs: number[] = new Array(FIELDS.length).fill(0);
  readonly sums: (SeriesSum | undefined)[] = FIELDS.map(() => undefined);
  /** What waits, for a second after each export: mostly one time, so further ones alone have a map. */
  #first: PointRow | null = null;
  #more: Map<number, PointRow> | null = null;
  newestMs = 0;
  /** Whether it was dropped; rows that it still holds are passed on all the same. */
  isForgotten = false;

  constructor(key: string, owner: string) {
    this.key = key;
    this.owner = owner;
  }

  get isHeld(): boolean {
    return this.#first !== null || this.#more !== null;
  }

  heldAt(timeMs: number): PointRow | undefined {
    return this.#first?.timeMs === timeMs ? this.#first : this.#more?.get(timeMs);
  }

  hold(row: PointRow): void {
    if (this.#first === null) this.#first = row;
    else {
      this.#more ??= new Map();
      this.#more.set(row.timeMs, row);
    }
  }

  letGo(timeMs: number): void {
    if (this.#first?.timeMs === timeMs) this.#first = null;
    else if (this.#more?.delete(timeMs) && this.#more.size === 0) this.#more = null;
  }
}

/**
 * The processes that are remembered. When they take too much, the owner with the most forgets those that were silent
 * for longest, so that nobody can make the actuator forget another's.
 */
export class ProcessMemories {
  readonly #shares: FairShares<ProcessMemory>;
  readonly #processes = new Map<string, ProcessMemory>();

  /** @param maxBytes for all of them */
  constructor(maxBytes: number) {
    this.#shares = new FairShares(maxBytes);
  }

  get size(): number {
    return this.#processes.size;
  }

  /** The process's, which is then the last in the order of silence. */
  of(key: string, owner: string): ProcessMemory {
    const known = this.#processes.get(key);
    if (known !== undefined) {
      this.#shares.touch(known);
      return known;
    }
    this.#makeRoom(owner, BYTES_PER_PROCESS);
    const memory = new ProcessMemory(key, owner);
    this.#processes.set(key, memory);
    this.#shares.grow(memory, BYTES_PER_PROCESS);
    return memory;
  }

  /** Counts series that were added to a process. */
  keepSeries(memory: ProcessMemory, more: number): void {
    if (memory.isForgotten || more === 0) return;
    this.#shares.grow(memory, more * BYTES_PER_SERIES);
    this.#makeRoom(memory.owner, 0);
  }

  /** Forgets the processes of which nothing is held and whose newest point is older than `oldestMs`. */
  sweep(oldestMs: number): void {
    for (const memory of this.#processes.values()) {
      if (!memory.isHeld && memory.newestMs < oldestMs) this.#forget(memory);
    }
  }

  #makeRoom(owner: string, bytes: number): void {
    for (;;) {
      const payer = this.#shares.payerFor(owner, bytes);
      const silent = payer === null ? undefined : this.#shares.mostSilentOf(payer);
      if (silent === undefined) return;
      this.#forget(silent);
    }
  }

  #forget(memory: ProcessMemory): void {
    memory.isForgotten = true;
    memory.sums.length = 0;
    this.#processes.delete(memory.key);
    this.#shares.remove(memory);
  }
}
