import type { Attempt } from '../attempt/attempt.ts';
import type { Check } from '../decision/checklist.ts';
import type { Decision, MemoryClass } from '../model/decision.ts';
import type { JobShare } from '../model/job-point.ts';
import type { TargetKey } from '../model/target.ts';

/** What the actuator shows of itself. Memory in bytes, times in Unix ms. */

/** Columns of equal length, oldest first. */
export interface CurveView {
  readonly timesMs: readonly number[];
  readonly usageBytes: readonly (number | null)[];
  readonly floorBytes: readonly (number | null)[];
  readonly activeJobs: readonly (number | null)[];
}

export interface MarkView {
  readonly timeMs: number;
  readonly kind: 'restart' | 'dry-restart' | 'boot' | 'deploy' | 'over-limit';
  readonly says: string;
  readonly attemptId: string | null;
}

/** One dyno as people see it: its newest boot. */
export interface DynoView {
  readonly decision: Decision;
  readonly release: string | null;
  readonly classSinceMs: number | null;
  readonly swapBytes: number | null;
  readonly jobsHoldBytes: number | null;
  readonly oldestJobStartMs: number | null;
  readonly completedJobs: number | null;
  readonly startedAtMs: number | null;
  readonly firstPointMs: number;
  readonly lastPointMs: number;
  readonly isStale: boolean;
  /** The actuator that holds it, where that is not the one that answers; null: it is. */
  readonly heldBy: string | null;
  /** The restart of it that is under way. */
  readonly attemptId: string | null;
  /** The newest hours of the name, past boots included; costs time, so it is made on demand. */
  readonly history: (moments: number) => { readonly curve: CurveView; readonly marks: readonly MarkView[] };
}

export interface PastBootView {
  readonly bootId: string;
  readonly release: string | null;
  readonly firstPointMs: number;
  readonly lastPointMs: number;
  readonly peakBytes: number | null;
  readonly floorBytes: number | null;
  readonly class: MemoryClass;
  readonly ended: 'restart' | 'deploy' | 'other';
  readonly curve: CurveView;
}

export interface DynoDetailView {
  readonly view: DynoView;
  readonly curve: CurveView;
  readonly marks: readonly MarkView[];
  readonly checks: readonly Check[];
  readonly suspects: readonly JobShare[];
  readonly pastBoots: readonly PastBootView[];
  readonly numbers: readonly NumberView[];
  readonly graceMs: number;
}

/** A number that the decision rests on. */
export interface NumberView {
  readonly code: string;
  readonly name: string;
  readonly value: number | null;
  readonly unit: 'bytes' | 'ms' | 'count';
}

/** An attempt, open or closed. */
export interface AttemptRecord {
  readonly attempt: Attempt;
  /** What the restart gave back, in bytes; null until it is known, and where nothing was restarted. */
  readonly reclaimedBytes: number | null;
  /** From the new boot's start until memory was back; null where it was not, or not soon. */
  readonly backAfterMs: number | null;
  /** Jobs that run in its boot now; null once it is closed, and where unknown. */
  readonly jobsNow: number | null;
}

export interface AttemptDetailView {
  readonly record: AttemptRecord;
  readonly before: CurveView | null;
  readonly after: CurveView | null;
}

export interface GroupView {
  readonly app: string | null;
  readonly processType: string;
  readonly isAllowed: boolean;
  readonly dynos: number;
  readonly overSoftLimit: number;
  readonly overLimit: number;
  readonly stale: number;
  readonly classes: Readonly<Partial<Record<MemoryClass, number>>>;
  readonly limitBytes: number | null;
  readonly activeJobs: number | null;
  readonly bytesPerJob: number | null;
  readonly allocator: string | null;
  readonly mallocArenaMax: string | null;
  readonly releases: readonly string[];
}

/** One of the actuators on one Redis. */
export interface ActuatorView {
  readonly id: string;
  readonly name: string;
  /** It is the one that answers. */
  readonly answers: boolean;
  readonly leads: boolean;
  /** Null while it is heard. */
  readonly silentSinceMs: number | null;
  /** Null where measurements do not come from Kafka. */
  readonly partitions: readonly number[] | null;
  /** `app:type`. */
  readonly targets: readonly string[];
  readonly dynos: number;
}

export interface ScoreboardView {
  readonly sinceMs: number;
  readonly wouldHaveRestarted: number;
  readonly wouldHaveGivenBackBytes: number;
  readonly overLimitMs: number;
}

/** The actuator as a whole. */
export interface Overview {
  readonly nowMs: number;
  /** `redis`: no actuator answered; this is what one has left there. */
  readonly readFrom: 'actuator' | 'redis';
  readonly startedAtMs: number;
  readonly windowMs: number;
  readonly acting: boolean;
  readonly ingest: {
    readonly overHttp: boolean;
    readonly overRedis: boolean;
    readonly needsToken: boolean;
    readonly pointsPerMinute: number | null;
  };
  readonly platform: {
    readonly configured: boolean;
    readonly refuses: string | null;
    /** Null where no token is configured, and where it is not known. */
    readonly calls: {
      readonly left: number | null;
      readonly used: number;
      readonly budget: number;
      readonly budgetLeft: number;
    } | null;
  };
  readonly totals: {
    readonly dynos: number;
    readonly overSoftLimit: number;
    readonly overLimit: number;
    readonly stale: number;
    readonly restarts24h: number;
    readonly givenBack24hBytes: number;
    readonly useless24h: number;
    readonly overLimit24hMs: number;
  };
  readonly groups: readonly GroupView[];
  /** All on this Redis, by name; empty where no Redis is configured. */
  readonly actuators: readonly ActuatorView[];
  /** Saved boots of other actuators that are not shown, because they are too many. */
  readonly unreadBoots: number;
  /** Of the targets that are dry. */
  readonly scoreboards: ReadonlyMap<TargetKey, ScoreboardView>;
}
