import { describe, expect, it } from 'vitest';
import { lineThrough, trendOf } from '../../../src/detector/curve/theil-sen.ts';
import { levelsOf, values } from './made-levels.ts';

const MIB = 1024 ** 2;
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
