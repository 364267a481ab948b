import type { Attempt, Move } from '../../attempt/attempt.ts';
import type { Target } from '../../model/target.ts';
import type { KnownRecord, LedgerView } from '../../ports.ts';

/** What an actuator remembers of a target's ledger, and how it finds that the ledger has lost some of it. Pure. */

export interface TargetMemory {
  readonly target: Target;
  /** Null before the first view. */
  view: LedgerView | null;
  open: Attempt | null;
  /**
   * Restarts that this process has sent, oldest first. Kept whatever a view shows, until the platform is known to have
   * refused.
   */
  sent: readonly SentAttempt[];
  /** The newest of them, as it was when it was sent; refused since or not. */
  lastSent: Attempt | null;
  /** The newest close that this process has written. */
  lastClose: Close | null;
}

interface Close {
  readonly attemptId: string;
  readonly move: Move;
  /** The ledger's time, Unix ms. */
  readonly atMs: number;
}

interface SentAttempt {
  readonly attemptId: string;
  readonly bootIds: readonly string[];
  /** The ledger's time, Unix ms. */
  readonly atMs: number;
}

export function newMemory(target: Target): TargetMemory {
  return { target, view: null, open: null, sent: [], lastSent: null, lastClose: null };
}

/**
 * Whether the ledger has lost an attempt, or moves of it, that this process knows. A view from before the last move
 * proves nothing: its answer came late.
 */
export function isOlderThan(view: LedgerView, { open, lastSent, lastClose }: TargetMemory): boolean {
  const isBack = (known: Attempt) => view.open?.id === known.id && view.open.epoch < known.epoch;
  const isGone = (known: Attempt) => view.open?.id !== known.id && !isClosedIn(view, known);
  if (open !== null && view.nowMs > movedAtMs(open) && (isBack(open) || isGone(open))) return true;
  if (lastClose !== null && view.nowMs > lastClose.atMs && view.open?.id === lastClose.attemptId) return true;
  return lastSent !== null && view.nowMs > movedAtMs(lastSent) && isBack(lastSent);
}

/** When its last move was written (the ledger's time, Unix ms). */
function movedAtMs({ claimedAtMs, drainingAtMs, sendingAtMs }: Attempt): number {
  return sendingAtMs ?? drainingAtMs ?? claimedAtMs;
}

/** The attempt, if the ledger has lost it before anything was sent. */
export function endedIn(view: LedgerView, open: Attempt | null): readonly Attempt[] {
  if (open === null || open.phase === 'sending') return [];
  return view.open?.id === open.id || isClosedIn(view, open) ? [] : [open];
}

function isClosedIn({ history, dryHistory }: LedgerView, { id, dryRun }: Attempt): boolean {
  return (dryRun ? dryHistory : history).some(({ attemptId }) => attemptId === id);
}

export function wasRefused({ history }: LedgerView, attemptId: string): boolean {
  return history.some((entry) => entry.attemptId === attemptId && entry.outcome === 'refused');
}

export function knownOf({ view, open, sent, lastSent }: TargetMemory, isAllPaused: boolean): KnownRecord {
  return {
    spentBootIds: [...new Set([...(view?.spentBootIds ?? []), ...sent.flatMap(({ bootIds }) => bootIds)])],
    sending: open?.phase === 'sending' ? open : null,
    lastSent,
    sentAtMs: sent.map(({ atMs }) => atMs),
    pausedBy: { all: isAllPaused, target: view?.pausedBy.target ?? false },
    pauser: view?.pauser ?? null,
    cooldownUntilMs: view?.cooldownUntilMs ?? 0,
    breakerOpenUntilMs: view?.breakerOpenUntilMs ?? 0,
    breakerReason: view?.breakerReason ?? null,
  };
}

/** Points can name any app, so targets without restarts and pauses are not remembered. */
export function isWorthKeeping(memory: TargetMemory): boolean {
  const { spentBootIds, sending, pausedBy, cooldownUntilMs, breakerOpenUntilMs } = knownOf(memory, false);
  if (spentBootIds.length > 0 || memory.lastSent !== null || memory.open !== null || sending !== null) return true;
  if (pausedBy.target) return true;
  return Math.max(cooldownUntilMs, breakerOpenUntilMs) > (memory.view?.nowMs ?? 0);
}
