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
 *
 * A count takes several turns of the event loop. If jobs block the loop for seconds, it takes as many jobs;
 * `estimate` answers within one turn.
 */
export class MemoryOfProcesses {
  readonly #procfs: Procfs;
  readonly #nowMs: () => number;
  /** By pid, of the processes of the last count that could be read. */
  #counted: ReadonlyMap<number, CountedMemory> = new Map();
  #countedAtMs = Number.NEGATIVE_INFINITY;
  /** Changes when the last count is forgotten: one that is under way must not bring it back. */
  #generation = 0;

  /** @param nowMs monotonic */
  constructor(procfs: Procfs, nowMs: () => number) {
    this.#procfs = procfs;
    this.#nowMs = nowMs;
  }

  /** Null if no process could be read. What the kernel has to count is read in the thread pool. */
  async count(pids: ReadonlySet<number>): Promise<MemoryAmount | null> {
    const generation = this.#generation;
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
    if (generation === this.#generation) {
      this.#counted = counted;
      this.#countedAtMs = this.#nowMs();
    }
    return counted.size === 0 ? null : total([...counted.values()]);
  }

  /**
   * The sum over the processes of the last count. Null if that is 9 s old or forgotten, or if one of them can no longer
   * be read: what it shared with others is theirs now.
   *
   * @param mayPause whether it lets the event loop do other work after some processes
   */
  async sumSinceCount({ mayPause }: { readonly mayPause: boolean }): Promise<MemoryAmount | null> {
    if (this.#nowMs() - this.#countedAtMs >= COUNT_AGAIN_MS) return null;
    const amounts: MemoryAmount[] = [];
    for (const [pid, { sharedBytes, sharedSwapBytes }] of this.#counted) {
      if (mayPause && amounts.length % PROCESSES_AT_ONCE === PROCESSES_AT_ONCE - 1) await setImmediate();
      const now = this.#procfs.unsharedMemory(pid);
      if (now === null) return null;
      amounts.push({
        residentBytes: Math.max(0, now.residentBytes - sharedBytes),
        swapBytes: Math.max(0, now.swapBytes - sharedSwapBytes),
      });
    }
    return amounts.length === 0 ? null : total(amounts);
  }

  /**
   * The sum by the kernel's counters, without visiting pages. Of a process that the last count included, what it shared
   * then is subtracted, however old that count is. The others count without the pages that map files; if the last count
   * included none of the processes, the largest of these parts is added, as if all mapped the same files. Null if no
   * process can be read.
   */
  estimate(pids: ReadonlySet<number>): MemoryAmount | null {
    const amounts: MemoryAmount[] = [];
    let wasCounted = false;
    let mostFileBytes = 0;
    for (const pid of pids) {
      const now = this.#procfs.unsharedMemory(pid);
      if (now === null) continue;
      const counted = this.#counted.get(pid);
      if (counted !== undefined) wasCounted = true;
      mostFileBytes = Math.max(mostFileBytes, now.fileBytes);
      amounts.push({
        residentBytes: Math.max(0, now.residentBytes - (counted?.sharedBytes ?? now.fileBytes)),
        swapBytes: Math.max(0, now.swapBytes - (counted?.sharedSwapBytes ?? 0)),
      });
    }
    if (amounts.length === 0) return null;
    return total(wasCounted ? amounts : [...amounts, { residentBytes: mostFileBytes, swapBytes: 0 }]);
  }

  /** Forgets the last count. */
  forget(): void {
    this.#generation += 1;
    this.#counted = new Map();
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
