import { describe, expect, it } from 'vitest';
import {
  keepLearned,
  type LearnedBoot,
  learnedFloor,
  normalBytesPerJob,
  normalFloor,
} from '../../src/decision/learned.ts';
import { LEARNING_CASES } from '../models/ledger/rule-cases.ts';

const NOW = 1_700_000_000_000;
const DAY = 86_400_000;

function floor(dyno: string, floorBytes: number, changes: Partial<LearnedBoot> = {}): LearnedBoot {
  const jobs = { bytesPerJob: null, bytesPerJobError: null };
  const bootId = `${dyno}-${floorBytes}`;
  return { dyno, bootId, floorBytes, ...jobs, learnedAtMs: NOW - DAY, release: null, ...changes };
}

/** A boot without a floor that says what one of its jobs holds. */
function jobs(bytesPerJob: number, bytesPerJobError: number, changes: Partial<LearnedBoot> = {}): LearnedBoot {
  return { ...floor(`worker.${bytesPerJob}`, 0), floorBytes: null, bytesPerJob, bytesPerJobError, ...changes };
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
  it.each<[string, readonly LearnedBoot[], number | null]>([
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
    [
      'another boot reported only its jobs',
      [floor('a', 100), jobs(7, 1, { release: 8 }), jobs(8, 1, { release: 8 })],
      100,
    ],
    ['releases are not known', [floor('a', 300), floor('b', 100, { release: 7 })], 100],
  ])('when %s', (_, floors, expected) => {
    expect(normalFloor(floors, NOW)).toBe(expected);
  });
});

describe('of what was learned', () => {
  it.each(LEARNING_CASES)('is kept when %s', (_, learned, kept) => {
    const boots = learned.map((name) => {
      const [dyno = '', bootId = ''] = name.split('/');
      return floor(dyno, 1, { bootId });
    });
    const found = boots.reduce<readonly LearnedBoot[]>(keepLearned, []);
    expect(found.map(({ dyno, bootId }) => `${dyno}/${bootId}`)).toEqual(kept);
  });
});

describe('what one running job of a target holds', () => {
  it.each<[string, readonly LearnedBoot[], { bytes: number; errorBytes: number } | null]>([
    ['no boot has reported', [floor('a', 100)], null],
    ['one boot is unsure', [jobs(100, 80)], { bytes: 100, errorBytes: 80 }],
    ['one boot is very sure: no surer than the floor of the error', [jobs(100, 1)], { bytes: 100, errorBytes: 30 }],
    ['two are equally sure', [jobs(100, 90), jobs(300, 90)], { bytes: 200, errorBytes: 90 / Math.SQRT2 }],
    ['one is twice as sure as the other', [jobs(100, 200), jobs(200, 100)], { bytes: 180, errorBytes: 8000 ** 0.5 }],
    ['an error of zero', [jobs(100, 0), jobs(100, 50)], { bytes: 100, errorBytes: 30 }],
    ['it is a week old', [jobs(100, 80, { learnedAtMs: NOW - 7 * DAY - 1 })], null],
    [
      'two boots of a new release reported otherwise',
      [jobs(100, 80, { release: 7 }), jobs(400, 300, { release: 8 }), jobs(402, 300, { release: 8 })],
      { bytes: 401, errorBytes: 300 / Math.SQRT2 },
    ],
    ['the estimate is below zero', [jobs(-10, 40)], { bytes: -10, errorBytes: 40 }],
  ])('when %s', (_, boots, expected) => {
    const found = normalBytesPerJob(boots, NOW);
    if (found === null || expected === null) return expect(found).toBe(expected);
    expect(found.bytes).toBeCloseTo(expected.bytes);
    expect(found.errorBytes).toBeCloseTo(expected.errorBytes);
  });
});
