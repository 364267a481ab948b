import type { Attempt, Move } from '../../attempt/attempt.ts';
import { UnreadableRecord } from '../../model/errors.ts';
import { type Target, type TargetKey, targetKey } from '../../model/target.ts';
import type { AdvanceAnswer, ClaimAnswer, ClaimRequest, KnownRecord, Ledger, LedgerView } from '../../ports.ts';

/** What the ledger has lost, and what was done about it. */
export interface LedgerLoss {
  /** Until when the emptied ledger grants no claim (its own clock, Unix ms); 0 where it does not hold. */
  readonly heldUntilMs: number;
  readonly targets: readonly Target[];
  readonly spentBoots: number;
  /** Attempts that had not reached `sending`: no DELETE was sent for them, so they end here. */
  readonly ended: readonly Attempt[];
}

interface Memory {
  readonly target: Target;
  /** Null before the first view. */
  view: LedgerView | null;
  open: Attempt | null;
  /**
   * Restarts that this process has sent, oldest first. Kept whatever a view shows, until the platform is known to have
   * refused.
   */
  sent: readonly SentAttempt[];
}

interface SentAttempt {
  readonly attemptId: string;
  readonly bootIds: readonly string[];
}

/** More than a day of restarts at four an hour, and fewer than the ledger shows. */
const MAX_SENT = 100;

/**
 * The ledger, with a memory of its answers. If Redis has lost everything (another epoch) or its newest part (a boot
 * that this process sent a restart for is not spent), the known spent boots, open attempts, pauses, cooldown and
 * breaker are written back before anything else is answered. An emptied ledger grants no claim during its hold, so one
 * read in that time is enough.
 */
export class RememberingLedger implements Ledger {
  readonly #ledger: Ledger;
  readonly #onLoss: (loss: LedgerLoss) => void;
  readonly #memories = new Map<TargetKey, Memory>();
  #epochMs: number | null = null;
  #isAllPaused = false;
  #writing: Promise<void> | null = null;

  constructor(ledger: Ledger, onLoss: (loss: LedgerLoss) => void = () => {}) {
    this.#ledger = ledger;
    this.#onLoss = onLoss;
  }

