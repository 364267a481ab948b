import { describe, expect, it } from 'vitest';
import { followJobs, type JobLoad, NO_JOB_LOAD } from '../../../src/detector/load/job-load.ts';
import { isJobLoad } from '../../../src/detector/load/restored-job-load.ts';

const WINDOW_MS = 60_000;

/** After 90 minutes with a sample each, of 0 to 6 jobs that hold 15 MB each. */
function learned(): JobLoad {
  let load = NO_JOB_LOAD;
  for (let minute = 0; minute < 90; minute += 1) {
    const activeJobs = minute % 7;
    const usageBytes = (100 + 15 * activeJobs) * 1e6;
    const sample = { timeMs: minute * 60_000, usageBytes, activeJobs, completedJobs: null, oldestJobStartMs: null };
    load = followJobs(load, sample, WINDOW_MS);
  }
  return load;
}

describe('a snapshot of it', () => {
  const [HOLDERS] = NO_JOB_LOAD.holders;

  it('goes on as the one that was never written', () => {
    const load = learned();
    const read: unknown = JSON.parse(JSON.stringify(load));
    expect(isJobLoad(read)).toBe(true);
    expect(read).toEqual(load);
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['a text', 'load'],
    ['a missing sum', { ...NO_JOB_LOAD, changes: undefined }],
    ['no jobs that hold memory', { ...NO_JOB_LOAD, holders: undefined }],
    ['too few counts of jobs that hold memory', { ...NO_JOB_LOAD, holders: [HOLDERS] }],
    ['a missing sum of jobs', { ...NO_JOB_LOAD, holders: [HOLDERS, HOLDERS, { ...HOLDERS, jobs2: undefined }] }],
    ['a sum that is a text', { ...NO_JOB_LOAD, bytes2: '1' }],
    ['an end that is a text', { ...NO_JOB_LOAD, endedMs: '1' }],
    ['a start that is a text', { ...NO_JOB_LOAD, oldestMs: '1' }],
    ['a ring that is too long', { ...NO_JOB_LOAD, usageBytes: [1, 2, 3, 4, 5, 6] }],
    [
      'a ring of jobs that is too long',
      { ...NO_JOB_LOAD, holders: [HOLDERS, HOLDERS, { ...HOLDERS, windows: [1, 2, 3, 4, 5, 6] }] },
    ],
    ['a ring with a text in it', { ...NO_JOB_LOAD, usageBytes: ['1'] }],
  ])('is refused where it is %s', (_, value) => {
    expect(isJobLoad(value)).toBe(false);
  });
});
