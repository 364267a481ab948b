import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Level } from '../../../src/detector/curve/level.ts';
import { creeps, hasEnded, type RiseInput, riseOf } from '../../../src/detector/curve/rise.ts';
import { MIB } from '../curves.ts';
import { levelsOf, MINUTE_MS, values, wobble } from './made-levels.ts';

const HOUR_MS = 60 * MINUTE_MS;
const LIMIT_MB = 512;
const flat = levelsOf(values(32, () => 200));

/** A level floor on a dyno of 512 MB, with what a test changes of it. */
function inputWith(changes: Partial<RiseInput> = {}): RiseInput {
  return {
    levels: flat,
    coarse: [],
    scaleBytes: LIMIT_MB * MIB,
    highestBytes: 0,
    marginBytesPerJob: 0,
    mayComeBack: false,
    ...changes,
  };
}

const risenMb = (index: number) => 200 + 4 * index;
const rising = levelsOf(values(32, risenMb));
const perMinuteMb = (input: RiseInput) => {
  const rise = riseOf(input);
  return rise === null ? null : (rise.bytesPerMs * MINUTE_MS) / MIB;
};

describe('a floor that keeps rising', () => {
  it('has the line that it rises on', () => {
    const rise = riseOf(inputWith({ levels: rising }));
    expect(perMinuteMb(inputWith({ levels: rising }))).toBeCloseTo(4, 6);
    expect(rise?.timeMs).toBe(rising.at(-1)?.timeMs);
    expect((rise?.bytes ?? 0) / MIB).toBeCloseTo(risenMb(31), 6);
  });

  it('is seen in seven buckets of which each is over the one before', () => {
    const steep = levelsOf(values(7, (index) => 200 + 8 * index));
    expect(perMinuteMb(inputWith({ levels: steep }))).toBeCloseTo(8, 6);
    expect(perMinuteMb(inputWith({ levels: steep.slice(1) }))).toBeNull();
  });

  it('has nearly that line with noise', () => {
    const noisy = riseOf(inputWith({ levels: levelsOf(values(32, (index) => risenMb(index) + 6 * wobble(index))) }));
    expect(((noisy?.bytesPerMs ?? 0) * MINUTE_MS) / MIB).toBeGreaterThan(3);
    expect(((noisy?.bytesPerMs ?? 0) * MINUTE_MS) / MIB).toBeLessThan(5);
  });

  it('is none below what this boot has been at for hours before', () => {
    expect(riseOf(inputWith({ levels: rising, highestBytes: (risenMb(31) + 20) * MIB }))).toBeNull();
    expect(riseOf(inputWith({ levels: rising, highestBytes: (risenMb(31) - 20) * MIB }))).not.toBeNull();
  });

  it('is seen in the newest twenty buckets where it was level before', () => {
    const late = levelsOf(values(32, (index) => 200 + 8 * Math.max(0, index - 14) + wobble(index)));
    expect(perMinuteMb(inputWith({ levels: late }))).toBeCloseTo(8, 0);
  });

  it('is none in the newest twenty buckets where it has been as high before', () => {
    const tooth = levelsOf(values(32, (index) => (index < 11 ? 330 - 4 * index : 200 + 8 * (index - 11))));
    expect(riseOf(inputWith({ levels: tooth }))).toBeNull();
  });

  it('is none of minutes while it may come back, and one of hours still', () => {
    expect(riseOf(inputWith({ levels: rising, mayComeBack: true }))).toBeNull();
    const coarse = levelsOf(
      values(24, (index) => 100 + 9 * index),
      12 * MINUTE_MS,
    );
    expect(riseOf(inputWith({ levels: rising, coarse, mayComeBack: true }))).not.toBeNull();
  });

  it('is seen over hours where it is too slow for minutes', () => {
    const [slow, perHourMb] = [levelsOf(values(32, (index) => 250 + index / 10)), 6];
    const coarse = levelsOf(
      values(24, (index) => 110 + (perHourMb * index * 12) / 60),
      12 * MINUTE_MS,
    );
    expect(perMinuteMb(inputWith({ levels: slow }))).toBeNull();
    expect((perMinuteMb(inputWith({ levels: slow, coarse })) ?? 0) * 60).toBeCloseTo(perHourMb, 3);
  });

  it('does not depend on how high it is', () => {
    const floors = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 12, maxLength: 32 });
    fc.assert(
      fc.property(floors, fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 0, max: 12 }), (bends, more, slope) => {
        const lineMb = (height: number) => bends.map((bend, index) => height + slope * index + bend / 20);
        const [low, high] = [lineMb(100), lineMb(100 + more)].map((mb) => riseOf(inputWith({ levels: levelsOf(mb) })));
        expect(high === null).toBe(low === null);
        expect(high?.bytesPerMs ?? 0).toBeCloseTo(low?.bytesPerMs ?? 0, 3);
      }),
    );
  });
});

