import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SymmetricMatrix } from '../../../src/instrument/attribution/symmetric-matrix.ts';

const SIZE = 7;
/** Whole numbers, whose sums are exact up to 2^24. */
const number = fc.integer({ min: -100, max: 100 });
const vector = fc.array(number, { minLength: SIZE, maxLength: SIZE });

/** The sum of x x', in both ways. */
function sumOfProducts(vectors: readonly (readonly number[])[]) {
  const matrix = new SymmetricMatrix();
  matrix.grow(SIZE);
  const square = Array.from({ length: SIZE }, () => Array<number>(SIZE).fill(0));
  for (const x of vectors) {
    // In any order, as names become active.
    const places = x.flatMap((value, place) => (value === 0 ? [] : [place])).reverse();
    matrix.addProduct(
      Int32Array.from(places),
      Float64Array.from(places, (place) => x[place] ?? 0),
      places.length,
    );
    square.forEach((row, i) => {
      for (let j = 0; j < SIZE; j += 1) row[j] = (row[j] ?? 0) + (x[i] ?? 0) * (x[j] ?? 0);
    });
  }
  return { matrix, square };
}

const elementsOf = (matrix: SymmetricMatrix, size = SIZE) =>
  Array.from({ length: size }, (_, i) => Array.from({ length: size }, (_, j) => matrix.at(i, j) + 0));

describe('a symmetric matrix', () => {
  it('is the square that the same products add up to', () => {
    fc.assert(
      fc.property(fc.array(vector, { maxLength: 5 }), (vectors) => {
        const { matrix, square } = sumOfProducts(vectors);
        expect(elementsOf(matrix)).toEqual(square.map((row) => row.map((value) => value + 0)));
      }),
    );
  });

  it('keeps what it holds when it grows', () => {
    const matrix = new SymmetricMatrix();
    const value = (i: number, j: number) => 1 + Math.max(i, j) * 1000 + Math.min(i, j);
    for (let size = 1; size <= 40; size += 1) {
      matrix.grow(size);
      for (let j = 0; j < size; j += 1) matrix.add(size - 1, j, value(size - 1, j));
    }
    const expected = Array.from({ length: 40 }, (_, i) => Array.from({ length: 40 }, (_, j) => value(i, j)));
    expect(elementsOf(matrix, 40)).toEqual(expected);
  });

  it('subtracts a row as the square would, as far as the vector reaches', () => {
    fc.assert(
      fc.property(
        fc.array(vector, { maxLength: 5 }),
        fc.array(number, { minLength: 1, maxLength: SIZE }),
        fc.nat(SIZE - 1),
        number,
        (vectors, from, i, factor) => {
          const { matrix, square } = sumOfProducts(vectors);
          const left = Float64Array.from(from);
          matrix.subtractRow(left, i, factor);
          expect([...left].map((value) => value + 0)).toEqual(
            from.map((value, j) => value - factor * (square[i]?.[j] ?? 0) + 0),
          );
        },
      ),
    );
  });

  it('sums up what is folded together', () => {
    fc.assert(
      fc.property(fc.array(vector, { maxLength: 5 }), fc.integer({ min: 1, max: SIZE }), (vectors, size) => {
        const { matrix, square } = sumOfProducts(vectors);
        const folded = Array.from({ length: size }, (_, to) =>
          Array.from({ length: size }, (_, from) => {
            let sum = 0;
            for (let i = to; i < SIZE; i += size) for (let j = from; j < SIZE; j += size) sum += square[i]?.[j] ?? 0;
            return sum;
          }),
        );
        expect(elementsOf(matrix.folded(size), size)).toEqual(folded);
      }),
    );
  });

  it('keeps what it holds when it grows and is scaled', () => {
    const matrix = new SymmetricMatrix();
    matrix.grow(2);
    matrix.add(0, 1, 5);
    matrix.grow(1);
    matrix.grow(4);
    matrix.add(3, 1, 2);
    matrix.scale(0.5);
    expect(elementsOf(matrix, 4)).toEqual([
      [0, 2.5, 0, 0],
      [2.5, 0, 0, 1],
      [0, 0, 0, 0],
      [0, 1, 0, 0],
    ]);
  });
});
