import { describe, expect, it } from 'vitest';
import { chart, sparkline } from '../../../src/demo/screen/chart.ts';

const cells = (...fractions: (number | null)[]) => fractions.map((fraction) => ({ fraction, newBoot: false }));

describe('the chart', () => {
  it('shows what is above the soft limit in its top row, and the soft limit behind the curve', () => {
    expect(chart(cells(null, 0.2, 0.4, 0.8, 0.9), 6, 0.8)).toEqual([
      '    ▂ ', //
      '▔▔▔██▔',
      ' ▄███ ',
    ]);
  });

  it('fills from the left, and shows the newest cells when it is full', () => {
    expect(chart(cells(0.8), 2, 0.8)[2]).toBe('█ ');
    expect(chart(cells(0.8, 0, 0.8), 2, 0.8)[2]).toBe(' █');
  });

  it('marks a new boot', () => {
    expect(
      chart(
        [
          { fraction: 0.9, newBoot: false },
          { fraction: 0.3, newBoot: true },
        ],
        2,
        0.8,
      )[2],
    ).toBe('█│');
  });

  it.each([0, 1, 40])('is %i cells wide whatever there is to show', (width) => {
    for (const row of chart(cells(0.5, 2), width, 0.8)) expect([...row]).toHaveLength(width);
  });
});

describe('the sparkline', () => {
  it('has its highest block at the limit and above', () => {
    expect(sparkline(cells(0, 0.5, 1, 1.7), 10)).toBe('▁▄██');
  });

  it('leaves a gap for an unknown value between known ones', () => {
    expect(sparkline(cells(0.5, null, 0.5), 10)).toBe('▄ ▄');
  });
});
