import { type Attempt, EVIDENCE_MAX_AGE_MS, type Move, SEND_DEADLINE_MS } from '../../attempt/attempt.ts';
import {
  isDrained,
  type OnDrainTimeout,
  type Permission,
  type Reports,
  type Step,
  stepClaimed,
  stepDraining,
  stepSending,
  type Terms,
} from '../../attempt/attempt-step.ts';
import { PlatformError } from '../../model/errors.ts';
import type { ListedDyno } from '../../model/listing.ts';
import { type Target, type TargetKey, targetKey } from '../../model/target.ts';
import type { ClaimAnswer, ClaimRequest, Clock, Drain, Ledger, Platform, RestartAnswer } from '../../ports.ts';
import { type AdvanceReport, type AttemptFault, asError, reportOf } from '../report/attempt-report.ts';
import { abandonedBecause, closing, withAnswer } from './attempt-closing.ts';

/**
 * The one module that moves an attempt, and the only one that sends a DELETE.
 *
 *   claim -> re-read -> drain -> re-read, still wanted? -> `sending` -> one DELETE -> new boot seen -> closed
 *
 * Every move is written in the ledger before it is made, and the ledger lets only that one move on who knows where the attempt stands. So
 * each call may be cut off anywhere, and any number of actuators may work on the same attempt. What keeps the DELETE single: it follows, in
 * the same call, the one successful write of `sending`. An attempt found in `sending` is only observed, never sent again. A write of `sending` whose
 * answer is lost is therefore never sent; its boot stays spent, and it closes as `unconfirmed`.
 */
export interface AttemptRunnerParts {
  readonly ledger: Ledger;
  readonly platform: Platform;
  readonly drain: Drain;
  readonly clock: Clock;
  /** How long a drain may take. */
  readonly graceMs: number;
  /** When jobs still run at the end of the grace: restart all the same (SIGTERM gives them 30 s more), or close as `drain-timeout`. Default: `go-on`. */
  readonly onDrainTimeout?: (attempt: Attempt) => OnDrainTimeout;
  /** As this actuator is configured now: an attempt may have been claimed by one that was configured otherwise. */
  readonly permission: (target: Target) => Permission;
  /** Other dynos of the type that must be up at each re-read; not asked for a person's attempt. Default: 0. */
  readonly minHealthy?: number;
  /** Whether the newest points still ask for it; null where they cannot be judged yet. Not asked for a person's attempt. */
  readonly stillHolds: (attempt: Attempt) => boolean | null;
  /** Whether another boot than the attempt's is known to report under this id of the platform. Default: none is. */
  readonly isCarriedByAnother?: (attempt: Attempt, dynoId: string) => boolean;
  /** False while the platform wants nobody to call (401, 429). */
  readonly mayCallPlatform?: () => boolean;
  /** After each move that was written, before what follows from it. Must not throw. */
  readonly onMove?: (attempt: Attempt) => void;
}

/** A call takes each attempt through at most this many moves: one per phase. */
const MOVES_PER_CALL = 3;

export class AttemptRunner {
  readonly #parts: AttemptRunnerParts;
  readonly #busy = new Map<TargetKey, Promise<void>>();
  /** What the platform answered to the DELETEs of this very process, until their attempts are closed. */
  readonly #answers = new Map<string, RestartAnswer>();
  readonly #stopped = new AbortController();

  constructor(parts: AttemptRunnerParts) {
    this.#parts = parts;
  }

  /** Asks the ledger for a restart. Throws `LedgerUnavailable`: it may have been granted then, and the next `advanceAll` finds it. */
  async claim(request: ClaimRequest): Promise<ClaimAnswer> {
    const answer = await this.#parts.ledger.claim(request);
    if (answer.ok) this.#parts.onMove?.(answer.attempt);
    return answer;
  }

