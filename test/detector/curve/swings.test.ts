import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_SWINGS, returnsOf, type Swings } from '../../../src/detector/curve/swings.ts';

const MINUTE_MS = 60_000;
/** MB. */
const SWING = 50;
const TOLERANCE = 10;
const SOFT_LIMIT = 400;
const SAWTOOTH_MINUTES = 60;
const MIN_STAY_MINUTES = 15;

const LIMITS = {
  swingBytes: SWING,
  toleranceBytes: TOLERANCE,
  softLimitBytes: SOFT_LIMIT,
  sawtoothMs: SAWTOOTH_MINUTES * MINUTE_MS,
  minStayMs: MIN_STAY_MINUTES * MINUTE_MS,
};

/** Floors in MB, a minute apart, from minute 0 on. */
function seenIn(floors: readonly number[], softLimitBytes: number | null = SOFT_LIMIT) {
  const none = { swings: NO_SWINGS, mayComeBack: false, isSawtooth: false };
  return floors.reduce<ReturnType<typeof returnsOf>>(
    ({ swings }, floorBytes, minute) =>
      returnsOf(swings, {
        ...LIMITS,
        timeMs: minute * MINUTE_MS,
        unseenMs: 0,
        floorBytes,
        softLimitBytes,
      }),
    none,
  );
}

const times = (count: number, floorMb: number): readonly number[] => Array.from({ length: count }, () => floorMb);
/** Up for ten minutes, down for ten. */
const tooth = [...times(10, 200), ...times(10, 300)];

