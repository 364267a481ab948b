import type { Attempt, Outcome } from '../attempt/attempt.ts';
import type { LearnedBytesPerJob } from '../decision/learned-floor.ts';
import type { Reason } from '../model/decision.ts';
import type { Target } from '../model/target.ts';

/** A closed attempt. */
export interface HistoryEntry {
  readonly attemptId: string;
  readonly dyno: string;
  readonly bootId: string;
  readonly outcome: Outcome;
  readonly by: 'policy' | 'person';
  readonly reason: Reason;
  /** When `sending` was written; null where it was not. */
  readonly sendingAtMs: number | null;
  readonly closedAtMs: number;
  readonly usageBytes: number | null;
  /** Usage before less the new boot's floor after its warm-up; null until it is known. */
  readonly reclaimedBytes: number | null;
  /** From the new boot's start until its floor was held over the soft limit again; null where it was not, or not soon. */
  readonly backAfterMs: number | null;
}

/** Which pauses stand: of all targets, and of this one by name. */
interface PausedBy {
  readonly all: boolean;
  readonly target: boolean;
}

/** What an actuator knows of a target's record, to be written back where the ledger has lost it. */
export interface KnownRecord {
  readonly spentBootIds: readonly string[];
  /** An attempt that was sent; one before `sending` ends with the ledger that knew it. */
  readonly sending: Attempt | null;
  readonly pausedBy: PausedBy;
  /** 0 where there is none, as the next. */
  readonly cooldownUntilMs: number;
  readonly breakerOpenUntilMs: number;
  readonly breakerReason: string | null;
}

/** The ledger of one target. All times are Redis's own (Unix ms). */
export interface LedgerView {
  readonly target: Target;
  /** Redis's time when it was read. */
  readonly nowMs: number;
  readonly open: Attempt | null;
  /** Closed attempts, newest first, without dry ones. */
  readonly history: readonly HistoryEntry[];
  /** Closed dry attempts, newest first. */
  readonly dryHistory: readonly HistoryEntry[];
  /** No automatic restart before; 0 where there is none. */
  readonly cooldownUntilMs: number;
  /** The same for dry attempts, which have this cooldown beside the other. */
  readonly dryCooldownUntilMs: number;
  /** Attempts that reached `sending` within the last hour: what the hourly budget counts. */
  readonly sentLastHour: number;
  /** No automatic restart before: the ledger is new (see the epoch). 0 where there is none. */
  readonly heldUntilMs: number;
  /** Until when the breaker stays open; 0 where it is closed. */
  readonly breakerOpenUntilMs: number;
  readonly breakerReason: string | null;
  /** Paused by a person: this target, or all. */
  readonly paused: boolean;
  readonly pausedBy: PausedBy;
  /** Null where it is not paused, and where an older version wrote the pause. */
  readonly pausedSinceMs: number | null;
  /** When this ledger began (Unix ms); another one means that it has lost everything since. */
  readonly epochMs: number;
  /** Where the ledger is kept may drop it when its memory is full (`allkeys-*`): every claim is refused. */
  readonly mayBeEvicted: boolean;
  /** Boots of this target that were sent for, by the id in the metrics and by the platform's; the newest few hundred. A claim looks at all. */
  readonly spentBootIds: readonly string[];
  /** The floor that boots of this target show after their warm-up (`normalFloor`); null where nothing was learned lately. */
  readonly learnedFloorBytes: number | null;
  /** What one running job of this target holds (`normalBytesPerJob`); null where no boot has shown it lately. */
  readonly learnedBytesPerJob: LearnedBytesPerJob | null;
  /** The newest restarts in a row that were of no use, since the release or a person's `resume`: longer than a breaker stays open. */
  readonly uselessRestarts: number;
}
