import { describe, expect, it } from 'vitest';
import { type LearnedFloor, learnedFloor, normalFloor } from '../../src/decision/learned-floor.ts';

const NOW = 1_700_000_000_000;
const DAY = 86_400_000;

function floor(dyno: string, floorBytes: number, changes: Partial<LearnedFloor> = {}): LearnedFloor {
  return { dyno, bootId: `${dyno}-${floorBytes}`, floorBytes, learnedAtMs: NOW - DAY, release: null, ...changes };
}

describe('the median of floors', () => {
  it.each([
    [[], null],
    [[7], 7],
    [[9, 1], 1],
    [[3, 900, 1], 3],
  ])('of %j is %s', (floors, expected) => {
    expect(learnedFloor(floors)).toBe(expected);
  });
});

describe('the floor that is normal for a target', () => {
  it.each<[string, readonly LearnedFloor[], number | null]>([
    ['nothing was learned', [], null],
    ['one boot showed one', [floor('worker.1', 100)], 100],
    ['three dynos differ: the middle one', [floor('a', 100), floor('b', 900), floor('c', 120)], 120],
    [
      'one dyno was high at each of its starts',
      [floor('a', 100), floor('b', 900), floor('b', 910), floor('b', 920)],
      100,
    ],
    ['one boot of the only dyno was high', [floor('a', 900), floor('a', 100), floor('a', 110)], 110],
    ['it is a week old', [floor('a', 100, { learnedAtMs: NOW - 7 * DAY - 1 })], null],
    ['of two one is too old', [floor('a', 100, { learnedAtMs: 0 }), floor('b', 300)], 300],
    [
      'one boot of a new release showed another',
      [floor('a', 300, { release: 8 }), floor('b', 100, { release: 7 })],
      100,
    ],
    [
      'two boots of a new release did',
      [floor('a', 300, { release: 8 }), floor('b', 310, { release: 8 }), floor('c', 100, { release: 7 })],
      300,
    ],
    ['releases are not known', [floor('a', 300), floor('b', 100, { release: 7 })], 100],
  ])('where %s', (_, floors, expected) => {
    expect(normalFloor(floors, NOW)).toBe(expected);
  });
});
