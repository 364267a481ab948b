import { describe, expect, it } from 'vitest';
import { breakerReason } from '../../src/attempt/breaker.ts';
import { BREAKER_CASES } from '../models/ledger/rule-cases.ts';

describe('the breaker', () => {
  it.each(BREAKER_CASES)('assesses when %s', (_, closed, reason) => {
    expect(breakerReason(closed.toReversed())).toBe(reason);
  });
});