describe('swings of a floor', () => {
  it.each<[string, readonly number[], Partial<Swings>]>([
    ['none of a level floor', times(20, 200), { turnBytes: 200, upSinceMs: null, fellMs: null }],
    ['none of a rise below the height', [200, 240, 200, 240], { upSinceMs: null, topBytes: 0 }],
    ['a floor that is up', [200, 260, 300], { turnBytes: 300, upSinceMs: MINUTE_MS, topBytes: 0, fellMs: null }],
    ['up from its lowest, not from its first', [300, 200, 260], { upSinceMs: 2 * MINUTE_MS }],
    ['no fall below the height', [200, 300, 260], { upSinceMs: MINUTE_MS, fellMs: null }],
    [
      'a fall, with how high and how long it was up',
      [200, 260, 300, 280, 240],
      { upSinceMs: null, topBytes: 300, longestUpMs: 3 * MINUTE_MS, fellMs: 4 * MINUTE_MS, longestGapMs: 0 },
    ],
    [
      'the highest and longest of several, and the time between falls',
      [...tooth, ...tooth, ...times(10, 200), ...times(20, 280), 200],
      {
        topBytes: 300,
        longestUpMs: 20 * MINUTE_MS,
        fellMs: 70 * MINUTE_MS,
        longestGapMs: 30 * MINUTE_MS,
      },
    ],
  ])('%s', (_, floors, expected) => {
    expect(seenIn(floors).swings).toMatchObject(expected);
  });

  it('last only as long as they are seen', () => {
    const up = seenIn([...times(10, 200), ...times(10, 450)]).swings;
    const after = { ...LIMITS, timeMs: 200 * MINUTE_MS, unseenMs: 178 * MINUTE_MS };
    expect(returnsOf(up, { ...after, floorBytes: 450 }).swings).toMatchObject({
      upSinceMs: 188 * MINUTE_MS,
      overSinceMs: 188 * MINUTE_MS,
    });
    expect(returnsOf(up, { ...after, floorBytes: 200 }).swings).toMatchObject({
      longestUpMs: 12 * MINUTE_MS,
      longestOverMs: 12 * MINUTE_MS,
      fellMs: 200 * MINUTE_MS,
    });
  });

  it('are as far apart as they are seen', () => {
    const { swings } = seenIn([...tooth, ...tooth, 200]);
    const after = { ...LIMITS, timeMs: 540 * MINUTE_MS, unseenMs: 498 * MINUTE_MS };
    expect(returnsOf(swings, { ...after, floorBytes: 200 })).toMatchObject({
      swings: { longestGapMs: 20 * MINUTE_MS, fellMs: 538 * MINUTE_MS },
      isSawtooth: true,
    });
  });

  it('never forget, and never say more than was seen', () => {
    const floors = fc.array(fc.integer({ min: 1, max: 2 * SOFT_LIMIT }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(floors, floors, (first, then) => {
        const [before, now] = [seenIn(first).swings, seenIn([...first, ...then]).swings];
        for (const name of ['topBytes', 'longestUpMs', 'longestGapMs'] as const)
          expect(now[name]).toBeGreaterThanOrEqual(before[name]);
        expect(now.topBytes).toBeLessThanOrEqual(Math.max(...first, ...then));
        expect(now.longestUpMs).toBeLessThan((first.length + then.length) * MINUTE_MS);
      }),
    );
  });
});

describe('a floor that is up', () => {
  const cameBack = [...tooth, ...times(10, 200)];
  /** Up for an hour, the last ten minutes of it over the soft limit; then down. */
  const wasOver = [...times(10, 200), ...times(50, 300), ...times(10, 450), ...times(10, 200)];
  /** The same, but over it for a minute. */
  const overOnce = [...times(10, 200), ...times(59, 300), 450, ...times(10, 200)];
  /** A fall as deep as a swing that ends at the limit. */
  const hovered = [...times(10, 200), ...times(10, 460), ...times(20, 390)];

  it.each<[string, readonly number[], boolean]>([
    ['may come back where it did before', [...cameBack, ...times(5, 300)], true],
    ['may not where it never did', [200, ...times(5, 300)], false],
    ['may for 2.5 times as long as before', [...cameBack, ...times(24, 300)], true],
    ['may not for longer', [...cameBack, ...times(27, 300)], false],
    ['may where it is as high, within the tolerance', [...cameBack, ...times(5, 319)], true],
    ['may not where it is clearly higher', [...cameBack, ...times(5, 320)], false],
    ['over the soft limit may for 2.5 times as long as it was over it', [...wasOver, ...times(24, 450)], true],
    ['over the soft limit may not for longer, for how long ever it was up', [...wasOver, ...times(27, 450)], false],
    ['over the soft limit may for as long as nothing is judged by it', [...overOnce, ...times(14, 450)], true],
    ['over the soft limit may not for longer than a moment', [...overOnce, ...times(17, 450)], false],
    ['over the soft limit has not come back by hovering at it', [...hovered, ...times(1, 450)], false],
  ])('%s', (_, floors, expected) => {
    expect(seenIn(floors).mayComeBack).toBe(expected);
  });

  it('may where the limit is unknown', () => {
    expect(seenIn([...wasOver, ...times(27, 450)], null).mayComeBack).toBe(true);
  });
});

describe('a saw-tooth', () => {
  const twoFalls = [...tooth, ...tooth, 200];
  const slowTooth = [...times(10, 300), ...times(SAWTOOTH_MINUTES, 450)];

  it.each<[string, readonly number[], boolean]>([
    ['falls twice', twoFalls, true],
    ['does not fall only once', [...tooth, 200], false],
    ['is one between its falls', [...twoFalls, ...times(9, 200), 300], true],
    ['is one no more when its next fall is overdue', [...twoFalls, ...times(51, 200)], false],
    ['is none where falls are hours apart', [...slowTooth, ...slowTooth, ...times(5, 300)], false],
    ['but over the soft limit it is', [...slowTooth, ...slowTooth, ...times(5, 300), ...times(5, 450)], true],
  ])('%s', (_, floors, expected) => {
    expect(seenIn(floors).isSawtooth).toBe(expected);
  });

  it('of hours is none where the limit is unknown', () => {
    expect(seenIn([...slowTooth, ...slowTooth, ...times(5, 300), ...times(5, 450)], null).isSawtooth).toBe(false);
  });
});
