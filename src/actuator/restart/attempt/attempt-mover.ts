import { type Attempt, EVIDENCE_MAX_AGE_MS, type Move, SEND_DEADLINE_MS } from '../../../attempt/attempt.ts';
import {
  forbiddenBecause,
  isDrained,
  type OnDrainTimeout,
  type Reports,
  type Step,
  stepClaimed,
  stepDraining,
  stepSending,
  type Terms,
  type Unread,
} from '../../../attempt/attempt-step.ts';
import { PlatformError } from '../../../model/errors.ts';
import type { ListedDyno } from '../../../model/listing.ts';
import type { MemoryReport } from '../../../model/memory-report.ts';
import type { Permission } from '../../../model/permission.ts';
import type { Target } from '../../../model/target.ts';
import type { Clock, Drain, HistoryEntry, Ledger, Platform, RestartAnswer } from '../../../ports.ts';
import type { PlatformBlock } from '../../platform/platform-view.ts';
import { abandonedBecause, closing, withAnswer } from './attempt-closing.ts';
import { AttemptWatch } from './attempt-watch.ts';

export interface AttemptMoverParts {
  readonly ledger: Ledger;
  readonly platform: Platform;
  readonly drain: Drain;
  readonly clock: Clock;
  /** How long a drain may take. */
  readonly graceMs: number;
  /**
   * If jobs still run at the end of the grace: restart anyway (SIGTERM gives them 30 s more), or close as
   * `drain-timeout`. Default: `go-on`.
   */
  readonly onDrainTimeout?: (attempt: Attempt) => OnDrainTimeout;
  /** Whether this actuator moves the attempt; false: it leaves it to another. Default: it moves all. */
  readonly isOurs?: (attempt: Attempt) => boolean;
  /** By this actuator's settings: the attempt may have been claimed under others. */
  readonly permission: (target: Target) => Permission;
  /**
   * Whether this actuator's settings count where they forbid what another one's have allowed: two that share a ledger
   * must not end each other's attempts for ever. Default: they do.
   */
  readonly leads?: () => boolean;
  /** Other dynos of the target that must be up at each read; not checked for a person's attempt. Default: 0. */
  readonly minHealthy?: number;
  /**
   * Whether the newest points still ask for the restart; null if they cannot be assessed yet. Not called for a
   * person's attempt.
   */
  readonly stillHolds: (attempt: Attempt) => boolean | null;
  /** A guess, worth a reading: the boot may have ended during its drain. Default: it has not. */
  readonly mayBeOver?: (attempt: Attempt) => boolean;
  /** Whether a boot other than the attempt's reports under this platform id. Default: none does. */
  readonly isCarriedByAnother?: (attempt: Attempt, dynoId: string) => boolean;
  /**
   * What the boot's processes have said of their memory, kept with the attempt. Answers within seconds and never
   * rejects: the restart does not depend on it. Default: nothing is known.
   */
  readonly memoryReport?: (attempt: Attempt) => Promise<MemoryReport | null>;
  /** Why the platform takes no calls now, of any app (401, 429). Null where it does, or may again. Default: it does. */
  readonly platformBlock?: () => Pick<PlatformBlock, 'why' | 'status'> | null;
  /** After each move that was written, before what follows from it. Must not throw. */
  readonly onMove?: (attempt: Attempt) => void;
}

/** An open attempt as the ledger has just shown it. */
export interface Moment {
  readonly attempt: Attempt;
  /** The ledger's time. */
  readonly nowMs: number;
  /** A person paused its target, or all. */
  readonly isPaused: boolean;
  /** Closed attempts of its target, newest first. */
  readonly history: readonly HistoryEntry[];
  readonly report: (error: unknown) => void;
}

/**
 * Makes the moves of an attempt, one at a time, and sends its DELETE. What keeps the DELETE single: see
 * `AttemptRunner`.
 */
export class AttemptMover {
  readonly #parts: AttemptMoverParts;
  /** The platform's answers to this process's DELETEs, until their attempts are closed. */
  readonly #answers = new Map<string, { readonly sendingAtMs: number | null; readonly said: RestartAnswer }>();
  readonly #watch: AttemptWatch;
  readonly #stopped: AbortSignal;

  /** @param stopped aborted: begin nothing new, and cancel reads */
  constructor(parts: AttemptMoverParts, stopped: AbortSignal) {
    this.#parts = parts;
    this.#watch = new AttemptWatch(parts.clock);
    this.#stopped = stopped;
  }

