import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sawtoothOf, troughsRise } from '../../../src/detector/curve/sawtooth.ts';
import { MIB } from '../curves.ts';
import { levelsOf, values, wobble } from './made-levels.ts';

const MIN_BYTES = 20 * MIB;
/** Where the drops end, in MB; null where no sawtooth is seen. */
const troughsMb = (floors: readonly number[]) =>
  sawtoothOf(levelsOf(floors), MIN_BYTES)?.troughs.map(({ floorBytes }) => Math.round(floorBytes / MIB)) ?? null;

/** Teeth of `period` levels that rise by 10 MB a level, over a floor that rises by `beneathMb` a level. */
const teeth =
  (period: number, beneathMb = 0) =>
  (index: number) =>
    200 + 10 * (index % period) + beneathMb * index;

describe('a sawtooth', () => {
  it.each<[string, readonly number[]]>([
    ['is a floor that rises and drops, over and over', values(32, teeth(8))],
    ['may drop over two levels', values(24, (index) => [200, 220, 240, 260, 280, 300, 250][index % 7] ?? 0)],
    [
      'may drop a little at a time',
      values(32, (index) => 250 + 6 * Math.min(index % 12, 9) - 18 * Math.max(0, (index % 12) - 9)),
    ],
    ['may end in a drop', [...values(16, teeth(8)), 200]],
  ])('%s', (_, floors) => {
    expect(Math.min(...(troughsMb(floors) ?? []))).toBe(Math.min(...floors));
  });

  it.each<[string, readonly number[]]>([
    ['a level floor', values(32, () => 200)],
    ['a rise', values(32, (index) => 200 + 10 * index)],
    [
      'one drop, which may be anything',
      [...values(10, (index) => 200 + 10 * index), 200, ...values(5, (index) => 210 + 10 * index)],
    ],
    ['one drop that is followed by a rise at once', [200, 210, 220, 230, 240, 250, 260, 270, 200, 210, 220]],
    ['drops that are too small', values(32, (index) => 200 + 3 * (index % 6))],
    ['noise', values(32, (index) => 200 + 60 * wobble(index))],
    ['floors that mostly fall', values(32, (index) => [200, 300, 295, 290, 285, 280, 275][index % 7] ?? 0)],
    ['a fall in steps', values(32, (index) => 500 - 30 * Math.floor(index / 5))],
    ['too few levels', [200, 260, 200, 260, 200, 260, 200]],
  ])('is not %s', (_, floors) => {
    expect(troughsMb(floors)).toBeNull();
  });

  it('is over once the floor has stayed up for much longer than between its drops', () => {
    const before = values(17, teeth(4));
    const upFor = (count: number) => troughsMb([...before, ...values(count, (index) => 210 + 10 * index)]);
    expect(upFor(6)).not.toBeNull();
    expect(upFor(14)).toBeNull();
  });

  it('does not depend on how high the floor is', () => {
    const floors = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 32 });
    fc.assert(
      fc.property(floors, fc.integer({ min: 0, max: 10_000 }), (low, more) => {
        const high = troughsMb(low.map((floor) => floor + more));
        expect(high).toEqual(troughsMb(low)?.map((floor) => floor + more) ?? null);
      }),
    );
  });
});

describe('memory beneath the teeth', () => {
  const rises = (floors: readonly number[], minMb = 20) => troughsRise({ troughs: levelsOf(floors) }, minMb * MIB);

  it.each<[string, readonly number[], boolean]>([
    ['grows where each trough is over the one before', [200, 210, 220, 230], true],
    ['grows where most of many are', [200, 215, 210, 225, 220, 235, 230, 245], true],
    ['does not grow where troughs are level', [200, 200, 200, 200, 200], false],
    ['does not grow by less than what matters', [200, 205, 210, 215], false],
    ['does not grow by troughs that go up and down', [200, 260, 190, 250, 210, 240], false],
    ['is not known of three troughs', [200, 250, 300], false],
    ['does not grow where it falls', [300, 280, 260, 240], false],
  ])('%s', (_, floors, expected) => {
    expect(rises(floors)).toBe(expected);
  });

  it('is found beneath teeth that reach up by more than it grows', () => {
    const sawtooth = sawtoothOf(levelsOf(values(32, teeth(6, 2))), MIN_BYTES);
    expect(sawtooth && troughsRise(sawtooth, 20 * MIB)).toBe(true);
  });
});
