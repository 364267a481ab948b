import type { Boot } from '../detector/boot/boot.ts';
import type { DynoFacts } from '../detector/rules/assessment.ts';
import type { ListedDyno, Listing } from '../model/listing.ts';
import type { Permissions, Policy } from '../model/policy.ts';
import type { Target, TargetKey } from '../model/target.ts';
import type { ClosedRestart } from './quick-restarts.ts';

/** The part of a closed attempt that the decision needs. */
interface ClosedAttempt extends ClosedRestart {
  readonly bootId: string;
}

/** The part of a target's ledger that the decision needs. Times are the ledger's own (Unix ms). */
export interface LedgerFacts {
  readonly nowMs: number;
  readonly open: unknown | null;
  readonly cooldownUntilMs: number;
  readonly dryCooldownUntilMs: number;
  readonly sentLastHour: number;
  readonly heldUntilMs: number;
  readonly breakerOpenUntilMs: number;
  readonly paused: boolean;
  /** Redis may drop the ledger (`allkeys-*`): nothing is claimed then. */
  readonly mayBeEvicted: boolean;
  readonly spentBootIds: readonly string[];
  /** Closed attempts, newest first; dry ones apart. */
  readonly history: readonly ClosedAttempt[];
  readonly dryHistory: readonly ClosedAttempt[];
  readonly learnedFloorBytes: number | null;
  /** As `JudgeContext` says. */
  readonly uselessRestarts: number;
}

export interface DecideInput {
  readonly boots: readonly {
    readonly boot: Boot;
    readonly facts: DynoFacts | null;
    /** Which listed dyno it is. Null or absent: no platform is configured. */
    readonly listing?: Listing | null;
  }[];
  /** Null or absent: that target's ledger could not be read. */
  readonly ledgers: ReadonlyMap<TargetKey, LedgerFacts | null>;
  readonly nowMs: number;
  readonly policy: Policy;
  readonly permissions: Permissions;
  /** Number of the target's dynos that are up; null where the platform was not read. */
  readonly upCount: (target: Target) => number | null;
  /** The dynos of the target's app as last listed; null where it was not read. Absent: no platform is configured. */
  readonly dynosOf?: (target: Target) => readonly ListedDyno[] | null;
  /** Why this actuator can restart nothing now: the decision must not be `restart` then. Null or absent: it can. */
  readonly hindrance?: 'platform-unavailable' | 'taking-over' | null;
}
