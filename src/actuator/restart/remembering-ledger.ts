import { type Attempt, isLegalMove, type Move } from '../../attempt/attempt.ts';
import { LedgerUnavailable, UnreadableRecord } from '../../model/errors.ts';
import { type Target, type TargetKey, targetKey } from '../../model/target.ts';
import type { AdvanceAnswer, ClaimAnswer, ClaimRequest, Ledger, LedgerView } from '../../ports.ts';
import {
  endedIn,
  isOlderThan,
  isWorthKeeping,
  knownOf,
  newMemory,
  seenSentIn,
  seenSentOf,
  type TargetMemory,
  wasRefused,
} from './target-memory.ts';

/** What the ledger has lost, and what was done about it. */
export interface LedgerLoss {
  /**
   * Until when the emptied ledger grants no claim (its own clock, Unix ms); 0 where it does not hold: then only its
   * newest part was lost.
   */
  readonly heldUntilMs: number;
  readonly targets: readonly Target[];
  readonly spentBoots: number;
  /** Attempts that had not reached `sending`: no DELETE was sent for them, so they end here. */
  readonly ended: readonly Attempt[];
}

/** More than a day of restarts at four an hour. */
const MAX_SENT = 100;
/** Attempts of a target whose moves are remembered: a failover loses seconds, in which a person may ask for several. */
const MAX_MOVED = 20;
/** A second failover may lose what was written back after the first; this many in a row are no failover. */
const MAX_READS = 4;

/**
 * The ledger, with a memory of its answers. If Redis has lost everything (another epoch) or a part (a boot that this
 * process sent a restart for is not spent, a known attempt is gone, open again or back in an earlier phase, a pause is
 * gone without a resume, the newest closed attempt is missing),
 * the known spent boots, open attempts, pauses, cooldown and breaker are written back before anything else is answered.
 * An emptied ledger grants no claim during its hold, so one read in that time is enough.
 */
export class RememberingLedger implements Ledger {
  readonly #ledger: Ledger;
  readonly #onLoss: (loss: LedgerLoss) => void;
  readonly #memories = new Map<TargetKey, TargetMemory>();
  #epochMs: number | null = null;
  /** How many calls had been made when this epoch was noted. */
  #epochSinceCall = 0;
  #calls = 0;
  #isAllPaused = false;
  /** How many calls had been made when the pause of all was noted. */
  #allPausedSinceCall = 0;
  #writing: Promise<void> | null = null;

  constructor(ledger: Ledger, onLoss: (loss: LedgerLoss) => void = () => {}) {
    this.#ledger = ledger;
    this.#onLoss = onLoss;
  }

  /** Throws `LedgerUnavailable` too where the ledger goes on losing what is written back. */
  async read(target: Target): Promise<LedgerView> {
    for (let reads = 0; reads < MAX_READS; reads += 1) {
      const call = this.#nextCall();
      const view = await this.#ledger.read(target);
      if (!this.#hasLost(view, call)) return this.#note(view, call);
      this.#writing ??= this.#writeBack(target).finally(() => {
        this.#writing = null;
      });
      await this.#writing;
    }
    throw new LedgerUnavailable(`the ledger of ${targetKey(target)} has lost again what was written back to it`);
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

  /**
   * Reads first, so that an earlier loss is noticed. After a loss between read and claim the ledger holds, or the moves
   * are refused that cooldown and budget forbid once they are written back.
   */
  async claim(request: ClaimRequest): Promise<ClaimAnswer> {
    await this.read(request.target);
    this.#nextCall();
    const answer = await this.#ledger.claim(request);
    if (answer.ok) this.#noteOpen(this.#memoryOf(request.target), answer.attempt);
    return answer;
  }

  async advance(attempt: Attempt, move: Move): Promise<AdvanceAnswer> {
    this.#nextCall();
    const answer = await this.#ledger.advance(attempt, move);
    if (answer.ok) this.#noteMove(answer.attempt, move);
    return answer;
  }

  async pause(target: Target | null, by: string | null = null): Promise<void> {
    this.#nextCall();
    await this.#ledger.pause(target, by);
    if (target === null) this.#noteAllPaused(true, this.#calls);
    else await this.read(target);
  }

  async resume(target: Target | null): Promise<void> {
    this.#nextCall();
    await this.#ledger.resume(target);
    if (target === null) this.#noteAllPaused(false, this.#calls);
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

  #nextCall(): number {
    this.#calls += 1;
    return this.#calls;
  }

