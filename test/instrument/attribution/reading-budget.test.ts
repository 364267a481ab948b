import { describe, expect, it } from 'vitest';
import { ReadingBudget } from '../../../src/instrument/attribution/reading-budget.ts';

/** At which of these boundaries, this far apart, it reads. */
function read(boundaries: number, apartMs: number): readonly boolean[] {
  const budget = new ReadingBudget();
  return Array.from({ length: boundaries }, (_, index) => budget.take(index * apartMs));
}

describe('the budget of readings', () => {
  it('has every boundary read while no more than one comes every seven milliseconds', () => {
    expect(read(20_000, 7).every(Boolean)).toBe(true);
  });

  it('has the first 2000 read, however fast they come', () => {
    expect(read(2000, 0.02).every(Boolean)).toBe(true);
  });

  it('allows some 150 a second when they continue coming faster', () => {
    const readings = read(1_000_000, 0.02).filter(Boolean).length;
    expect(readings).toBeGreaterThan(4890);
    expect(readings).toBeLessThan(5200);
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

  it('does not save up in a pause what it could not use', () => {
    const budget = new ReadingBudget();
    const readAmong = (boundaries: number, fromMs: number) =>
      Array.from({ length: boundaries }, (_, index) => budget.take(fromMs + index * 0.001)).filter(Boolean).length;
    readAmong(10_000, 0);
    expect(readAmong(1000, 60_000)).toBe(0);
  });
});
