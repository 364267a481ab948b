import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lineThrough, trendOf } from '../../../src/detector/curve/theil-sen.ts';
import { levelsOf, values, wobble } from './made-levels.ts';

const MIB = 1024 ** 2;
/** As many levels as a curve keeps. */
const anyFloors = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 6, maxLength: 32 });
/** MB a level. */
const slopeOf = (floors: readonly number[], everyMs = 1) =>
  ((lineThrough(levelsOf(floors, everyMs))?.bytesPerMs ?? Number.NaN) / MIB) * everyMs;

describe('a slope', () => {
  it('is exact for a line, at any spacing of the levels', () => {
    expect(slopeOf(values(20, (index) => 100 + 3 * index))).toBeCloseTo(3, 9);
    expect(
      slopeOf(
        values(20, (index) => 100 + 3 * index),
        3_600_000,
      ),
    ).toBeCloseTo(3, 9);
  });

  it('is zero for a level curve', () => {
    expect(slopeOf(values(20, () => 100))).toBe(0);
  });

  it.each<[string, (index: number) => number]>([
    ['peaks', (index) => (index % 5 === 2 ? 900 : 100 + 3 * index)],
    ['dropped levels', (index) => (index % 5 === 2 ? 0 : 100 + 3 * index)],
  ])('is not bent by %s in a fifth of the levels', (_, at) => {
    expect(slopeOf(values(20, at))).toBeCloseTo(3, 0);
  });

  it('is unknown of a single level, and of levels at one moment', () => {
    expect(lineThrough(levelsOf([100]))).toBeNull();
    expect(lineThrough(levelsOf([100, 200], 0))).toBeNull();
  });

  it('has a trend from six levels on', () => {
    const floors = values(6, (index) => 100 + index);
    expect(trendOf(levelsOf(floors.slice(1)))).toBeNull();
    expect(trendOf(levelsOf(floors))?.bytesPerMs).toBeGreaterThan(0);
  });
});

describe("a slope's upper end", () => {
  it('is the slope itself for an exact line', () => {
    const line = lineThrough(levelsOf(values(20, (index) => 100 + 3 * index)));
    expect(line?.highBytesPerMs).toBeCloseTo(line?.bytesPerMs ?? 0, 9);
  });

  it('is never below the slope, and comes nearer with more levels', () => {
    fc.assert(
      fc.property(anyFloors, (floors) => {
        const line = lineThrough(levelsOf(floors));
        expect(line?.highBytesPerMs).toBeGreaterThanOrEqual(line?.bytesPerMs ?? 0);
      }),
    );
    const gap = (count: number) => {
      const line = lineThrough(levelsOf(values(count, (index) => 100 + 3 * index + 5 * wobble(index))));
      return (line?.highBytesPerMs ?? 0) - (line?.bytesPerMs ?? 0);
    };
    expect(gap(32)).toBeLessThan(gap(8));
  });
});

describe('whether levels rise beyond chance', () => {
  const zOf = (floors: readonly number[]) => trendOf(levelsOf(floors))?.z ?? Number.NaN;

  it.each<[string, (index: number) => number, readonly [number, number]]>([
    ['a line does', (index) => 100 + index, [3, 20]],
    ['a falling line falls', (index) => 200 - index, [-20, -3]],
    ['a level curve does not', () => 100, [0, 0]],
    ['noise does not', (index) => 100 + wobble(index), [-2, 2]],
  ])('%s', (_, at, [low, high]) => {
    const z = zOf(values(20, at));
    expect(z).toBeGreaterThanOrEqual(low);
    expect(z).toBeLessThanOrEqual(high);
  });

  it('depends on the order of the floors alone, not on their heights', () => {
    fc.assert(
      fc.property(anyFloors, (floors) => {
        expect(zOf(floors.map((floor) => 3 * floor + 50))).toBe(zOf(floors));
      }),
    );
  });

  it('is the opposite for the levels in reverse', () => {
    fc.assert(
      fc.property(anyFloors, (floors) => {
        expect(zOf(floors.toReversed())).toBeCloseTo(-zOf(floors), 9);
      }),
    );
  });
});