  #hasLost(view: LedgerView, call: number): boolean {
    if (this.#epochMs !== null && view.epochMs !== this.#epochMs) return call > this.#epochSinceCall;
    if (this.#isAllPaused && !view.hasWordOfPause.all && call > this.#allPausedSinceCall) return true;
    const memory = this.#memories.get(targetKey(view.target));
    if (memory === undefined) return false;
    memory.sent = memory.sent.filter((sent) => !wasRefused(view, sent));
    return isOlderThan(view, memory, call);
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
    for (const memory of memories) await unlessUnreadable(this.#closeAgain(memory));
    const views = await this.#viewsOf(memories.filter(({ open }) => open !== null));
    const { epochMs, heldUntilMs } = await this.#ledger.read(target);
    const ended = [...views].flatMap(([memory, view]) => endedIn(view, memory.open));
    // After a loss the ledger is right: an attempt that it has in an earlier phase goes on from there.
    for (const [memory, view] of views) this.#noteOpen(memory, view.open);
    this.#noteEpoch(epochMs);
    // What is known of the history is written back as cooldown and budget; the history itself stays lost.
    for (const memory of memories) memory.newestClosedId = null;
    const spentBoots = memories.reduce((sum, memory) => sum + knownOf(memory, false).spentBootIds.length, 0);
    this.#onLoss({ heldUntilMs, targets: memories.map((memory) => memory.target), spentBoots, ended });
  }

  /**
   * Its end was reported when it was closed, so it is not reported again. One that another actuator had sent, and that
   * the ledger shows before that, goes on; so does one that another actuator has sent since.
   */
  async #closeAgain(memory: TargetMemory): Promise<void> {
    if (memory.closes.length === 0) return;
    const { open } = await this.#ledger.read(memory.target);
    const close = memory.closes.find(({ attemptId }) => attemptId === open?.id);
    if (open === null || close === undefined) return;
    const isSentAgain = open.sendingAtMs !== null && open.sendingAtMs !== close.sendingAtMs;
    const mayClose = !isSentAgain && isLegalMove(open, close.move);
    const answer = mayClose ? await this.#ledger.advance(open, close.move) : { ok: false };
    if (!answer.ok) memory.closes = memory.closes.filter((one) => one !== close);
  }

  /** Without the records that are damaged. */
  async #viewsOf(memories: readonly TargetMemory[]): Promise<ReadonlyMap<TargetMemory, LedgerView>> {
    const views = new Map<TargetMemory, LedgerView>();
    for (const memory of memories) {
      await unlessUnreadable(this.#ledger.read(memory.target).then((view) => views.set(memory, view)));
    }
    return views;
  }

  /**
   * A view that arrives late must not undo newer knowledge. The calls order the views: the ledger's clock may be set
   * back, and views would be ignored until it has caught up.
   */
  #note(view: LedgerView, call: number): LedgerView {
    if (this.#epochMs === null) this.#noteEpoch(view.epochMs);
    const memory = this.#memoryOf(view.target);
    if (view.epochMs !== this.#epochMs || call < memory.viewedByCall) return view;
    memory.view = view;
    memory.viewedByCall = call;
    memory.newestClosedId = view.history[0]?.attemptId ?? null;
    memory.seenSent = seenSentIn(view, memory.seenSent);
    const isOlderOpen = view.open?.id === memory.open?.id && (view.open?.epoch ?? 0) < (memory.open?.epoch ?? 0);
    if (!isOlderOpen) this.#noteOpen(memory, view.open);
    this.#noteAllPaused(view.pausedBy.all, call);
    if (!isWorthKeeping(memory)) this.#memories.delete(targetKey(view.target));
    return view;
  }

  #noteAllPaused(isAllPaused: boolean, call: number): void {
    if (call < this.#allPausedSinceCall) return;
    this.#isAllPaused = isAllPaused;
    this.#allPausedSinceCall = call;
  }

  #noteMove(attempt: Attempt, move: Move): void {
    const memory = this.#memoryOf(attempt.target);
    const { id: attemptId, bootId, platformDynoId, sendingAtMs } = attempt;
    this.#noteOpen(memory, attempt.phase === 'closed' ? null : attempt);
    memory.changedAtCall = this.#calls;
    if (attempt.phase === 'closed')
      memory.closes = [...memory.closes, { attemptId, sendingAtMs, move }].slice(-MAX_MOVED);
    // Another actuator may have sent it, and no view with its end may come before a loss.
    if (attempt.phase === 'closed') memory.seenSent = seenSentOf(attempt, memory.seenSent);
    if (attempt.outcome === 'refused') memory.sent = memory.sent.filter((sent) => sent.attemptId !== attemptId);
    if (attempt.phase !== 'sending') return;
    const bootIds = platformDynoId === null ? [bootId] : [bootId, platformDynoId];
    const atMs = sendingAtMs ?? attempt.claimedAtMs;
    memory.sent = [...memory.sent, { attemptId, bootIds, atMs }].slice(-MAX_SENT);
    memory.sentAttempts = [...memory.sentAttempts, attempt].slice(-MAX_MOVED);
  }

  #noteOpen(memory: TargetMemory, open: Attempt | null): void {
    if (memory.open?.id !== open?.id || memory.open?.epoch !== open?.epoch) memory.changedAtCall = this.#calls;
    memory.open = open;
  }

  #noteEpoch(epochMs: number): void {
    if (this.#epochMs !== epochMs) this.#epochSinceCall = this.#calls;
    this.#epochMs = epochMs;
  }

  #memoryOf(target: Target): TargetMemory {
    const key = targetKey(target);
    const memory = this.#memories.get(key) ?? newMemory(target);
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
