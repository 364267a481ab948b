import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ring } from '../../../src/detector/curve/ring.ts';

function rowsOf(ring: Ring, columns: number): readonly (readonly (number | null)[])[] {
  return ring.map((column) => Array.from({ length: columns }, (_, index) => column(index)));
}

function filled(rows: readonly (readonly (number | null)[])[], columns = 2, capacity = 3): Ring {
  const ring = new Ring(columns, capacity);
  for (const row of rows) ring.push(row);
  return ring;
}

describe('a ring', () => {
  it('has no rows at first', () => {
    const ring = new Ring(2, 3);
    expect([ring.length, ring.pushed, rowsOf(ring, 2)]).toEqual([0, 0, []]);
  });

  it('keeps rows in the order they came, with null for what is unknown', () => {
    expect(
      rowsOf(
        filled([
          [1, null],
          [0, 4],
        ]),
        2,
      ),
    ).toEqual([
      [1, null],
      [0, 4],
    ]);
  });

  it('overwrites the oldest rows and counts them still', () => {
    const ring = filled([1, 2, 3, 4, 5].map((value) => [value, null]));
    expect([ring.length, ring.pushed]).toEqual([3, 5]);
    expect(rowsOf(ring, 1)).toEqual([[3], [4], [5]]);
  });

  it('takes what a short row lacks for unknown', () => {
    expect(rowsOf(filled([[7]]), 2)).toEqual([[7, null]]);
  });

  it('takes memory for its rows, up to its capacity', () => {
    const bytesAfter = (rows: number) => {
      const ring = new Ring(4, 28);
      for (let row = 0; row < rows; row += 1) ring.push([row, row, row, row]);
      return ring.byteLength;
    };
    // 16 bytes a row: room for 4 rows, 8, 16, and at last 28.
    expect([0, 1, 4, 5, 9, 17, 28, 29, 500].map(bytesAfter)).toEqual([0, 64, 64, 128, 256, 448, 448, 448, 448]);
  });

  it('is saved with the rows that it has, and no others', () => {
    const savedBytes = (rows: number) => {
      const { values } = filled(Array.from({ length: rows }, (_, row) => [row, row])).toJSON() as { values: string };
      return Buffer.from(values, 'base64').byteLength;
    };
    expect([0, 1, 2, 3, 4].map(savedBytes)).toEqual([0, 8, 16, 24, 24]);
  });

  it('is read from an earlier snapshot, which has it at its full capacity', () => {
    const values = Buffer.from(Float32Array.of(1, 2, 0, 0, 0, 0).buffer).toString('base64');
    const ring = new Ring(2, 3);
    expect(ring.restore({ pushed: 1, values })).toBe(true);
    for (const row of [3, 4, 5]) ring.push([row, row]);
    expect(rowsOf(ring, 1)).toEqual([[3], [4], [5]]);
  });

  it('is the same after JSON, whatever was pushed', () => {
    const cell = fc.option(fc.integer({ min: 0, max: 2 ** 24 }));
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell), { maxLength: 12 }), fc.tuple(cell, cell), (rows, next) => {
        const ring = filled(rows);
        const restored = new Ring(2, 3);
        expect(restored.restore(JSON.parse(JSON.stringify(ring)))).toBe(true);
        ring.push(next);
        restored.push(next);
        expect(rowsOf(restored, 2)).toEqual(rowsOf(ring, 2));
        expect(restored.pushed).toBe(ring.pushed);
      }),
      { numRuns: 50 },
    );
  });
});

describe('a ring is not restored from', () => {
  const whole = () => JSON.parse(JSON.stringify(filled([[1, 2]]))) as { pushed: number; values: string };
  const withValue = (value: number) => {
    const bytes = Buffer.from(whole().values, 'base64');
    bytes.writeFloatLE(value, 4);
    return { ...whole(), values: bytes.toString('base64') };
  };
  it.each<[string, unknown]>([
    ['null', null],
    ['undefined', undefined],
    ['a text', 'ring'],
    ['a list', []],
    ['no values', { pushed: 1 }],
    ['values that are numbers', { ...whole(), values: [1, 2] }],
    ['fewer rows than were pushed', { ...whole(), pushed: 2 }],
    ['values of a smaller ring', JSON.parse(JSON.stringify(filled([[1], [2], [3]], 2, 2)))],
    ['values of a larger ring', { ...whole(), values: whole().values.repeat(2) }],
    ['values that are no base64', { ...whole(), values: whole().values.replace(/^..../, '!!!!') }],
    ['an infinite value', withValue(Number.POSITIVE_INFINITY)],
    ['a negative value', withValue(-1)],
    ['a value beyond exact numbers', withValue(1e30)],
    ['a negative count', { ...whole(), pushed: -1 }],
    ['half a row', { ...whole(), pushed: 1.5 }],
    // Such a count does not grow by one more row, so whoever counts up to it never ends.
    ['a count beyond exact numbers', { ...whole(), pushed: 2 ** 54 }],
  ])('%s, and stays empty', (_, value) => {
    const ring = new Ring(2, 3);
    expect(ring.restore(value)).toBe(false);
    expect(ring.length).toBe(0);
  });

  it('is restored from a NaN: that is what null is kept as', () => {
    const ring = new Ring(2, 3);
    expect(ring.restore(withValue(Number.NaN))).toBe(true);
    expect(rowsOf(ring, 2)).toEqual([[1, null]]);
  });
});