  async read(target: Target): Promise<LedgerView> {
    const view = await this.#ledger.read(target);
    if (!this.#hasLost(view)) return this.#note(view);
    this.#writing ??= this.#writeBack(target).finally(() => {
      this.#writing = null;
    });
    await this.#writing;
    return this.#note(await this.#ledger.read(target));
  }

  async open(): Promise<readonly Attempt[]> {
    const open = await this.#ledger.open();
    const vanished = [...this.#memories.values()].filter(
      (memory) => memory.open !== null && !open.some(({ id }) => id === memory.open?.id),
    );
    if (vanished.length === 0) return open;
    // Closed by another actuator, or lost. Nobody else reads the ledger of a target whose dynos are silent.
    for (const { target } of vanished) await unlessUnreadable(this.read(target));
    return this.#ledger.open();
  }

  /** Reads first, so that an earlier loss is noticed. After a loss between read and claim the ledger holds. */
  async claim(request: ClaimRequest): Promise<ClaimAnswer> {
    await this.read(request.target);
    const answer = await this.#ledger.claim(request);
    if (answer.ok) this.#memoryOf(request.target).open = answer.attempt;
    return answer;
  }

  async advance(attempt: Attempt, move: Move): Promise<AdvanceAnswer> {
    const answer = await this.#ledger.advance(attempt, move);
    if (answer.ok) this.#noteMove(answer.attempt);
    return answer;
  }

  async pause(target: Target | null, by: string | null = null): Promise<void> {
    await this.#ledger.pause(target, by);
    if (target === null) this.#isAllPaused = true;
    else await this.read(target);
  }

  async resume(target: Target | null): Promise<void> {
    await this.#ledger.resume(target);
    if (target === null) this.#isAllPaused = false;
    else await this.read(target);
  }

  recordReclaimed(...args: Parameters<Ledger['recordReclaimed']>): Promise<void> {
    return this.#ledger.recordReclaimed(...args);
  }

  recordBackSoon(...args: Parameters<Ledger['recordBackSoon']>): Promise<void> {
    return this.#ledger.recordBackSoon(...args);
  }

  learnFloor(...args: Parameters<Ledger['learnFloor']>): Promise<void> {
    return this.#ledger.learnFloor(...args);
  }

  noteRelease(...args: Parameters<Ledger['noteRelease']>): Promise<void> {
    return this.#ledger.noteRelease(...args);
  }

  rebuild(...args: Parameters<Ledger['rebuild']>): Promise<void> {
    return this.#ledger.rebuild(...args);
  }

  writeBack(...args: Parameters<Ledger['writeBack']>): Promise<void> {
    return this.#ledger.writeBack(...args);
  }

  #hasLost(view: LedgerView): boolean {
    if (this.#epochMs !== null && view.epochMs !== this.#epochMs) return true;
    const memory = this.#memories.get(targetKey(view.target));
    if (memory === undefined) return false;
    memory.sent = memory.sent.filter(({ attemptId }) => !wasRefused(view, attemptId));
    return memory.sent.some(({ bootIds }) => bootIds.some((id) => !view.spentBootIds.includes(id)));
  }

  /**
   * Writes back all targets, because a loss concerns all of them. Throws as the ledger does; then the next read tries
   * again.
   */
  async #writeBack(target: Target): Promise<void> {
    this.#memoryOf(target);
    const memories = [...this.#memories.values()];
    for (const memory of memories) {
      await unlessUnreadable(this.#ledger.writeBack(memory.target, knownOf(memory, this.#isAllPaused)));
    }
    const { epochMs, heldUntilMs } = await this.#ledger.read(target);
    this.#epochMs = epochMs;
    const ended = memories.flatMap(({ open }) => (open === null || open.phase === 'sending' ? [] : [open]));
    const spentBoots = memories.reduce((sum, memory) => sum + knownOf(memory, false).spentBootIds.length, 0);
    for (const memory of memories) if (memory.open?.phase !== 'sending') memory.open = null;
    this.#onLoss({ heldUntilMs, targets: memories.map((memory) => memory.target), spentBoots, ended });
  }

  /** A view that arrives late must not undo newer knowledge; the ledger's clock orders them. */
  #note(view: LedgerView): LedgerView {
    this.#epochMs ??= view.epochMs;
    const memory = this.#memoryOf(view.target);
    const isNewer = memory.view === null || memory.view.epochMs !== view.epochMs || memory.view.nowMs <= view.nowMs;
    if (view.epochMs !== this.#epochMs || !isNewer) return view;
    memory.view = view;
    const isOlderOpen = view.open?.id === memory.open?.id && (view.open?.epoch ?? 0) < (memory.open?.epoch ?? 0);
    if (!isOlderOpen) memory.open = view.open;
    this.#isAllPaused = view.pausedBy.all;
    if (!isWorthKeeping(memory)) this.#memories.delete(targetKey(view.target));
    return view;
  }

  #noteMove(attempt: Attempt): void {
    const memory = this.#memoryOf(attempt.target);
    const { id: attemptId, bootId, platformDynoId } = attempt;
    memory.open = attempt.phase === 'closed' ? null : attempt;
    if (attempt.outcome === 'refused') memory.sent = memory.sent.filter((sent) => sent.attemptId !== attemptId);
    if (attempt.phase !== 'sending') return;
    const bootIds = platformDynoId === null ? [bootId] : [bootId, platformDynoId];
    memory.sent = [...memory.sent, { attemptId, bootIds }].slice(-MAX_SENT);
  }

  #memoryOf(target: Target): Memory {
    const key = targetKey(target);
    const memory = this.#memories.get(key) ?? { target, view: null, open: null, sent: [] };
    this.#memories.set(key, memory);
    return memory;
  }
}

/** A damaged record stops its own target, and no other. */
async function unlessUnreadable(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof UnreadableRecord)) throw error;
  }
}

function wasRefused({ history }: LedgerView, attemptId: string): boolean {
  return history.some((entry) => entry.attemptId === attemptId && entry.outcome === 'refused');
}

function knownOf({ view, open, sent }: Memory, isAllPaused: boolean): KnownRecord {
  return {
    spentBootIds: [...new Set([...(view?.spentBootIds ?? []), ...sent.flatMap(({ bootIds }) => bootIds)])],
    sending: open?.phase === 'sending' ? open : null,
    pausedBy: { all: isAllPaused, target: view?.pausedBy.target ?? false },
    pauser: view?.pauser ?? null,
    cooldownUntilMs: view?.cooldownUntilMs ?? 0,
    breakerOpenUntilMs: view?.breakerOpenUntilMs ?? 0,
    breakerReason: view?.breakerReason ?? null,
  };
}

/** Points can name any app, so targets without restarts and pauses are not remembered. */
function isWorthKeeping(memory: Memory): boolean {
  const { spentBootIds, sending, pausedBy, cooldownUntilMs, breakerOpenUntilMs } = knownOf(memory, false);
  if (spentBootIds.length > 0 || memory.open !== null || sending !== null || pausedBy.target) return true;
  return Math.max(cooldownUntilMs, breakerOpenUntilMs) > (memory.view?.nowMs ?? 0);
}
