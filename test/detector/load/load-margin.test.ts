import { describe, expect, it } from 'vitest';
import type { Level } from '../../../src/detector/curve/level.ts';
import { jobsOf, loadMargin, marginOf } from '../../../src/detector/load/load-margin.ts';

/** Levels with these counts of running jobs. */
function levelsOf(jobs: readonly (number | null)[]): readonly Level[] {
  return jobs.map((count, index) => ({ timeMs: index, floorBytes: 100, jobs: count, jobsBytes: 0 }));
}

describe('what more running jobs may account for', () => {
  it.each<[string, readonly (number | null)[], number]>([
    ['is the margin of a job for each job more', [2, 2, 2, 5, 5, 5], 30],
    ['compares the last third with the first by their medians', [2, 2, 99, 7, 7, 7, 5, 5, 0], 30],
    ['is nothing where as many jobs run', [4, 4, 4, 4, 4, 4], 0],
    ['is nothing where fewer run', [5, 5, 5, 2, 2, 2], 0],
    ['is nothing for half a job more, the wobble of a mean', [2, 2, 2, 2.5, 2.5, 2.5], 0],
    ['is nothing where jobs are not counted', [null, null, null], 0],
    ['is nothing where they were not counted at first', [null, null, null, 3, 3, 3], 0],
    ['is nothing for a single level', [3], 0],
    ['is nothing for none', [], 0],
  ])('%s', (_, jobs, bytes) => {
    expect(loadMargin(levelsOf(jobs), 10)).toBe(bytes);
  });

  it('is in proportion to the jobs', () => {
    expect([marginOf(3, 7), marginOf(0.5, 7), marginOf(-3, 7)]).toEqual([21, 0, 0]);
  });
});

describe('the jobs of some levels', () => {
  it.each<[readonly (number | null)[], number | null]>([
    [[1, 9, 2], 2],
    [[1, null, 2], 1.5],
    [[null], null],
    [[], null],
  ])('of %j are their median %j', (jobs, median) => {
    expect(jobsOf(levelsOf(jobs))).toBe(median);
  });
});
