import { describe, expect, it } from 'vitest';
import { MIB } from '../../../src/demo/plan.ts';
import { cellsOf } from '../../../src/demo/screen/cells.ts';
import { boot } from '../boots.ts';

const SPAN = { fromMs: 0, toMs: 3_000, cellMs: 1_000, limitBytes: 100 * MIB };

describe("a dyno's cells", () => {
  it('show the highest sample of their time, so that no peak is left out', () => {
    expect(cellsOf([boot([10, 90, 20, 30])], { ...SPAN, toMs: 2_000 }).map((cell) => cell.fraction)).toEqual([
      0.9, 0.3,
    ]);
  });

  it('repeat the last value if there is no sample, and know nothing before the first', () => {
    const late = boot([], { samples: [{ timeMs: 1_100, usageBytes: 50 * MIB }] });
    expect(cellsOf([late], SPAN).map((cell) => cell.fraction)).toEqual([null, 0.5, 0.5]);
  });

  it('mark the start of a later boot', () => {
    const boots = [boot([10]), boot([], { number: 2, startedAtMs: 2_100 })];
    expect(cellsOf(boots, SPAN).map((cell) => cell.newBoot)).toEqual([false, false, true]);
  });
});
