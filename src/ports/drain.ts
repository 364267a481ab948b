import type { Attempt } from '../attempt/attempt.ts';
import type { DrainedBoot } from '../shared/drain-messages.ts';

export interface Drain {
  /** Asks the boot's workers to take no more jobs. Repeated while the attempt drains. */
  ask(attempt: Attempt): Promise<void>;
  /** True where no job runs in the boot; null where it is unknown. */
  idle(attempt: Attempt): Promise<boolean | null>;
}

/** Answers of a boot's processes to an attempt, by `tidemark.process.id`: true where no job runs in the process. */
export type DrainAnswers = ReadonlyMap<string, boolean>;

/**
 * The drain keys of boots on the queue's Redis. Every method throws `LedgerUnavailable` where Redis does not answer in
 * time.
 */
export interface DrainKeys {
  /** Asks the boot's workers to stop or to stay stopped, and reads their answers to this attempt. */
  refresh(boot: DrainedBoot, attemptId: string): Promise<DrainAnswers>;
  /** Lets the workers take jobs again. Keeps the keys of another attempt. */
  clear(boot: DrainedBoot, attemptId: string): Promise<void>;
  close(): Promise<void>;
}
