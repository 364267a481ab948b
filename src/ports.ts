import type { Attempt, AttemptPhase, Move, Outcome } from './attempt/attempt.ts';
import type { LearnedBoot, LearnedBytesPerJob } from './decision/learned-floor.ts';
import type { Decision, Reason } from './model/decision.ts';
import type { Target, TargetKey } from './model/target.ts';

/** What the loop needs of the world. Each interface is met by one folder of `adapters/`, and by models in tests. */

export interface Clock {
  /** Unix ms, for people and for the age of points. */
  now(): number;
  /** Monotonic ms, for deadlines: it never jumps, and goes on while the process is stopped. */
  monotonic(): number;
}

// ---------------------------------------------------------------- Platform

/** One dyno as the platform lists it. */
export interface PlatformDyno {
  readonly id: string;
  /** `worker.1`, never empty. */
  readonly name: string;
  readonly processType: string;
  /** `up`, `starting`, `crashed`, `down`, `idle`, or anything the platform may add. Only `up` may be restarted. */
  readonly state: string;
  /** As the platform spells it; compare case-insensitively. Null where absent. */
  readonly size: string | null;
  readonly createdAtMs: number;
  readonly releaseVersion: number | null;
}

/** What the platform says a dyno of some size may use. */
export interface DynoQuota {
  /** R14 starts here. */
  readonly limitBytes: number;
  /** The platform restarts or kills here (R15). */
  readonly killBytes: number;
}

export type RestartAnswer =
  /** 202: accepted, which is not yet restarted. */
  | { readonly kind: 'accepted'; readonly status: number; readonly requestId: string | null }
  /** A 4xx with the platform's own error body: proof that nothing was restarted. */
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly errorId: string;
      readonly message: string;
      readonly retryAfterMs: number | null;
    }
  /** 404 or 410 with the platform's own error body: the dyno is no longer there. */
  | { readonly kind: 'gone'; readonly message: string }
  /** `mayStillSend` said no, or no connection came about: proof that nothing was written to a socket. */
  | { readonly kind: 'not-sent'; readonly why: string }
  /** No answer, a cut one, or one that proves nothing (5xx, a proxy's page): to be found out by reading. */
  | { readonly kind: 'unknown'; readonly why: string; readonly status: number | null };

export interface Platform {
  /** All dynos of the app, one-offs included. Throws `PlatformError`. */
  list(app: string, signal?: AbortSignal): Promise<readonly PlatformDyno[]>;
  /** The quota of each dyno size (lower-case name) that the app may use; cached for minutes. Throws `PlatformError`. */
  quotas(app: string, signal?: AbortSignal): Promise<ReadonlyMap<string, DynoQuota>>;
  /**
   * One DELETE, by name, sent at most once whatever happens; settles by `REQUEST_DEADLINE_MS`. `mayStillSend` is asked just before the
   * request is written to the socket. Never rejects for what the network or the platform does.
   */
  restart(app: string, dyno: string, mayStillSend: () => boolean, signal?: AbortSignal): Promise<RestartAnswer>;
  /** Calls that the account has left this hour, as the last answer said; null where none has. The account's other tools share them. */
  rateLimitRemaining(): number | null;
}

// ---------------------------------------------------------------- Ledger

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

export interface ClaimRequest {
  readonly target: Target;
  readonly dyno: string;
  readonly bootId: string;
  readonly bootIdSource: 'platform' | 'derived';
  readonly bootStartTimeMs: number | null;
  readonly by: 'policy' | 'person';
  readonly dryRun: boolean;
  readonly reason: Reason;
  readonly explanation: string;
  readonly usageBytes: number | null;
  readonly floorBytes: number | null;
  readonly limitBytes: number | null;
}

export type ClaimAnswer =
  | { readonly ok: true; readonly attempt: Attempt }
  | {
      readonly ok: false;
      readonly why:
        | 'paused'
        | 'ledger-hold'
        | 'breaker-open'
        | 'budget'
        | 'cooldown'
        | 'attempt-open'
        | 'boot-spent'
        | 'eviction-policy';
    };