  /** Another actuator may have closed an attempt of which something is kept here. */
  forgetAllBut(open: readonly Attempt[]): void {
    this.#watch.forgetBut(open);
    for (const id of this.#answers.keys()) {
      if (!open.some((attempt) => attempt.id === id)) this.#answers.delete(id);
    }
  }

  /** Whether the platform's answer to the attempt's DELETE is here, and nowhere else. */
  knowsAnswer({ id }: Attempt): boolean {
    return this.#answers.has(id);
  }

  /** One move at most; true where another one may follow at once. */
  async advance(now: Moment): Promise<boolean> {
    // Its workers shall not wait for the end of a drain after which nothing may be sent.
    if (now.isPaused && now.attempt.phase !== 'sending') return this.#make(now.attempt, abandonedBecause('paused'));
    if (this.#isForTheLeader(now.attempt)) return false;
    switch (now.attempt.phase) {
      case 'claimed':
        return this.#fromClaimed(now);
      case 'draining':
        return this.#fromDraining(now);
      case 'sending':
        return this.#fromSending(now);
      case 'closed':
        return false;
    }
  }

  #isForTheLeader(attempt: Attempt): boolean {
    if (attempt.phase === 'sending' || this.#parts.leads?.() !== false) return false;
    return forbiddenBecause(attempt, this.#parts.permission(attempt.target)) !== null;
  }

  async #fromClaimed({ attempt, nowMs, history, report }: Moment): Promise<boolean> {
    const { graceMs } = this.#parts;
    const dynos = await this.#list(attempt, report);
    if (this.#stopped.aborted) return false;
    return this.#make(attempt, stepClaimed(attempt, { nowMs, dynos, graceMs, history, ...this.#termsOf(attempt) }));
  }

  async #fromDraining({ attempt, nowMs, history, report }: Moment): Promise<boolean> {
    const { clock, stillHolds, onDrainTimeout } = this.#parts;
    const idle = await this.#drainFor(attempt, report);
    const end = {
      idle,
      idleForMs: this.#watch.noteIdle(attempt, idle),
      stillHolds: attempt.by === 'person' ? true : stillHolds(attempt),
      onDrainTimeout: onDrainTimeout?.(attempt) ?? 'go-on',
    } as const;
    const assess = (dynos: readonly ListedDyno[] | null) =>
      stepDraining(attempt, { nowMs, dynos, history, ...end, ...this.#termsOf(attempt) });
    const isOver = isDrained(attempt, nowMs, idle);
    const early = assess(null);
    if (!isOver && (early.do === 'move' || !this.#isWorthALook(attempt))) return this.#make(attempt, early);
    const isWanted = isOver && early.do === 'wait';
    const memoryReport = isWanted ? ((await this.#parts.memoryReport?.(attempt)) ?? null) : null;
    const readAtMs = clock.monotonic();
    const dynos = await this.#list(attempt, report);
    if (this.#stopped.aborted) return false;
    const step = assess(dynos);
    if (step.do === 'wait' || step.move.to !== 'sending') return this.#make(attempt, step);
    // If the process was suspended since it read, that evidence is stale: start this move again.
    if (clock.monotonic() - readAtMs > EVIDENCE_MAX_AGE_MS) return false;
    return this.#send(attempt, { ...step.move, memoryReport });
  }

  #isWorthALook(attempt: Attempt): boolean {
    return this.#parts.mayBeOver?.(attempt) === true && this.#watch.isLookDue(attempt);
  }

  /** Writes `sending`; where, and only where, that write is confirmed, sends the one DELETE. */
  async #send(attempt: Attempt, move: Move): Promise<boolean> {
    const { ledger, platform, clock, onMove } = this.#parts;
    // Taken before the write, so that the time the write took counts too.
    const writtenAtMs = clock.monotonic();
    const answer = await ledger.advance(attempt, move);
    if (!answer.ok) {
      if (answer.why === 'overtaken') return false;
      return this.#make(attempt, abandonedBecause(answer.why));
    }
    onMove?.(answer.attempt);
    const mayStillSend = () => clock.monotonic() - writtenAtMs < SEND_DEADLINE_MS;
    const said = await platform.restart(attempt.target.app, attempt.dyno, mayStillSend);
    this.#answers.set(attempt.id, { sendingAtMs: answer.attempt.sendingAtMs, said });
    return said.kind === 'refused' || said.kind === 'gone' || said.kind === 'not-sent';
  }

  async #fromSending({ attempt, nowMs, report }: Moment): Promise<boolean> {
    const answer = this.#answers.get(attempt.id);
    // If the ledger had lost that write, another actuator may have sent again: its DELETE has an answer of its own.
    const said = answer?.sendingAtMs === attempt.sendingAtMs ? answer?.said : undefined;
    if (said?.kind === 'gone') {
      return this.#make(attempt, closing('already-gone', `the platform knows no ${attempt.dyno}: ${said.message}`));
    }
    if (said?.kind === 'refused') return this.#refused(attempt, said, report);
    // Only the sender knows this, and no restart will follow, so the workers need not wait for the deadline. The boot
    // stays spent: `sending` was written, and only the platform's own refusal frees a boot.
    if (said?.kind === 'not-sent') return this.#make(attempt, closing('abandoned', `nothing was sent: ${said.why}`));
    // The drain key lives for seconds; renew it, so that the boot's workers stay paused until the boot is gone.
    await this.#drainFor(attempt, report);
    const dynos = await this.#list(attempt, report);
    if (this.#stopped.aborted) return false;
    return this.#make(attempt, withAnswer(stepSending(attempt, { nowMs, dynos }), said));
  }

  async #refused(
    attempt: Attempt,
    said: Extract<RestartAnswer, { kind: 'refused' }>,
    report: (error: unknown) => void,
  ): Promise<boolean> {
    const { status, errorId, message, retryAfterMs } = said;
    const evidence = `the platform refused with ${status} ${errorId}: ${message}`;
    const notTheTargets = status === 401 || status === 429;
    if (notTheTargets) {
      report(
        new PlatformError(status === 401 ? 'unauthorized' : 'rate-limited', evidence, {
          status,
          errorId,
          retryAfterMs,
        }),
      );
    }
    return this.#make(attempt, { do: 'move', move: { to: 'closed', outcome: 'refused', evidence, notTheTargets } });
  }

  async #make(attempt: Attempt, step: Step): Promise<boolean> {
    if (step.do === 'wait') return false;
    const answer = await this.#parts.ledger.advance(attempt, step.move);
    if (!answer.ok) {
      if (answer.why === 'overtaken') return false;
      return this.#make(attempt, abandonedBecause(answer.why));
    }
    this.#parts.onMove?.(answer.attempt);
    if (answer.attempt.phase === 'closed') this.#answers.delete(attempt.id);
    return answer.attempt.phase !== 'closed';
  }

  #block(): Unread | null {
    const block = this.#parts.platformBlock?.() ?? null;
    return block === null ? null : { because: block.why, isRefused: block.status === 401 };
  }

  #termsOf(attempt: Attempt): Omit<Terms, 'history'> & Reports & { readonly unread: Unread | null } {
    const { permission, minHealthy = 0, isCarriedByAnother = () => false } = this.#parts;
    return {
      permission: permission(attempt.target),
      minHealthy,
      unread: this.#block() ?? this.#watch.unread(attempt),
      isCarriedByAnother: (dynoId) => isCarriedByAnother(attempt, dynoId),
    };
  }

  /**
   * Null where the platform did not answer or must not be called. Not to be used once this actuator is stopping. A
   * token that is refused may be accepted again, but not within the minute that workers could wait for it.
   */
  async #list(attempt: Attempt, report: (error: unknown) => void): Promise<readonly ListedDyno[] | null> {
    if (this.#block() !== null) return null;
    try {
      const dynos = await this.#parts.platform.list(attempt.target.app, this.#stopped);
      this.#watch.noteRead(attempt, null);
      return dynos;
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error;
      if (this.#stopped.aborted) return null;
      const isRefused = error.code === 'platform-refused' || error.code === 'platform-unauthorized';
      this.#watch.noteRead(attempt, { because: error.message, isRefused });
      report(error);
      return null;
    }
  }

  /** A drain that cannot be requested or assessed does not stop the attempt: its grace ends anyway. */
  async #drainFor(attempt: Attempt, report: (error: unknown) => void): Promise<boolean | null> {
    try {
      await this.#parts.drain.ask(attempt);
      return await this.#parts.drain.idle(attempt);
    } catch (error) {
      report(error);
      return null;
    }
  }
}
