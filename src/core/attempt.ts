import type { Reason } from './decision.ts';
import type { Target } from './target.ts';

/**
 * An Attempt is one restart on its way: a record in the ledger of its target.
 *
 *   claimed -> draining -> sending -> closed
 *
 * - `claimed`: this boot is ours to restart. The dyno is read for the first time: it must be the same boot, and `up`.
 * - `draining`: its jobs are asked to finish; then it is read again, and the decision must still hold on the newest points.
 * - `sending`: written before the socket is touched; the boot is spent from here on. At most one DELETE follows. Whoever finds an
 *   attempt in this phase after a crash only reads the platform, and never sends.
 * - `closed`: with an outcome. Every close starts the cooldown.
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

/** Times are the ledger's own (Redis), in Unix ms; memory is in bytes. */
export interface Attempt {
  readonly id: string;
  readonly target: Target;
  readonly dyno: string;
  /** The boot's id in the metrics. */
  readonly bootId: string;
  /** The boot's start as the metrics report it; needed to recognise a boot with a derived id. */
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
  /** When the phase it is in must be over. */
  readonly deadlineMs: number;
  readonly sendingAtMs: number | null;
  readonly closedAtMs: number | null;
  readonly outcome: Outcome | null;
  /** What the outcome rests on, in words: the platform's error id, the new boot's id. Never a secret. */
  readonly evidence: string | null;
}

/** After `sending`: how long a new boot may take to show before the attempt closes as `unconfirmed`. */
export const CONFIRM_DEADLINE_MS = 90_000;
/** Between the write of `sending` and the first byte on the socket; a process that slept longer does not send. */
export const SEND_DEADLINE_MS = 5_000;
/** The DELETE itself, TLS set-up included; the request is destroyed then. */
export const REQUEST_DEADLINE_MS = 10_000;
/** Reading the dyno before the drain. */
export const CLAIM_DEADLINE_MS = 60_000;