export type AdvanceAnswer =
  | { readonly ok: true; readonly attempt: Attempt }
  /**
   * `overtaken`: the record is no longer as this attempt says. The others only on the way to `sending`: `boot-spent` where the platform's id,
   * which the claim could not know yet, was sent for before, and `held` where the ledger has lost everything since the claim.
   */
  | { readonly ok: false; readonly why: 'overtaken' | 'ledger-hold' | 'paused' | 'breaker-open' | 'boot-spent' };

/** Every method throws `LedgerUnavailable` where Redis does not answer in time; then nothing may be taken as done. */
export interface Ledger {
  read(target: Target): Promise<LedgerView>;
  /** The open attempts of all targets, whoever claimed them. */
  open(): Promise<readonly Attempt[]>;
  claim(request: ClaimRequest): Promise<ClaimAnswer>;
  /** Compare-and-set on attempt id, phase and epoch. */
  advance(attempt: Attempt, move: Move): Promise<AdvanceAnswer>;
  /**
   * What a restart gave back, found out later; counts towards the breaker where it gave nothing (`gaveNothingBack`). The first report
   * of an attempt stands.
   */
  recordReclaimed(target: Target, attemptId: string, reclaimedBytes: number): Promise<void>;
  /** Memory was back over the soft limit soon after a restart: counts towards the breaker as one that gave nothing. The first report stands. */
  recordBackSoon(target: Target, attemptId: string, backAfterMs: number): Promise<void>;
  /** What a boot showed of its floor and of its jobs; the ledger adds when. The last report of a boot replaces the one before. */
  learnFloor(target: Target, boot: Omit<LearnedBoot, 'learnedAtMs'>): Promise<void>;
  /** The newest release the platform shows of the target: where it is newer than the last one noted, the breaker closes. */
  noteRelease(target: Target, version: number): Promise<void>;
  /**
   * Restarts that the platform's dynos still tell of, for a ledger that lost its own: they count towards cooldown and budget. Once an
   * epoch for each target, and nothing where the record has restarts of its own. Unix ms, newest first.
   */
  rebuild(target: Target, restartedAtMs: readonly number[]): Promise<void>;
  /**
   * What an actuator still knows of a record that the ledger has lost. Any number of actuators may write it, any number of times: what the ledger
   * has heard since stands, a person's `resume` above all.
   */
  writeBack(target: Target, known: KnownRecord): Promise<void>;
  /**
   * A person's word; null means all targets. `resume` also closes the breaker. A target that was paused by name stays paused until it is
   * resumed by name.
   */
  pause(target: Target | null): Promise<void>;
  resume(target: Target | null): Promise<void>;
}

// ---------------------------------------------------------------- Drain, Notice

export interface Drain {
  /** Asks the boot's workers to take no more jobs; repeated while the attempt drains. */
  ask(attempt: Attempt): Promise<void>;
  /** Whether no job runs in the boot; null where it cannot be known. */
  idle(attempt: Attempt): Promise<boolean | null>;
}

/** What people are told. Delivery is never in the way of the loop: `send` must not reject. */
export interface Notice {
  send(event: ActuatorEvent): Promise<void>;
}

/** What happened, for the journal, the log, the event stream and notices alike. */
export type ActuatorEvent =
  | {
      readonly type: 'decision';
      readonly timeMs: number;
      readonly decision: Decision;
      readonly outcome: Outcome | null;
    }
  | { readonly type: 'attempt'; readonly timeMs: number; readonly attempt: Attempt; readonly phase: AttemptPhase }
  | {
      readonly type: 'reclaimed';
      readonly timeMs: number;
      readonly target: TargetKey;
      readonly attemptId: string;
      readonly reclaimedBytes: number;
      /** Before the restart; null where it is not known. */
      readonly usageBytes: number | null;
    }
  /** The target's breaker has opened. */
  | {
      readonly type: 'breaker';
      readonly timeMs: number;
      readonly target: TargetKey;
      readonly reason: string | null;
      /** The ledger's time. */
      readonly openUntilMs: number;
      readonly openForMs: number;
    };

/** Keeps the events that matter later, oldest dropped first. Must not reject. */
export interface Journal {
  append(event: ActuatorEvent): Promise<void>;
  /** Newest first. */
  recent(count: number): Promise<readonly ActuatorEvent[]>;
}
