import { describe, expect, it } from 'vitest';
import { followReturns, mayReturn, NO_RETURNS, type Returns } from '../../src/detector/recoveries.ts';

const MINUTE_MS = 60_000;
/** In MB: soft limit 400, floor after the warm-up 200. */
const LIMITS = { baseBytes: 200, softLimitBytes: 400 };

/** Floors a minute apart, from minute 0 on. */
function followed(
  floors: readonly number[],
  limits: typeof LIMITS | { baseBytes: number; softLimitBytes: null } = LIMITS,
): Returns {
  return floors.reduce<Returns>(
    (before, floorBytes, minute) => followReturns(before, { timeMs: minute * MINUTE_MS, floorBytes, ...limits }),
    NO_RETURNS,
  );
}

const tooth = [210, 300, 420, 450, 430, 210];

describe('what a boot has shown to come back', () => {
  it.each<[string, readonly number[], Partial<Returns>]>([
    ['nothing below the soft limit', [210, 390, 210], { longestStayMs: 0, topBytes: 0, upSinceMs: null }],
    ['nothing while it is still up', [210, 420, 450], { longestStayMs: 0, topBytes: 0, upSinceMs: 1 * MINUTE_MS }],
    [
      'a stay that ended: how long and how high',
      tooth,
      { longestStayMs: 3 * MINUTE_MS, topBytes: 450, upSinceMs: null },
    ],
    ['a fall to just below the limit is none', [210, 420, 385, 420], { longestStayMs: 0, upSinceMs: 1 * MINUTE_MS }],
    ['of several the longest and the highest', [...tooth, 460, 210], { longestStayMs: 3 * MINUTE_MS, topBytes: 460 }],
  ])('%s', (_, floors, expected) => {
    expect(followed(floors)).toMatchObject(expected);
  });

  it('asks for a clear fall where the floor after the warm-up was as high as the limit', () => {
    expect(
      followReturns(NO_RETURNS, { timeMs: 0, floorBytes: 420, baseBytes: 410, softLimitBytes: 400 }).upSinceMs,
    ).toBe(0);
    const up = { ...NO_RETURNS, upSinceMs: 0, highestBytes: 420 };
    const seen = { timeMs: MINUTE_MS, baseBytes: 410, softLimitBytes: 400 };
    expect(followReturns(up, { ...seen, floorBytes: 390 }).upSinceMs).toBe(0);
    expect(followReturns(up, { ...seen, floorBytes: 379 }).longestStayMs).toBe(MINUTE_MS);
  });

  it('follows nothing where the limit is unknown', () => {
    expect(followed(tooth, { baseBytes: 200, softLimitBytes: null })).toEqual(NO_RETURNS);
  });
});

describe('whether what is up may come back as before', () => {
  const returns = { ...NO_RETURNS, longestStayMs: 10 * MINUTE_MS, upSinceMs: 100 * MINUTE_MS };
  it.each<[string, Returns, number, boolean]>([
    ['it may while it has stayed for no longer than stays that ended', returns, 110, true],
    ['it may for some time more', returns, 124, true],
    ['it is another stay when it has lasted 2.5 times as long', returns, 125, false],
    ['nothing is expected back where nothing ever came back', { ...returns, longestStayMs: 0 }, 101, false],
  ])('%s', (_, known, minute, expected) => {
    expect(mayReturn(known, minute * MINUTE_MS)).toBe(expected);
  });
});