  /**
   * Takes every open attempt as far as it goes now, whoever claimed it. Targets do not wait for each other, and one that an earlier call is
   * still at is left to it. Takes as long as the slowest answer (a request to the platform ends after 10 s). Never rejects.
   */
  async advanceAll(): Promise<AdvanceReport> {
    const faults: AttemptFault[] = [];
    if (this.#isStopping()) return reportOf(faults);
    let open: readonly Attempt[] = [];
    try {
      open = await this.#parts.ledger.open();
      this.#forgetAnswersBut(open);
    } catch (error) {
      faults.push({ target: null, error: asError(error) });
    }
    const free = open.filter((attempt) => !this.#busy.has(targetKey(attempt.target)));
    await Promise.all(free.map((attempt) => this.#guarded(attempt.target, (fault) => faults.push(fault))));
    return reportOf(faults);
  }

  /** Begins nothing new, breaks off what is only read, and waits for the rest. What is still open is found by the next actuator. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await Promise.all(this.#busy.values());
  }

  #isStopping(): boolean {
    return this.#stopped.signal.aborted;
  }

  /** Somebody else may have closed an attempt whose answer is kept here. */
  #forgetAnswersBut(open: readonly Attempt[]): void {
    for (const id of this.#answers.keys()) {
      if (!open.some((attempt) => attempt.id === id)) this.#answers.delete(id);
    }
  }

  async #guarded(target: Target, onFault: (fault: AttemptFault) => void): Promise<void> {
    const key = targetKey(target);
    const report = (error: unknown) => onFault({ target, error: asError(error) });
    const work = this.#drive(target, report).catch(report);
    this.#busy.set(key, work);
    await work;
    this.#busy.delete(key);
  }

  async #drive(target: Target, report: (error: unknown) => void): Promise<void> {
    for (let moves = 0; moves < MOVES_PER_CALL && !this.#isStopping(); moves++) {
      const { open: attempt, nowMs } = await this.#parts.ledger.read(target);
      if (attempt === null) return;
      const goOn = await this.#advance({ attempt, nowMs, report });
      if (!goOn) return;
    }
  }

  /** One move at most; true where another one may follow at once. */
  async #advance(now: Moment): Promise<boolean> {
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

  async #fromClaimed({ attempt, nowMs, report }: Moment): Promise<boolean> {
    const { graceMs } = this.#parts;
    const dynos = await this.#list(attempt.target, report);
    if (this.#isStopping()) return false;
    return this.#make(attempt, stepClaimed(attempt, { nowMs, dynos, graceMs, ...this.#termsOf(attempt) }));
  }

  async #fromDraining({ attempt, nowMs, report }: Moment): Promise<boolean> {
    const idle = await this.#drainFor(attempt, report);
    const judge = (dynos: readonly ListedDyno[] | null) =>
      stepDraining(attempt, {
        nowMs,
        dynos,
        idle,
        ...this.#termsOf(attempt),
        stillHolds: attempt.by === 'person' ? true : this.#parts.stillHolds(attempt),
        onDrainTimeout: this.#parts.onDrainTimeout?.(attempt) ?? 'go-on',
      });
    const early = judge(null);
    if (early.do === 'move' || !isDrained(attempt, nowMs, idle)) return this.#make(attempt, early);
    const readAtMs = this.#parts.clock.monotonic();
    const dynos = await this.#list(attempt.target, report);
    if (this.#isStopping()) return false;
    const step = judge(dynos);
    if (step.do === 'wait' || step.move.to !== 'sending') return this.#make(attempt, step);
    // A process that slept since it read begins anew: what it read is history.
    if (this.#parts.clock.monotonic() - readAtMs > EVIDENCE_MAX_AGE_MS) return false;
    return this.#send(attempt, step.move);
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
    this.#answers.set(attempt.id, said);
    return said.kind === 'refused' || said.kind === 'gone' || said.kind === 'not-sent';
  }

  async #fromSending({ attempt, nowMs, report }: Moment): Promise<boolean> {
    const said = this.#answers.get(attempt.id);
    if (said?.kind === 'gone') {
      return this.#make(attempt, closing('already-gone', `the platform knows no ${attempt.dyno}: ${said.message}`));
    }
    if (said?.kind === 'refused') return this.#refused(attempt, said, report);
    // Only the sender knows it, and nothing is to come of it: the workers need not wait for the deadline. The boot stays spent: `sending` was
    // written, and what frees a boot is the platform's own word and nobody else's.
    if (said?.kind === 'not-sent') return this.#make(attempt, closing('abandoned', `nothing was sent: ${said.why}`));
    // The key of the drain lives for seconds: the boot's workers stay paused until the boot is gone.
    await this.#drainFor(attempt, report);
    const dynos = await this.#list(attempt.target, report);
    if (this.#isStopping()) return false;
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

  #termsOf(attempt: Attempt): Terms & Reports {
    const { permission, minHealthy = 0, isCarriedByAnother = () => false } = this.#parts;
    return {
      permission: permission(attempt.target),
      minHealthy,
      isCarriedByAnother: (dynoId) => isCarriedByAnother(attempt, dynoId),
    };
  }

  /** Null where the platform does not say, or must not be asked; nothing may be made of it once this one is stopping. */
  async #list(target: Target, report: (error: unknown) => void): Promise<readonly ListedDyno[] | null> {
    if (this.#parts.mayCallPlatform?.() === false) return null;
    try {
      return await this.#parts.platform.list(target.app, this.#stopped.signal);
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error;
      if (!this.#isStopping()) report(error);
      return null;
    }
  }

  /** A drain that cannot be asked for, or cannot be judged, does not stop the attempt: its grace ends anyway. */
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

interface Moment {
  readonly attempt: Attempt;
  /** The ledger's time. */
  readonly nowMs: number;
  readonly report: (error: unknown) => void;
}
