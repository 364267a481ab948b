import type { Attempt, Outcome } from '../attempt/attempt.ts';
import type { Standing } from '../decision/standing.ts';
import type { Decision } from '../model/decision.ts';
import type { Target } from '../model/target.ts';
import type { ClaimAnswer } from '../ports.ts';

/** One dyno as people see it. */
export interface DynoView {
  readonly decision: Decision;
  readonly firstPointMs: number;
  readonly lastPointMs: number;
  readonly completedJobs: number | null;
  readonly release: string | null;
}

export interface DecisionRecord {
  readonly decision: Decision;
  /** How the attempt that followed ended; null where none followed, or it is still open. */
  readonly outcome: Outcome | null;
}

/** An attempt, open or closed. */
export interface AttemptRecord {
  readonly attempt: Attempt;
  /** What the restart gave back, in bytes; null until it is known, and where nothing was restarted. */
  readonly reclaimedBytes: number | null;
}

/** What was refused of one app in one way, since the start. */
export interface RefusalRecord {
  /** Null where it is unknown, or where too many names were sent to keep this one. */
  readonly app: string | null;
  readonly kind: string;
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly says: string;
  readonly advice: string;
}

/** `[time in Unix ms, usage in bytes]`, oldest first. */
type Series = readonly (readonly [timeMs: number, usageBytes: number])[];

export type RestartRequestAnswer =
  | { readonly ok: true; readonly attemptId: string; readonly dryRun: boolean }
  | {
      readonly ok: false;
      readonly why:
        | Extract<ClaimAnswer, { ok: false }>['why']
        | 'unknown-dyno'
        | 'not-allowed'
        | 'ledger-unavailable'
        | 'platform-unavailable';
    };

/** Open to everyone: names no app, and does not repeat what the platform said. */
export interface Health {
  readonly ready: boolean;
  readonly leading: boolean;
  readonly ledger: 'available' | 'unavailable' | 'not-configured';
  /** Whether anything can be restarted now, and if not, why. */
  readonly restarts: string;
}

/** What the API shows and controls. */
export interface ActuatorControl {
  dynos(): readonly DynoView[];
  series(app: string, dyno: string): Series | null;
  decisions(count: number): readonly DecisionRecord[];
  /** The open ones first, then the newest closed ones. */
  attempts(count: number): Promise<readonly AttemptRecord[]>;
  restart(app: string, dyno: string): Promise<RestartRequestAnswer>;
  /** Null: all targets. Throws `LedgerUnavailable`. */
  pause(target: Target | null): Promise<void>;
  resume(target: Target | null): Promise<void>;
  health(): Health;
  standings(): readonly Standing[];
  refusals(): readonly RefusalRecord[];
  /** What the platform said when it refused the token or more calls; null where it refuses neither. */
  platformBlock(): string | null;
}
