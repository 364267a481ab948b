import type { Attempt } from '../../../attempt/attempt.ts';
import { type Target, type TargetKey, targetKey } from '../../../model/target.ts';
import type { ClaimAnswer, ClaimRequest } from '../../../ports.ts';
import { AttemptMover, type AttemptMoverParts } from './attempt-mover.ts';
import { type AdvanceReport, type AttemptFault, asError, reportOf } from './attempt-report.ts';

/** A call takes each attempt through at most this many moves: one per phase. */
const MOVES_PER_CALL = 3;
/** Attempts whose target nobody follows: a person asked for each, so they are few. */
const MAX_ADOPTED = 100;

/**
 * Moves attempts. With `AttemptMover`, the only code that sends a DELETE.
 *
 *   claim -> re-read -> drain -> re-read, still wanted? -> `sending` -> one DELETE -> new boot seen -> closed
 *
 * Every move is written to the ledger before it is made, and the ledger accepts a move only from a caller that knows
 * the attempt's current state. So a call may be cut off anywhere, and any number of actuators may work on the same
 * attempt. Exactly one DELETE is sent: it follows, in the same call, the one successful write of `sending`. An attempt
 * found in `sending` is only observed, never sent again. If the answer to that write is lost, nothing is sent; the boot
 * stays spent, and the attempt closes as `unconfirmed`.
 */
export class AttemptRunner {
  readonly #parts: AttemptMoverParts;
  readonly #mover: AttemptMover;
  readonly #busy = new Map<TargetKey, Promise<void>>();
  readonly #adopted = new Set<string>();
  readonly #stopped = new AbortController();

  constructor(parts: AttemptMoverParts) {
    this.#parts = parts;
    this.#mover = new AttemptMover(parts, this.#stopped.signal);
  }

  /**
   * Asks the ledger for a restart. Throws `LedgerUnavailable`: the claim may have been granted, and the next
   * `advanceAll` finds it.
   */
  async claim(request: ClaimRequest): Promise<ClaimAnswer> {
    const answer = await this.#parts.ledger.claim(request);
    if (answer.ok) this.#parts.onMove?.(answer.attempt);
    return answer;
  }

  /** Moves this attempt here although another actuator might follow its target: none does. */
  adopt({ id }: Pick<Attempt, 'id'>): void {
    this.#adopted.add(id);
    const [oldest = id] = this.#adopted;
    if (this.#adopted.size > MAX_ADOPTED) this.#adopted.delete(oldest);
  }

  /**
   * Advances every open attempt as far as possible now, no matter which actuator claimed it. Targets do not wait for
   * each other; one that an earlier call still works on is left to that call. Takes as long as the slowest answer (a
   * request to the platform ends after 10 s). Never rejects.
   */
  async advanceAll(): Promise<AdvanceReport> {
    const faults: AttemptFault[] = [];
    if (this.#isStopping()) return reportOf(faults);
    let open: readonly Attempt[] = [];
    try {
      open = await this.#parts.ledger.open();
      this.#mover.forgetAllBut(open);
    } catch (error) {
      faults.push({ target: null, error: asError(error) });
    }
    const { isOurs = () => true } = this.#parts;
    const ours = open.filter(
      (attempt) => isOurs(attempt) || this.#adopted.has(attempt.id) || this.#mover.knowsAnswer(attempt),
    );
    const free = ours.filter((attempt) => !this.#busy.has(targetKey(attempt.target)));
    await Promise.all(free.map((attempt) => this.#guarded(attempt.target, (fault) => faults.push(fault))));
    return reportOf(faults);
  }

  /** Begins nothing new, cancels reads, and waits for the rest. The next actuator finds what is still open. */
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
      const { open: attempt, nowMs, paused: isPaused, history } = await this.#parts.ledger.read(target);
      if (attempt === null) return;
      const goOn = await this.#mover.advance({ attempt, nowMs, isPaused, history, report });
      if (!goOn) return;
    }
  }
}
