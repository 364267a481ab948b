import type { MemoryClass } from '../../model/decision.ts';
import type { Policy } from '../../model/policy.ts';
import type { CurveFeatures } from '../curve/features.ts';

/** What the platform says of the boot's dyno. Memory in bytes; null where it does not say. */
export interface DynoFacts {
  readonly limitBytes: number | null;
  /** Where the platform restarts or kills by itself. */
  readonly killBytes: number | null;
  readonly createdAtMs: number | null;
}

export interface AssessContext {
  readonly nowMs: number;
  /** Null where the platform shows no such boot, or was not read. */
  readonly facts: DynoFacts | null;
  /** The floor that boots of this target show after their warm-up; null where nothing was learned. */
  readonly learnedFloorBytes: number | null;
  /** How many of the target's newest restarts in a row were of no use: nothing given back, or soon taken again. */
  readonly uselessRestarts: number;
  readonly earlyRestarts: EarlyRestarts;
}

/**
 * What the dyno's newest restarts say of another one before the dyno is full. `wait`: they bought so little that it
 * waits until then, if this boot is over the soft limit as soon as those were. `granted`: they bought little, and one
 * that waited found the dyno full, so it leaks and does not stop below its limit.
 */
export type EarlyRestarts = 'usual' | 'wait' | 'granted';

/** All that rules and sentences rest on. Memory in bytes. */
export interface Assessment {
  readonly nowMs: number;
  readonly policy: Policy;
  readonly class: MemoryClass;
  /** Null before the first bucket has closed. */
  readonly features: CurveFeatures | null;
  readonly isSilent: boolean;
  /** It was silent, and less than three buckets have closed since: its features are from before. */
  readonly isJustBack: boolean;
  readonly uptimeMs: number;
  readonly usageBytes: number | null;
  /** What usage has stayed over since the newest bucket began: one measurement may be noise. 0 before the first. */
  readonly steadyUsageBytes: number;
  readonly activeJobs: number | null;
  /** Jobs that run, and the part of those that have just ended that still holds memory. 0 where not counted. */
  readonly holdingJobs: number;
  /** Of usage, what these hold as far as it is known: a fresh boot would meet the same jobs. */
  readonly heldByJobsBytes: number;
  /** What one running job is known to hold; 0 where nothing is. A long job may hold more. */
  readonly bytesPerJob: number;
  readonly limitBytes: number | null;
  readonly softLimitBytes: number | null;
  readonly hardLimitBytes: number | null;
  /** What a restart would give back at equal load; null where it is not known. */
  readonly reclaimableBytes: number | null;
  /** Of that, what is beyond doubt: by what the floor has stayed over. */
  readonly surelyReclaimableBytes: number | null;
  readonly timeToLimitMs: number | null;
  readonly timeToKillMs: number | null;
  /** For how long the floor has risen at its present slope to be where it is. */
  readonly risenForMs: number;
  /** Memory of this boot was back soon after its start, and so it was after the last restarts. */
  readonly restartsAreUseless: boolean;
  /** The last restarts bought hours at most, and the floor is not yet where only a leak gets to. */
  readonly isTooEarlyAgain: boolean;
  /** Earlier boots of the dyno rose until it was full: no need to see that of this one too. */
  readonly mayComeEarly: boolean;
}
