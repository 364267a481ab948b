import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  followRecoveries,
  mayRecover,
  NO_RECOVERIES,
  type Recoveries,
} from '../../../src/detector/curve/recoveries.ts';

const MINUTE_MS = 60_000;
/** MB. */
const SOFT_LIMIT = 400;

/** Floors a minute apart, in MB, from minute 0 on. */
function followed(floors: readonly number[], softLimitBytes: number | null = SOFT_LIMIT): Recoveries {
  return floors.reduce<Recoveries>(
    (before, floorBytes, minute) =>
      followRecoveries(before, { timeMs: minute * MINUTE_MS, floorBytes, softLimitBytes }),
    NO_RECOVERIES,
  );
}

const tooth = [210, 300, 420, 450, 430, 210];

describe('what a boot has recovered from', () => {
  it.each<[string, readonly number[], Partial<Recoveries>]>([
    ['nothing below the soft limit', [210, 390, 210], { longestStayMs: 0, topBytes: 0, upSinceMs: null }],
    ['nothing while the floor is still up', [210, 420, 450], { longestStayMs: 0, topBytes: 0, upSinceMs: MINUTE_MS }],
    [
      'a stay that ended, by length and height',
      tooth,
      { longestStayMs: 3 * MINUTE_MS, topBytes: 450, upSinceMs: null },
    ],
    ['no fall to 96 % of the soft limit', [210, 420, 385, 420], { longestStayMs: 0, upSinceMs: MINUTE_MS }],
    [
      'a fall to 86 %, whatever the floor was after the warm-up',
      [100, 420, 420, 345],
      { longestStayMs: 2 * MINUTE_MS, topBytes: 420 },
    ],
    ['the longest and the highest of several', [...tooth, 460, 210], { longestStayMs: 3 * MINUTE_MS, topBytes: 460 }],
  ])('%s', (_, floors, expected) => {
    expect(followed(floors)).toMatchObject(expected);
  });

  it('is not followed where the limit is unknown', () => {
    expect(followed(tooth, null)).toEqual(NO_RECOVERIES);
  });

  it('is never forgotten, and never more than was seen', () => {
    const floors = fc.array(fc.integer({ min: 0, max: 2 * SOFT_LIMIT }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(floors, floors, (first, then) => {
        const [before, after] = [followed(first), followed([...first, ...then])];
        expect(after.topBytes).toBeGreaterThanOrEqual(before.topBytes);
        expect(after.longestStayMs).toBeGreaterThanOrEqual(before.longestStayMs);
        expect(after.topBytes).toBeLessThanOrEqual(Math.max(...first, ...then));
        expect(after.longestStayMs).toBeLessThan((first.length + then.length) * MINUTE_MS);
      }),
    );
  });
});

describe('whether what is up may recover as before', () => {
  const recoveries = { ...NO_RECOVERIES, longestStayMs: 10 * MINUTE_MS, upSinceMs: 100 * MINUTE_MS };
  it.each<[string, Recoveries, number, boolean]>([
    ['it may while it has stayed for no longer than stays that ended', recoveries, 110, true],
    ['it may for up to 2.5 times as long', recoveries, 124, true],
    ['it may not once it has lasted 2.5 times as long', recoveries, 125, false],
    ['it may not where nothing ever recovered', { ...recoveries, longestStayMs: 0 }, 101, false],
  ])('%s', (_, known, minute, expected) => {
    expect(mayRecover(known, minute * MINUTE_MS)).toBe(expected);
  });
});
