import type { Attempt, Outcome } from '../attempt/attempt.ts';
import type { LearnedBytesPerJob } from '../decision/learned.ts';
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
  /** When `sending` was written; null where the attempt ended before. */
  readonly sendingAtMs: number | null;
  readonly closedAtMs: number;
  readonly usageBytes: number | null;
  /** Usage before, less the new boot's floor after its warm-up; null until it is known. */
  readonly reclaimedBytes: number | null;
  /** From the new boot's start until its floor stayed over the soft limit again; null where it did not, or not soon. */
  readonly backAfterMs: number | null;
  /** What it was expected to give back; null or absent where unknown. */
  readonly expectedBytes?: number | null;
}

/** The pauses in force: of all targets, and of this one by name. */
interface PausedBy {
  readonly all: boolean;
  readonly target: boolean;
}

/** What an actuator knows of a target's record, to write back if the ledger has lost it. */
export interface KnownRecord {
  readonly spentBootIds: readonly string[];
  /** An attempt that was sent. One before `sending` ends together with the lost ledger. */
  readonly sending: Attempt | null;
  /**
   * The newest attempts that this actuator sent, closed since or not. Each replaces the same attempt in a ledger that
   * shows it before `sending`.
   */
  readonly sentAttempts: readonly Attempt[];
  /** When `sending` was written, as far as this actuator knows, without what the platform refused. */
  readonly sentAtMs: readonly number[];
  readonly pausedBy: PausedBy;
  /** Who paused, as in the view. */
  readonly pauser: string | null;
  /** 0 if none exists; the same holds for the next field. */
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
  /** No automatic restart before this time; 0 where there is no cooldown. */
  readonly cooldownUntilMs: number;
  /** The same for dry attempts, which observe both cooldowns. */
  readonly dryCooldownUntilMs: number;
  /** Attempts that reached `sending` within the last hour: what the hourly budget counts. */
  readonly sentLastHour: number;
  /** No automatic restart before this time, because the ledger is new (see `epochMs`); 0 where it is not. */
  readonly heldUntilMs: number;
  /** When the breaker closes by itself; 0 where it is closed. */
  readonly breakerOpenUntilMs: number;
  readonly breakerReason: string | null;
  /** Paused by a person: this target, or all. */
  readonly paused: boolean;
  readonly pausedBy: PausedBy;
  /**
   * Whether it holds a person's last word, to pause or to resume, about all targets and about this one. A word that was
   * there and is gone was lost: a resume leaves one too.
   */
  readonly hasWordOfPause: PausedBy;
  /**
   * When somebody last wrote back into it what it had lost (Unix ms); 0 where nobody did. It never falls, so a lower
   * value means that what was written back is lost again.
   */
  readonly writtenBackMs: number;
  /** Null where it is not paused, or where an older version wrote the pause. */
  readonly pausedSinceMs: number | null;
  /**
   * The name that the person gave who paused all targets, or else this one; null where it is not paused, none was
   * given, or an older version wrote the pause.
   */
  readonly pauser: string | null;
  /** When this ledger began (Unix ms). A changed value means that it has lost everything since. */
  readonly epochMs: number;
  /** Redis may drop the ledger when its memory is full (`allkeys-*`): every claim is refused. */
  readonly mayBeEvicted: boolean;
  /**
   * Boots of this target that a restart was sent for, by metrics id and platform id; the newest few hundred. A claim
   * checks all.
   */
  readonly spentBootIds: readonly string[];
  /** `spentBootIds` has all boots that were spent after this time; 0 where it has all. */
  readonly spentShownAfterMs: number;
  /**
   * The floor that boots of this target show after their warm-up (`normalFloor`); null where nothing was learned
   * lately.
   */
  readonly learnedFloorBytes: number | null;
  /** What one running job of this target holds (`normalBytesPerJob`); null where no boot has shown it lately. */
  readonly learnedBytesPerJob: LearnedBytesPerJob | null;
  /**
   * Number of newest restarts in a row that were useless, since the release or a person's `resume`. Outlasts an open
   * breaker.
   */
  readonly uselessRestarts: number;
}
