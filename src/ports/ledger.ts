import type { Attempt, AttemptNotes, Move } from '../attempt/attempt.ts';
import type { LearnedBoot } from '../decision/learned.ts';
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
  readonly notes?: AttemptNotes | null;
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
   * `overtaken`: the record has changed since this attempt was read. The others occur only before `sending`:
   * `boot-spent` if a restart was already sent for the platform's id, which the claim did not know yet; `ledger-hold`
   * if the ledger has lost everything since the claim; `cooldown` and `budget` if an earlier restart, which the ledger
   * had lost at the claim, was written back.
   */
  | {
      readonly ok: false;
      readonly why: 'overtaken' | 'ledger-hold' | 'cooldown' | 'budget' | 'paused' | 'breaker-open' | 'boot-spent';
    };

/** Every method throws `LedgerUnavailable` if Redis does not answer in time. The caller must then assume nothing. */
export interface Ledger {
  read(target: Target): Promise<LedgerView>;
  /** The open attempts of all targets, whoever claimed them. */
  open(): Promise<readonly Attempt[]>;
  claim(request: ClaimRequest): Promise<ClaimAnswer>;
  /** Compare-and-set on attempt id, phase and epoch. */
  advance(attempt: Attempt, move: Move): Promise<AdvanceAnswer>;
  /**
   * Records what a restart freed. It counts towards the breaker if that was nothing (`gaveNothingBack`). The first
   * report of an attempt stands.
   */
  recordReclaimed(target: Target, attemptId: string, reclaimedBytes: number): Promise<void>;
  /**
   * Records that memory was back over the soft limit soon after a restart: it counts as useless. The first report
   * stands.
   */
  recordBackSoon(target: Target, attemptId: string, backAfterMs: number): Promise<void>;
  /**
   * Records a boot's floor and job figures; the ledger adds the time. The last report of a boot replaces the one
   * before.
   */
  learnFloor(target: Target, boot: Omit<LearnedBoot, 'learnedAtMs'>): Promise<void>;
  /** Records the target's newest release. If it is newer than the last one recorded, the breaker closes. */
  noteRelease(target: Target, version: number): Promise<void>;
  /**
   * Records restarts that the ages of the platform's dynos show, for a ledger that lost its own: they count towards
   * cooldown and budget. Works once per epoch and target, and only where the record has no restarts. Unix ms, newest
   * first.
   */
  rebuild(target: Target, restartedAtMs: readonly number[]): Promise<void>;
  /**
   * Writes back what an actuator knows of a record that the ledger has lost. Any number of actuators may do so, any
   * number of times: what was written since stands, above all a person's `resume`.
   */
  writeBack(target: Target, known: KnownRecord): Promise<void>;
  /**
   * A person's command; null means all targets. `resume` also closes the breaker. A target that was paused by name
   * stays paused until it is resumed by name.
   *
   * @param by the name that the person gave; null or absent where none was given
   */
  pause(target: Target | null, by?: string | null): Promise<void>;
  resume(target: Target | null): Promise<void>;
}
