import { describe, expect, it } from 'vitest';
import { type BootMark, isSameBoot } from '../../src/core/attempt.ts';
import { gaveNothingBack } from '../../src/core/breaker.ts';
import { learnedFloor } from '../../src/core/learned-floor.ts';

const START = 1_700_000_000_000;
const boot: BootMark = { dyno: 'worker.1', bootId: 'a', bootIdSource: 'platform', startTimeMs: START };
const derived: BootMark = { ...boot, bootIdSource: 'derived' };

describe('the same boot', () => {
  it.each<[string, BootMark, { id?: string; name?: string; createdAtMs?: number }, boolean]>([
    ['equal ids', boot, {}, true],
    ['another id', boot, { id: 'b' }, false],
    ['another name', boot, { name: 'worker.2' }, false],
    ['a boot without a name', { ...boot, dyno: '' }, { name: '' }, false],
    ['a derived id, created before the start', derived, { id: 'b', createdAtMs: START - 5_000 }, true],
    ['a derived id, created within the slack', derived, { id: 'b', createdAtMs: START + 60_000 }, true],
    ['a derived id, created later', derived, { id: 'b', createdAtMs: START + 60_001 }, false],
    ['a derived id, start unknown', { ...derived, startTimeMs: null }, { id: 'b' }, false],
    ['a derived id that happens to be equal, created later', derived, { createdAtMs: START + 90_000 }, false],
  ])('%s', (_, mark, changes, expected) => {
    expect(isSameBoot(mark, { id: 'a', name: 'worker.1', createdAtMs: START, ...changes })).toBe(expected);
  });
});

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

describe('the learned floor', () => {
  it.each([
    [[], null],
    [[7], 7],
    [[9, 1], 1],
    [[3, 900, 1], 3],
  ])('of %j is %s', (floors, expected) => {
    expect(learnedFloor(floors)).toBe(expected);
  });
});
