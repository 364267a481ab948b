import { describe, expect, it } from 'vitest';
import { gaveNothingBack } from '../../src/attempt/breaker.ts';

describe('what a restart gave back', () => {
  it.each([
    [0, 1000, true],
    [-10, 1000, true],
    [50, 1000, true],
    [51, 1000, false],
    [1, null, false],
    [0, null, true],
  ])('%s of %s bytes is nothing: %s', (reclaimed, usage, expected) => {
    expect(gaveNothingBack(reclaimed, usage)).toBe(expected);
  });
});
