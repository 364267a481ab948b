import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { median } from '../../../src/detector/curve/statistics.ts';

/** Small ones are sorted in another way than large ones, and the largest in space of their own. */
const anyValues = fc.array(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), { maxLength: 300, size: 'max' });

describe('the median', () => {
  it.each<[readonly number[], number]>([
    [[], 0],
    [[7], 7],
    [[1, 4], 2.5],
    [[9, 1, 5], 5],
    [[-3, 10, 2, -8], -0.5],
  ])('of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  it('is what a sorted list has in its middle', () => {
    fc.assert(
      fc.property(anyValues, (values) => {
        const sorted = values.toSorted((a, b) => a - b);
        const [lower = 0, upper = 0] = [sorted[(values.length - 1) >> 1], sorted[values.length >> 1]];
        expect(median(values)).toBe((lower + upper) / 2);
      }),
    );
  });

  it('leaves its values as they are, and is not changed by the call before', () => {
    fc.assert(
      fc.property(anyValues, anyValues, (values, others) => {
        const before = [...values];
        const first = median(values);
        median(others);
        expect(values).toEqual(before);
        expect(median(values)).toBe(first);
      }),
    );
  });
});
