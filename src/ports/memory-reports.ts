import type { MemoryReport } from '../model/memory-report.ts';
import type { DrainedBoot } from '../shared/drain-messages.ts';

/** What boots say of their memory, on the queue's Redis. Both methods throw `LedgerUnavailable`. */
export interface MemoryReports {
  /**
   * Asks the boot's processes to sample their allocations for the next `MEMORY_QUESTION_LIFE_MS`.
   *
   * @param maxRssBytes a process above it samples nothing
   */
  ask(boot: DrainedBoot, maxRssBytes: number): Promise<void>;
  /** What they have said to this attempt; null if nothing. */
  read(boot: DrainedBoot, attemptId: string): Promise<MemoryReport | null>;
}
