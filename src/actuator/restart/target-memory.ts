import type { Attempt, Move } from '../../attempt/attempt.ts';
import type { Target } from '../../model/target.ts';
import type { KnownRecord, LedgerView } from '../../ports.ts';

/** What an actuator remembers of a target's ledger, and how it finds that the ledger has lost some of it. Pure. */

export interface TargetMemory {
  readonly target: Target;
  /** Null before the first view. */
  view: LedgerView | null;
  /** The number of the call that `view` answered; 0 before the first. */
  viewedByCall: number;
  /** Of the newest closed attempt in `view`; null where there was none, or where it was lost since. */
  newestClosedId: string | null;
  /**
   * Restarts of the last days that views have shown, whoever sent them, oldest first: a history that is lost is not
   * written back, what it counted for is.
   */
  seenSent: readonly SentAttempt[];
  open: Attempt | null;
  /**
   * Restarts that this process has sent, oldest first. Kept whatever a view shows, until the platform is known to have
   * refused.
   */
  sent: readonly SentAttempt[];
  /** The newest attempts that it has sent, as they were then, oldest first; refused since or not. */
  sentAttempts: readonly Attempt[];
  /** The newest closes that it has written, oldest first. */
  closes: readonly Close[];
  /**
   * The number of the last call to the ledger that had been made when this memory last changed. Only what the ledger
   * answers to a later one must contain the change. Its clock does not tell: it may jump back after a failover.
   */
  changedAtCall: number;
}

interface Close {
  readonly attemptId: string;
  /** Of the sending that it closed (the ledger's time, Unix ms); null where nothing had been sent. */
  readonly sendingAtMs: number | null;
  readonly move: Move;
}

interface SentAttempt {
  readonly attemptId: string;
  readonly bootIds: readonly string[];
  /** The ledger's time, Unix ms. */
  readonly atMs: number;
}

export function newMemory(target: Target): TargetMemory {
  return {
    target,
    view: null,
    viewedByCall: 0,
    newestClosedId: null,
    seenSent: [],
    open: null,
    sent: [],
    sentAttempts: [],
    closes: [],
    changedAtCall: 0,
  };
}

/**
 * Whether the ledger has lost an attempt, moves of it, or a restart that this process knows.
 *
 * @param call the number of the call that the view answers: one made before the memory last changed proves nothing
 */
export function isOlderThan(view: LedgerView, memory: TargetMemory, call: number): boolean {
  if (call <= memory.changedAtCall) return false;
  const { open, sent, sentAttempts, closes } = memory;
  const isBack = (known: Attempt) => view.open?.id === known.id && view.open.epoch < known.epoch;
  const isGone = (known: Attempt) => view.open?.id !== known.id && !isClosedIn(view, known);
  if (open !== null && (isBack(open) || isGone(open))) return true;
  if (lacksWhatWasRead(view, memory, call)) return true;
  if (closes.some(({ attemptId }) => view.open?.id === attemptId) || sentAttempts.some(isBack)) return true;
  // What is lost is the end: an older restart is lost only together with the newest.
  const newest = sent.at(-1);
  return newest !== undefined && isUnspentIn(view, newest);
}

/** Whoever wrote it: a key may be lost without the others, and the actuator that wrote it may have died. */
function lacksWhatWasRead(
  view: LedgerView,
  { view: before, newestClosedId, viewedByCall, seenSent }: TargetMemory,
  call: number,
): boolean {
  if (before === null || call <= viewedByCall) return false;
  if (view.writtenBackMs < before.writtenBackMs) return true;
  if (before.pausedBy.target && !view.hasWordOfPause.target) return true;
  if (newestClosedId !== null && !view.history.some(({ attemptId }) => attemptId === newestClosedId)) return true;
  const newest = seenSent.findLast((sent) => !wasRefused(view, sent));
  if (newest === undefined || !newest.bootIds.every((id) => before.spentBootIds.includes(id))) return false;
  return isUnspentIn(view, newest);
}

/** A target restarts a few times an hour at most. */
const MAX_SEEN_SENT = 100;

