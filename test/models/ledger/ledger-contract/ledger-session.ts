import type { LedgerPolicy } from '../../../../src/adapters/redis/ledger/redis-ledger.ts';
import type { Attempt, Move, Outcome } from '../../../../src/attempt/attempt.ts';
import type { AdvanceAnswer, ClaimAnswer, ClaimRequest, Ledger } from '../../../../src/ports.ts';
import { aClaim } from '../../a-claim.ts';

/** A ledger to be held to the contract, on a clock that the test moves. */
export interface LedgerUnderTest {
  readonly ledger: Ledger;
  pass(ms: number): void;
  /** As if Redis had lost everything. */
  empty(): Promise<void>;
  stop(): Promise<void>;
}

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const SHOP = { app: 'shop', processType: 'worker' };
export const POLICY: LedgerPolicy = { cooldownMs: 15 * MINUTE, maxRestartsPerHour: 3, holdMs: 12 * MINUTE };

/** The ledger of the test that runs, and the short ways of the tests to use it. */
export class LedgerSession {
  readonly #make: (policy: LedgerPolicy) => Promise<LedgerUnderTest>;
  #current: LedgerUnderTest | null = null;

  constructor(make: (policy: LedgerPolicy) => Promise<LedgerUnderTest>) {
    this.#make = make;
  }

  /** Sets the epoch of a new ledger with the first word to it, then waits its hold out. */
  async begin(): Promise<void> {
    this.#current = await this.#make(POLICY);
    await this.ledger.read(SHOP);
    this.pass(POLICY.holdMs);
  }

  end(): Promise<void> {
    return this.#now.stop();
  }

  get ledger(): Ledger {
    return this.#now.ledger;
  }

  pass(ms: number): void {
    this.#now.pass(ms);
  }

  empty(): Promise<void> {
    return this.#now.empty();
  }

  async claimed(changes: Partial<ClaimRequest> = {}): Promise<Attempt> {
    return attemptOf(await this.ledger.claim(aClaim(changes)));
  }

  async moved(attempt: Attempt, move: Move): Promise<Attempt> {
    return attemptOf(await this.ledger.advance(attempt, move));
  }

  draining(attempt: Attempt, id = 'boot-1'): Promise<Attempt> {
    return this.moved(attempt, { to: 'draining', platformDynoId: id, deadlineInMs: 2 * MINUTE });
  }

  async sending(attempt: Attempt, id = 'boot-1'): Promise<Attempt> {
    return this.moved(await this.draining(attempt, id), { to: 'sending', platformDynoId: id, deadlineInMs: 90_000 });
  }

  close(attempt: Attempt, outcome: Outcome, notTheTargets = false): Promise<Attempt> {
    return this.moved(attempt, { to: 'closed', outcome, evidence: outcome, notTheTargets });
  }

  /** A whole attempt for a boot of its own, with the cooldown waited out after it. */
  async attempted(bootId: string, outcome: Outcome, notTheTargets = false): Promise<Attempt> {
    const sent = await this.sending(await this.claimed({ bootId }), bootId);
    const closed = await this.close(sent, outcome, notTheTargets);
    this.pass(20 * MINUTE);
    return closed;
  }

  /** Why a claim is refused, or `granted`. */
  async refusal(changes: Partial<ClaimRequest> = {}): Promise<string> {
    const answer = await this.ledger.claim(aClaim(changes));
    return answer.ok ? 'granted' : answer.why;
  }

  learn(dyno: string, bootId: string, floorBytes: number, release: number | null = null): Promise<void> {
    return this.ledger.learnFloor(SHOP, {
      dyno,
      bootId,
      floorBytes,
      release,
      bytesPerJob: null,
      bytesPerJobError: null,
    });
  }

  learnJobs(bootId: string, bytesPerJob: number, bytesPerJobError: number): Promise<void> {
    const floorBytes = null;
    return this.ledger.learnFloor(SHOP, {
      dyno: bootId,
      bootId,
      floorBytes,
      release: null,
      bytesPerJob,
      bytesPerJobError,
    });
  }

  get #now(): LedgerUnderTest {
    if (this.#current === null) throw new Error('no test runs');
    return this.#current;
  }
}

function attemptOf(answer: ClaimAnswer | AdvanceAnswer): Attempt {
  if (!answer.ok) throw new Error(`refused: ${answer.why}`);
  return answer.attempt;
}
