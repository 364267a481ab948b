import type { Attempt, Move } from '../attempt/attempt.ts';
import type { LearnedBoot } from '../decision/learned-floor.ts';
import type { Reason } from '../model/decision.ts';
import type { Target } from '../model/target.ts';
import type { KnownRecord, LedgerView } from './ledger-view.ts';

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
