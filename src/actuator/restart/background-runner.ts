import type { Attempt } from '../../attempt/attempt.ts';
import { LedgerUnavailable, type PlatformError, UnreadableRecord } from '../../model/errors.ts';
import { type Target, targetKey } from '../../model/target.ts';
import type { ClaimAnswer, ClaimRequest } from '../../ports.ts';
import type { Decided } from '../loop/fleet.ts';
import type { Restarts } from '../mode.ts';
import type { Log } from '../report/log.ts';
import type { AttemptRunner } from './attempt/attempt-runner.ts';
import type { MemoryQuestions } from './memory-questions.ts';

export interface BackgroundRunnerParts {
  readonly runner: Pick<AttemptRunner, 'claim' | 'adopt' | 'advanceAll' | 'stop'>;
  /** Ends with the attempts. */
  readonly drain: { stop(): Promise<void> };
  /** Null where no memory report is wanted. */
  readonly questions: Pick<MemoryQuestions, 'ask' | 'stop'> | null;
  /** The platform's 401 or 429 concerns every target. */
  readonly onPlatformBlocked: (error: PlatformError) => void;
  readonly log: Log;
}

/**
 * Advances the open attempts in the background, so that one target's slow answer delays neither the other attempts nor
 * the decisions.
 */
export class BackgroundRunner implements Restarts {
  readonly #parts: BackgroundRunnerParts;
  #isLedgerAway = false;
  readonly #advancing = new Set<Promise<void>>();

  constructor(parts: BackgroundRunnerParts) {
    this.#parts = parts;
  }

  claim(request: ClaimRequest): Promise<ClaimAnswer> {
    return this.#parts.runner.claim(request);
  }

  adopt(attempt: Attempt): void {
    this.#parts.runner.adopt(attempt);
  }

  prepare(decided: readonly Decided[]): void {
    this.#parts.questions?.ask(decided);
  }

  advance(): void {
    const advancing = this.#advanceAll().finally(() => this.#advancing.delete(advancing));
    this.#advancing.add(advancing);
  }

  async #advanceAll(): Promise<void> {
    const { runner, onPlatformBlocked, log } = this.#parts;
    const { faults, platformBlocked } = await runner.advanceAll();
    for (const { target, error } of faults) {
      // Logged when it was found, or in the round before: a ledger may be away for hours.
      if (error instanceof UnreadableRecord || (this.#isLedgerAway && isOfLedger({ target, error }))) continue;
      log[error instanceof LedgerUnavailable ? 'warn' : 'error']('an attempt could not continue; trying again', {
        target: target === null ? null : targetKey(target),
        error: error.message,
      });
    }
    this.#isLedgerAway = faults.some(isOfLedger);
    if (platformBlocked !== null) onPlatformBlocked(platformBlocked);
  }

  async stop(): Promise<void> {
    await this.#parts.runner.stop();
    await Promise.all(this.#advancing);
    await this.#parts.questions?.stop();
    await this.#parts.drain.stop();
  }
}

/** The fault of no single attempt. */
function isOfLedger({ target, error }: { readonly target: Target | null; readonly error: Error }): boolean {
  return target === null && error instanceof LedgerUnavailable;
}