/** What was seen before and what a view shows, without what was refused or is older than the ledger may remember. */
export function seenSentIn(view: LedgerView, before: readonly SentAttempt[]): readonly SentAttempt[] {
  const shown = view.history.flatMap(({ attemptId, bootId, sendingAtMs, outcome }) =>
    sendingAtMs === null || outcome === 'refused' ? [] : [{ attemptId, bootIds: [bootId], atMs: sendingAtMs }],
  );
  // One that was lost as it was sent may be shown as given up before.
  const isShown = new Set(
    view.history.flatMap(({ attemptId, sendingAtMs }) => (sendingAtMs === null ? [] : attemptId)),
  );
  return [...before.filter(({ attemptId }) => !isShown.has(attemptId)), ...shown]
    .filter(({ atMs }) => atMs > view.nowMs - UNSPENT_AFTER_MS)
    .sort((one, other) => one.atMs - other.atMs)
    .slice(-MAX_SEEN_SENT);
}

/** What was seen before, and what this process has closed now. */
export function seenSentOf(
  { id, bootId, sendingAtMs, outcome }: Attempt,
  before: readonly SentAttempt[],
): readonly SentAttempt[] {
  if (sendingAtMs === null || outcome === 'refused') return before;
  return [...before, { attemptId: id, bootIds: [bootId], atMs: sendingAtMs }].slice(-MAX_SEEN_SENT);
}

/** Shorter than the 30 days after which the ledger forgets a spent boot. */
const UNSPENT_AFTER_MS = 15 * 86_400_000;

/** Not where the ledger may have forgotten the boot, or shows newer ones only. */
function isUnspentIn({ nowMs, spentBootIds, spentShownAfterMs }: LedgerView, { atMs, bootIds }: SentAttempt): boolean {
  if (atMs <= Math.max(spentShownAfterMs, nowMs - UNSPENT_AFTER_MS)) return false;
  return bootIds.some((id) => !spentBootIds.includes(id));
}

/** The attempt, if the ledger has lost it before anything was sent. */
export function endedIn(view: LedgerView, open: Attempt | null): readonly Attempt[] {
  if (open === null || open.phase === 'sending') return [];
  return view.open?.id === open.id || isClosedIn(view, open) ? [] : [open];
}

function isClosedIn({ history, dryHistory }: LedgerView, { id, dryRun }: Attempt): boolean {
  return (dryRun ? dryHistory : history).some(({ attemptId }) => attemptId === id);
}

/** Whether this sending was refused. After a loss another actuator may have sent the same attempt, at another time. */
export function wasRefused({ history }: LedgerView, { attemptId, atMs }: SentAttempt): boolean {
  return history.some(
    (entry) => entry.attemptId === attemptId && entry.sendingAtMs === atMs && entry.outcome === 'refused',
  );
}

export function knownOf(memory: TargetMemory, isAllPaused: boolean): KnownRecord {
  const { view, open, sent, sentAttempts } = memory;
  return {
    spentBootIds: [...new Set([...(view?.spentBootIds ?? []), ...sent.flatMap(({ bootIds }) => bootIds)])],
    sending: open?.phase === 'sending' ? open : null,
    sentAttempts,
    sentAtMs: sentAtMs(memory),
    pausedBy: { all: isAllPaused, target: view?.pausedBy.target ?? false },
    pauser: view?.pauser ?? null,
    cooldownUntilMs: view?.cooldownUntilMs ?? 0,
    breakerOpenUntilMs: view?.breakerOpenUntilMs ?? 0,
    breakerReason: view?.breakerReason ?? null,
  };
}

/**
 * Of other actuators too: once their boots are written back as spent, they do not notice that their restarts were lost.
 */
function sentAtMs({ open, sent, seenSent }: TargetMemory): readonly number[] {
  const openAtMs = open?.sendingAtMs ?? null;
  const times = [...sent, ...seenSent].map(({ atMs }) => atMs);
  return [...new Set(openAtMs === null ? times : [...times, openAtMs])];
}

/** Points can name any app, so targets without restarts and pauses are not remembered. */
export function isWorthKeeping(memory: TargetMemory): boolean {
  const { open, sentAttempts, closes } = memory;
  if (open !== null || sentAttempts.length > 0 || closes.length > 0) return true;
  const { spentBootIds, pausedBy, cooldownUntilMs, breakerOpenUntilMs } = knownOf(memory, false);
  if (spentBootIds.length > 0 || pausedBy.target) return true;
  return Math.max(cooldownUntilMs, breakerOpenUntilMs) > (memory.view?.nowMs ?? 0);
}
