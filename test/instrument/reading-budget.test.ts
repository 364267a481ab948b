import { describe, expect, it } from 'vitest';
import { ReadingBudget } from '../../src/instrument/reading-budget.ts';

/** At which of so many boundaries, this far apart, it reads. */
function read(boundaries: number, apartMs: number): readonly boolean[] {
  const budget = new ReadingBudget();
  return Array.from({ length: boundaries }, (_, index) => budget.take(index * apartMs));
}

describe('the budget of readings', () => {
  it('has every boundary read while no more than one comes each millisecond', () => {
    expect(read(10_000, 1).every(Boolean)).toBe(true);
  });

  it('allows about one a millisecond where they come faster', () => {
    const readings = read(100_000, 0.02).filter(Boolean).length;
    expect(readings).toBeGreaterThan(1900);
    expect(readings).toBeLessThan(2400);
  });

  it('reads in runs then, with nothing unread in them', () => {
    const made = read(100_000, 0.02);
    const runs = made
      .join('')
      .split('false')
      .filter((run) => run !== '');
    const lengths = runs.map((run) => run.length / 'true'.length);
    expect(Math.min(...lengths.slice(0, -1))).toBeGreaterThanOrEqual(100);
  });
});
