import type { Shape } from './shape.ts';

/** All that a verdict rests on. */
export interface Findings {
  readonly shape: Shape;
  readonly usageBytes: number | null;
  /** Of it, what the running jobs hold, as far as it is known: a fresh boot would meet the same jobs, so a restart gives none of it back. */
  readonly heldByJobsBytes: number;
  readonly limitBytes: number | null;
  readonly softLimitBytes: number | null;
  readonly hardLimitBytes: number | null;
  /** The floor that a restart leads back to; null where it is not known. */
  readonly baseBytes: number | null;
  readonly reclaimableBytes: number | null;
  readonly timeToLimitMs: number | null;
  /** The lower end of its interval. */
  readonly timeToLimitLowMs: number | null;
  readonly uptimeMs: number;
}
