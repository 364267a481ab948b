import { setImmediate } from 'node:timers/promises';
import type { CountedMemory, MemoryAmount, Procfs } from './procfs.ts';

/** Less than the default interval of exports, 10 s: at that interval each export counts. */
const COUNT_AGAIN_MS = 9_000;
/** Of the thread pool's four threads; the application needs the others. */
const READS_AT_ONCE = 2;
/** After this many of its quick reads the event loop may do other work. */
const PROCESSES_AT_ONCE = 20;

/**
 * The memory of some processes, shared pages counted once if the kernel reports Pss. For Pss the kernel visits each
 * page of a process: 2 to 6 ms for a worker, in which that process cannot map or release memory. So pages are counted
 * every 9 s. In between, a sum follows from the kernel's counters, which cost a hundredth, and from what each process
 * shared when its pages were counted.
 */
export class MemoryOfProcesses {
  readonly #procfs: Procfs;
  readonly #nowMs: () => number;
  /** By pid, of the processes of the last count that could be read. */
  #counted: ReadonlyMap<number, CountedMemory> = new Map();
  #countedAtMs = Number.NEGATIVE_INFINITY;

  /** @param nowMs monotonic */
  constructor(procfs: Procfs, nowMs: () => number) {
    this.#procfs = procfs;
    this.#nowMs = nowMs;
  }

  /** Null if no process could be read. What the kernel has to count is read in the thread pool. */
  async count(pids: ReadonlySet<number>): Promise<MemoryAmount | null> {
    const counted = new Map<number, CountedMemory>();
    // Shared: each reader takes the next pid that no other has taken.
    const remaining = pids.values();
    const reader = async () => {
      for (const pid of remaining) {
        const memory = await this.#procfs.memory(pid);
        if (memory !== null) counted.set(pid, memory);
      }
    };
    await Promise.all(Array.from({ length: READS_AT_ONCE }, reader));
    this.#counted = counted;
    this.#countedAtMs = this.#nowMs();
    return counted.size === 0 ? null : total([...counted.values()]);
  }

  /**
   * The sum over the processes of the last count. Null if that is 9 s old or forgotten, or if one of them can no longer
   * be read: what it shared with others is theirs now.
   */
  async sumSinceCount(): Promise<MemoryAmount | null> {
    if (this.#nowMs() - this.#countedAtMs >= COUNT_AGAIN_MS) return null;
    const amounts: MemoryAmount[] = [];
    for (const [pid, { sharedBytes, sharedSwapBytes }] of this.#counted) {
      if (amounts.length % PROCESSES_AT_ONCE === PROCESSES_AT_ONCE - 1) await setImmediate();
      const now = this.#procfs.unsharedMemory(pid);
      if (now === null) return null;
      amounts.push({
        residentBytes: Math.max(0, now.residentBytes - sharedBytes),
        swapBytes: Math.max(0, now.swapBytes - sharedSwapBytes),
      });
    }
    return amounts.length === 0 ? null : total(amounts);
  }

  /** Forgets the last count. */
  forget(): void {
    this.#countedAtMs = Number.NEGATIVE_INFINITY;
  }
}

function total(amounts: readonly MemoryAmount[]): MemoryAmount {
  let [residentBytes, swapBytes] = [0, 0];
  for (const amount of amounts) {
    residentBytes += amount.residentBytes;
    swapBytes += amount.swapBytes;
  }
  return { residentBytes, swapBytes };
}
