import type { Attempt } from '../../attempt/attempt.ts';
import { type Target, type TargetKey, targetKey } from '../../model/target.ts';
import type { ClaimAnswer, ClaimRequest } from '../../ports.ts';
import { AttemptMover, type AttemptMoverParts } from './attempt-mover.ts';
import { type AdvanceReport, type AttemptFault, asError, reportOf } from './attempt-report.ts';

/** A call takes each attempt through at most this many moves: one per phase. */
const MOVES_PER_CALL = 3;

/**
 * The one module that moves an attempt, and the only one that sends a DELETE.
 *
 *   claim -> re-read -> drain -> re-read, still wanted? -> `sending` -> one DELETE -> new boot seen -> closed
 *
 * Every move is written in the ledger before it is made, and the ledger lets only that one move on who knows where the attempt stands. So
 * each call may be cut off anywhere, and any number of actuators may work on the same attempt. What keeps the DELETE single: it follows, in
 * the same call, the one successful write of `sending`. An attempt found in `sending` is only ever read up on. A write of `sending` whose
 * answer is lost is therefore never sent; its boot stays spent, and it closes as `unconfirmed`.
 */
export class AttemptRunner {
  readonly #parts: AttemptMoverParts;
  readonly #mover: AttemptMover;
  readonly #busy = new Map<TargetKey, Promise<void>>();
  readonly #stopped = new AbortController();

  constructor(parts: AttemptMoverParts) {
    this.#parts = parts;
    this.#mover = new AttemptMover(parts, this.#stopped.signal);
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
      this.#mover.forgetAnswersBut(open);
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
      const goOn = await this.#mover.advance({ attempt, nowMs, report });
      if (!goOn) return;
    }
  }
}