describe('no rise is seen', () => {
  it.each<[string, Partial<RiseInput>]>([
    ['in a level floor', {}],
    ['in noise', { levels: levelsOf(values(32, (index) => 200 + 30 * wobble(index))) }],
    ['in a single step', { levels: levelsOf(values(32, (index) => (index < 16 ? 200 : 330))) }],
    [
      'in a step on a rise too slow to matter',
      { levels: levelsOf(values(32, (index) => 200 + index + (index < 16 ? 0 : 60))) },
    ],
    ['in stairs that die out', { levels: levelsOf(values(32, (index) => 200 + 150 * (1 - Math.exp(-index / 8)))) }],
    [
      'in a floor that falls',
      { levels: rising.map((level) => ({ ...level, floorBytes: 600 * MIB - level.floorBytes })) },
    ],
    ['in fewer than seven buckets', { levels: rising.slice(-6) }],
    [
      'that is over by now, however steep it was for hours',
      {
        coarse: levelsOf(
          values(24, (index) => 50 + 6 * index),
          HOUR_MS,
        ),
      },
    ],
  ])('%s', (_, changes) => {
    expect(riseOf(inputWith(changes))).toBeNull();
  });

  it('that more running jobs may account for', () => {
    const busier = rising.map((level, index) => ({ ...level, jobs: index }));
    expect(riseOf(inputWith({ levels: busier, marginBytesPerJob: 0 }))).not.toBeNull();
    expect(riseOf(inputWith({ levels: busier, marginBytesPerJob: 10 * MIB }))).toBeNull();
    expect(
      riseOf(
        inputWith({
          levels: busier
            .toReversed()
            .map((level, index) => ({ ...level, timeMs: index, floorBytes: rising[index]?.floorBytes ?? 0 })),
          marginBytesPerJob: 10 * MIB,
        }),
      ),
    ).not.toBeNull();
  });
});

describe('a floor that creeps', () => {
  const coarseOf = (at: (index: number) => number) => levelsOf(values(12, at), 12 * MINUTE_MS);

  it.each<[string, readonly Level[], boolean]>([
    ['rises a little at a time, for hours', coarseOf((index) => 200 + 2 * index), true],
    ['does not in one step, however high', coarseOf((index) => (index < 6 ? 200 : 300)), false],
    ['does not by less than matters', coarseOf((index) => 200 + index / 5), false],
    ['does not stand still', coarseOf(() => 200), false],
    ['does not come to rest', coarseOf((index) => 200 + 20 * Math.min(index, 4)), false],
    ['is not known of a few levels', coarseOf((index) => 200 + 2 * index).slice(-5), false],
  ])('%s', (_, coarse, expected) => {
    expect(creeps(inputWith({ coarse }), 10 * MIB)).toBe(expected);
  });

  it('has stopped where the newest levels no longer rise as it would have made them', () => {
    const coarse = coarseOf((index) => 60 + 12 * index);
    const onWithIt = levelsOf(values(32, (index) => 170 + index));
    expect(creeps(inputWith({ coarse, levels: onWithIt }), 2 * MIB)).toBe(true);
    expect(creeps(inputWith({ coarse, levels: flat }), 2 * MIB)).toBe(false);
  });
});

describe('a rise has ended', () => {
  const slope = (4 * MIB) / MINUTE_MS;
  const toleranceBytes = 10 * MIB;

  it.each<[string, readonly number[], boolean]>([
    ['while the floor is on its line', values(32, risenMb), false],
    ['while noise hides the line for some buckets', values(32, (index) => risenMb(Math.min(index, 24))), false],
    ['once the floor is level', values(32, (index) => risenMb(Math.min(index, 12))), true],
    ['once the floor falls', values(32, (index) => risenMb(16 - Math.abs(16 - index))), true],
  ])('%s (%#)', (_, floors, expected) => {
    expect(hasEnded(slope, inputWith({ levels: levelsOf(floors) }), toleranceBytes)).toBe(expected);
  });

  it('by its hours, where it is slow', () => {
    const slow = slope / 20;
    expect(hasEnded(slow / 4, inputWith(), toleranceBytes)).toBe(false);
    const hours = levelsOf(
      values(24, () => 200),
      12 * MINUTE_MS,
    );
    expect(hasEnded(slow, inputWith({ coarse: hours }), toleranceBytes)).toBe(true);
  });

  it('is not asked of a floor that was on none', () => {
    expect(hasEnded(null, inputWith(), toleranceBytes)).toBe(false);
  });
});
