import type { Reason } from '../model/decision.ts';
import type { JobShare } from '../model/job-point.ts';
import type { BootMark } from '../model/listing.ts';
import type { MemoryReport } from '../model/memory-report.ts';
import type { Target } from '../model/target.ts';

/**
 * An Attempt is one restart on its way: a record in the ledger of its target.
 *
 *   claimed -> draining -> sending -> closed
 *
 * - `claimed`: this boot is reserved for one restart. The dyno is read for the first time: it must be the same boot,
 *   and `up`.
 * - `draining`: its jobs are asked to finish; then it is read again, and the decision must still hold on the newest
 *   points.
 * - `sending`: written before the socket is touched; from here on the boot is spent. At most one DELETE follows. An
 *   actuator that finds an attempt in this phase after a crash only reads the platform, and never sends. A sender that
 *   knows that it wrote nothing (no connection, or it was suspended) abandons the attempt at once; the boot stays
 *   spent.
 * - `closed`: with an outcome. See `startsCooldown`.
 */
export type AttemptPhase = 'claimed' | 'draining' | 'sending' | 'closed';

export const OUTCOMES = [
  'restarted',
  'already-gone',
  'refused',
  'unconfirmed',
  'drain-timeout',
  'abandoned',
  'dry-run',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What was known of the boot when its restart was claimed. For people: no move depends on it. */
export interface AttemptNotes {
  /** What the restart was expected to give back; null where unknown. */
  readonly expectedBytes: number | null;
  /** Jobs that ran; null where unknown. */
  readonly activeJobs: number | null;
  /** The job names with the most net growth in this boot; null where none is known. */
  readonly suspects: readonly JobShare[] | null;
}

/** Times are the ledger's own (Redis), in Unix ms; memory is in bytes. */
export interface Attempt {
  readonly id: string;
  readonly target: Target;
  readonly dyno: string;
  /** The boot's id in the metrics. */
  readonly bootId: string;
  /** The boot's start in its metrics; needed to recognise a boot with a derived id. */
  readonly bootStartTimeMs: number | null;
  readonly bootIdSource: 'platform' | 'derived';
  /** The platform's id of the same boot, known from the first re-read on. */
  readonly platformDynoId: string | null;
  readonly phase: AttemptPhase;
  /** Counts the moves of this record: compare-and-set compares it. */
  readonly epoch: number;
  readonly by: 'policy' | 'person';
  readonly dryRun: boolean;
  readonly reason: Reason;
  readonly explanation: string;
  readonly usageBytes: number | null;
  readonly floorBytes: number | null;
  readonly limitBytes: number | null;
  readonly claimedAtMs: number;
  /** When its workers were first asked to finish; null or absent before, and where an older version claimed it. */
  readonly drainingAtMs?: number | null;
  /** Null or absent where an older version claimed it. */
  readonly notes?: AttemptNotes | null;
  /** What the boot's memory was made of; null or absent before `sending`, and where no process said so. */
  readonly memoryReport?: MemoryReport | null;
  /** When the current phase must be over. */
  readonly deadlineMs: number;
  readonly sendingAtMs: number | null;
  readonly closedAtMs: number | null;
  readonly outcome: Outcome | null;
  /** Why it has this outcome, in words: the platform's error id, the new boot's id. Never a secret. */
  readonly evidence: string | null;
}

/** One move of an attempt. Deadlines count from the moment the ledger writes the move. */
export type Move =
  | { readonly to: 'draining'; readonly platformDynoId: string; readonly deadlineInMs: number }
  | {
      readonly to: 'sending';
      readonly platformDynoId: string;
      readonly deadlineInMs: number;
      readonly memoryReport?: MemoryReport | null;
    }
  | {
      readonly to: 'closed';
      readonly outcome: Outcome;
      readonly evidence: string;
      /** The platform refused for a reason that is not the target's (401, 429): its breaker does not count it. */
      readonly notTheTargets?: boolean;
    };

const OUTCOMES_BEFORE_SENDING: readonly Outcome[] = ['drain-timeout', 'abandoned'];
/** `abandoned` after `sending`: the sender knows that it has written nothing to the socket. */
const OUTCOMES_AFTER_SENDING: readonly Outcome[] = ['restarted', 'already-gone', 'refused', 'unconfirmed', 'abandoned'];

/** Whether the protocol allows this move. A ledger throws for any other, because it is a fault of the program. */
export function isLegalMove(attempt: Pick<Attempt, 'phase' | 'dryRun'>, move: Move): boolean {
  switch (move.to) {
    case 'draining':
      return attempt.phase === 'claimed' && !attempt.dryRun && move.platformDynoId !== '';
    case 'sending':
      return attempt.phase === 'draining' && !attempt.dryRun && move.platformDynoId !== '';
    case 'closed':
      if (attempt.phase === 'closed') return false;
      if (attempt.phase === 'sending') return OUTCOMES_AFTER_SENDING.includes(move.outcome);
      return OUTCOMES_BEFORE_SENDING.includes(move.outcome) || (attempt.dryRun && move.outcome === 'dry-run');
  }
}

/**
 * Whether closing an attempt starts its target's cooldown. An attempt abandoned before its drain has cost the target
 * nothing. From the drain on its workers were asked to stop; repeated at once, they would do no work. A dry attempt
 * ends before its drain, and only as `dry-run` has it reported anything to people.
 */
export function startsCooldown(phaseBefore: AttemptPhase, outcome: Outcome): boolean {
  return phaseBefore !== 'claimed' || outcome !== 'abandoned';
}

/** The boot that an attempt is about. */
export function bootOf(attempt: Attempt): BootMark {
  const { dyno, bootId, bootIdSource, bootStartTimeMs } = attempt;
  return { dyno, bootId, bootIdSource, startTimeMs: bootStartTimeMs };
}

/** After `sending`: how long a new boot may take to show before the attempt closes as `unconfirmed`. */
export const CONFIRM_DEADLINE_MS = 90_000;
/** Between the write of `sending` and the first byte on the socket; a process that slept longer does not send. */
export const SEND_DEADLINE_MS = 5_000;
/** The DELETE itself, TLS set-up included; the request is destroyed then. */
export const REQUEST_DEADLINE_MS = 10_000;
/** Maximum age of the last read, from its start, when `sending` is written. */
export const EVIDENCE_MAX_AGE_MS = REQUEST_DEADLINE_MS + SEND_DEADLINE_MS;
/** After the drain or its grace has ended: how long the way to `sending` may take before the attempt is abandoned. */
export const SEND_WINDOW_MS = 60_000;
/** Reading the dyno before the drain. */
export const CLAIM_DEADLINE_MS = 60_000;
