import { afterEach, beforeEach, describe } from 'vitest';
import type { LedgerPolicy } from '../../../src/adapters/redis/ledger/redis-ledger.ts';
import { describeBreaker } from './ledger-contract/breaker.ts';
import { describeLearned } from './ledger-contract/learned.ts';
import { LedgerSession, type LedgerUnderTest } from './ledger-contract/ledger-session.ts';
import { describeLimits } from './ledger-contract/limits.ts';
import { describeLosses } from './ledger-contract/losses.ts';
import { describeMoves } from './ledger-contract/moves.ts';

/** The behaviours that every ledger has, the model's and the one in Redis. */
export function describeLedger(name: string, make: (policy: LedgerPolicy) => Promise<LedgerUnderTest>): void {
  describe(name, () => {
    const session = new LedgerSession(make);
    beforeEach(() => session.begin());
    afterEach(() => session.end());

    describeMoves(session);
    describeLimits(session);
    describeBreaker(session);
    describeLearned(session);
    describeLosses(session);
  });
}
