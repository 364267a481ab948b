import type { Attempt, AttemptPhase, Outcome } from '../attempt/attempt.ts';
import type { Decision } from '../model/decision.ts';
import type { TargetKey } from '../model/target.ts';

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
  /** A person has paused or resumed. */
  | {
      readonly type: 'steering';
      readonly timeMs: number;
      readonly what: 'pause' | 'resume';
      /** Null: all targets. */
      readonly target: TargetKey | null;
      /** The name that the person gave; null where none was given. */
      readonly by: string | null;
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

/** What a week came to, over all targets. */
export interface WeeklySummary {
  readonly type: 'summary';
  /** Unix ms. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly restarts: number;
  readonly givenBackBytes: number;
  /** Gave nothing back, or not for long. */
  readonly useless: number;
  /** Dry ones: would have been. */
  readonly dryRestarts: number;
  readonly overLimitMs: number;
}

/** What people may be notified of. */
export type NoticeEvent = ActuatorEvent | WeeklySummary;

/** Messages to people. `send` must neither reject nor delay the loop. */
export interface Notice {
  send(event: NoticeEvent): Promise<void>;
}

/** Keeps events for later, and drops the oldest first. Must not reject. */
export interface Journal {
  append(event: ActuatorEvent): Promise<void>;
  /** Newest first. */
  recent(count: number): Promise<readonly ActuatorEvent[]>;
}
