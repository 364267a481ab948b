import type { Outcome } from '../attempt/attempt.ts';
import type { Standing } from '../decision/standing.ts';
import type { TargetJobs } from '../job-totals/figures.ts';
import type { Decision } from '../model/decision.ts';
import type { Target } from '../model/target.ts';
import type { ClaimAnswer } from '../ports.ts';
import type { DynoPlace, DynosPage } from './show/dyno-order.ts';
import type { AttemptDetailView, AttemptRecord, DynoDetailView, DynoView, Overview } from './views.ts';

export interface DecisionRecord {
  readonly decision: Decision;
  /** How the attempt that followed ended; null where none followed, or it is still open. */
  readonly outcome: Outcome | null;
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

export type RestartRequestAnswer =
  | {
      readonly ok: true;
      readonly attemptId: string;
      readonly dryRun: boolean;
      /** The other actuator that takes it up in its next round; null: this one does. */
      readonly heldBy: string | null;
    }
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

/** What became of a webhook of Heroku. */
export type WebhookAnswer =
  | 'bad-signature'
  | 'not-about-a-dyno'
  /** No boot of its app reports. */
  | 'not-watched'
  /** The same, but other actuators hear of it, each in its next round. */
  | 'passed-on'
  | 'taken'
  /** Sent twice, or older than what is known. */
  | 'late'
  /** It does not say enough, so the app is read. */
  | 'outdated';

/** What the API shows and controls. */
export interface ActuatorControl {
  /** All dynos. Each part is made when it is asked for: of a large fleet, others must run in between. */
  dynosInParts(): Iterable<readonly DynoView[]>;
  /**
   * Some of the same by app and name, from the first behind a place on; null: from the start.
   *
   * @param isLeftOut whether the dynos of a target are neither shown nor counted; absent: none are left out
   */
  dynosAfter(place: DynoPlace | null, count: number, isLeftOut?: (target: Target) => boolean): DynosPage;
  /** Whether a dyno of the target has reported. */
  hasReported(target: Target): boolean;
  /** Null where no measurements of it have arrived. */
  dyno(app: string, dyno: string): DynoDetailView | null;
  decisions(count: number): readonly DecisionRecord[];
  /** The open ones first, then the newest closed ones. */
  attempts(count: number): Promise<readonly AttemptRecord[]>;
  /** Null where it is not known any more. */
  attempt(id: string): Promise<AttemptDetailView | null>;
  jobs(): Promise<readonly TargetJobs[]>;
  restart(app: string, dyno: string): Promise<RestartRequestAnswer>;
  /**
   * Throws `LedgerUnavailable`.
   *
   * @param target null: all targets
   * @param by the name that the person gave; null or absent where none was given
   */
  pause(target: Target | null, by?: string | null): Promise<void>;
  resume(target: Target | null, by?: string | null): Promise<void>;
  health(): Health;
  overview(): Promise<Overview>;
  standings(): readonly Standing[];
  refusals(): readonly RefusalRecord[];
  readonly herokuWebhooks: {
    /** Why no body is read now; null where one is. */
    closed(): 'not-configured' | 'standby' | null;
    /** @param signature of the raw body, in base64 */
    take(body: Uint8Array, signature: string): WebhookAnswer;
  };
}
