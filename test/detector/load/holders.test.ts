import { describe, expect, it } from 'vitest';
import {
  bestHolders,
  closeHolders,
  countHolders,
  type Holders,
  noHolders,
} from '../../../src/detector/load/holders.ts';

/** The counts this many windows after a job has ended. */
function after(windows: number): readonly number[] {
  const all = noHolders();
  countHolders(all, { activeJobs: 1, sinceWindows: 0, isFirstOfWindow: true });
  countHolders(all, { activeJobs: 0, sinceWindows: windows, isFirstOfWindow: true });
  return all.map(({ jobs }) => Math.round(100 * jobs) / 100);
}

describe('a job that has ended', () => {
  it.each([
    [0, [0, 1, 1]],
    [1.5, [0, 0.37, 0.78]],
    [6, [0, 0.02, 0.37]],
    [60, [0, 0, 0]],
  ])('holds its memory %d windows later by as much as the delay says', (windows, expected) => {
    expect(after(windows)).toEqual(expected);
  });

  it('holds nothing more once as many others run', () => {
    const all = noHolders();
    countHolders(all, { activeJobs: 3, sinceWindows: 0, isFirstOfWindow: true });
    countHolders(all, { activeJobs: 3, sinceWindows: 1, isFirstOfWindow: false });
    expect(all.map(({ jobs, openJobs }) => [jobs, openJobs])).toEqual([
      [3, 6],
      [3, 6],
      [3, 6],
    ]);
  });
});

it('late counts learn nothing from the start of the boot, when memory rises with the first jobs', () => {
  const window = { samples: 1, byBytes: 100, kept: 1 };
  const risen = noHolders().map((one) => ({ ...one, windows: [0, 0, 0, 0, 0], openJobs: 2 }));
  const learned = (isStart: boolean) => closeHolders(risen, { ...window, isStart }).map(({ jobsBytes }) => jobsBytes);
  expect(learned(true)).toEqual([200, 0, 0]);
  expect(learned(false)).toEqual([200, 200, 200]);
});

describe('memory follows best', () => {
  const [none] = noHolders() as readonly [Holders];
  const withSums = (jobs2: number, jobsBytes: number): Holders => ({ ...none, jobs2, jobsBytes });

  const usage = { bytes2: 10_000, changes: 100 };

  it.each<[string, readonly Holders[], number]>([
    ['running jobs where they explain most', [withSums(100, 1000), withSums(90, 800), withSums(80, 500)], 0],
    ['a late count that explains more', [withSums(100, 500), withSums(90, 800), withSums(80, 500)], 1],
    ['running jobs where a late count is nearly level', [withSums(100, 500), withSums(29, 800), withSums(1, 500)], 0],
    [
      'running jobs where it falls as late counts rise',
      [withSums(100, 500), withSums(90, -800), withSums(80, -900)],
      0,
    ],
    [
      'running jobs where a late count shares no more than a step',
      [withSums(100, 50), withSums(10, 50), withSums(40, 250)],
      0,
    ],
    ['running jobs before anything has changed', noHolders(), 0],
  ])('%s', (_, all, expected) => {
    expect(all.indexOf(bestHolders(all, usage))).toBe(expected);
  });
});
