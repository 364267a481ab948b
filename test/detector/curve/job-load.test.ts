import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../evaluation/random.ts';
import { bytesPerJob, followJobs, isJobLoad, type JobLoad, NO_JOB_LOAD } from '../../../src/detector/job-load.ts';

const WINDOW_MS = 60_000;
const MB = 1e6;

interface Course {
  readonly minutes: number;
  readonly jobsAt: (minute: number) => number;
  readonly usageAt: (minute: number, jobs: number) => number;
}

/** Four samples a minute, each off by 1 % or so. */
function follow({ minutes, jobsAt, usageAt }: Course, from: JobLoad = NO_JOB_LOAD): JobLoad {
  const random = new Random(7);
  let load = from;
  for (let quarter = 0; quarter < 4 * minutes; quarter += 1) {
    const minute = quarter / 4;
    const activeJobs = jobsAt(minute);
    const usageBytes = usageAt(minute, activeJobs) * (1 + 0.01 * random.normal());
    load = followJobs(load, { timeMs: minute * 60_000, usageBytes, activeJobs }, WINDOW_MS);
  }
  return load;
}

/** Between none and twenty jobs, in waves of two hours. */
const waves = (minute: number) => Math.round(10 + 10 * Math.sin(minute / 20));
/** No more to do with memory than the weather. */
const unrelated = (minute: number) => Math.floor(minute * 7) % 3;

describe('what a running job holds', () => {
  it.each<[string, Course['usageAt'], number]>([
    ['over a flat floor', (_, jobs) => 100 * MB + jobs * 15 * MB, 15],
    ['over a leak', (minute, jobs) => 100 * MB + minute * MB + jobs * 15 * MB, 15],
    ['over a step', (minute, jobs) => (minute < 120 ? 100 : 250) * MB + jobs * 15 * MB, 15],
  ])('is found %s', (_, usageAt, perJobMb) => {
    const found = bytesPerJob(follow({ minutes: 240, jobsAt: waves, usageAt })) / MB;
    expect(found).toBeGreaterThan(0.8 * perJobMb);
    expect(found).toBeLessThan(1.2 * perJobMb);
  });

  it.each<[string, Course]>([
    ['memory does not follow the jobs', { minutes: 240, jobsAt: unrelated, usageAt: () => 300 * MB }],
    ['a leak rises beneath steady jobs', { minutes: 240, jobsAt: unrelated, usageAt: (minute) => (100 + minute) * MB }],
    ['the number of jobs never changes', { minutes: 240, jobsAt: () => 5, usageAt: (_, jobs) => jobs * 50 * MB }],
    ['no job runs', { minutes: 240, jobsAt: () => 0, usageAt: (minute) => (100 + minute) * MB }],
  ])('is unknown, and so zero, where %s', (_, course) => {
    expect(bytesPerJob(follow(course))).toBe(0);
  });

  it('is kept through hours in which the number of jobs says nothing new', () => {
    const learned = follow({ minutes: 240, jobsAt: waves, usageAt: (_, jobs) => 100 * MB + jobs * 15 * MB });
    const later = { ...learned, openSamples: 0 };
    const steady = follow({ minutes: 240, jobsAt: () => 20, usageAt: () => 400 * MB }, later);
    expect(bytesPerJob(steady) / MB).toBeGreaterThan(10);
  });

  it('leaves the empty one as it is', () => {
    follow({ minutes: 30, jobsAt: waves, usageAt: (_, jobs) => jobs * MB });
    expect(NO_JOB_LOAD).toMatchObject({ openSamples: 0, changes: 0, usageBytes: [], bytesPerJob: null });
  });
});

describe('a snapshot of it', () => {
  it('goes on as the one that was never written', () => {
    const usageAt = (_: number, jobs: number) => 100 * MB + jobs * 15 * MB;
    const load = follow({ minutes: 90, jobsAt: waves, usageAt });
    const read: unknown = JSON.parse(JSON.stringify(load));
    expect(isJobLoad(read)).toBe(true);
    expect(read).toEqual(load);
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['a text', 'load'],
    ['a missing sum', { ...NO_JOB_LOAD, jobs2: undefined }],
    ['a sum that is no number', { ...NO_JOB_LOAD, bytes2: '1' }],
    ['a ring that is too long', { ...NO_JOB_LOAD, jobs: [1, 2, 3, 4, 5, 6] }],
    ['a ring with a text in it', { ...NO_JOB_LOAD, usageBytes: ['1'] }],
  ])('is refused where it is %s', (_, value) => {
    expect(isJobLoad(value)).toBe(false);
  });
});

it('whatever is measured, a job holds a finite amount that is not negative', () => {
  const sample = fc.record({
    stepMs: fc.integer({ min: 1, max: 10 * WINDOW_MS }),
    usageBytes: fc.integer({ min: 0, max: 2 ** 45 }),
    activeJobs: fc.integer({ min: 0, max: 10_000 }),
  });
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 200 }), (samples) => {
      let [load, timeMs] = [NO_JOB_LOAD, 0];
      for (const { stepMs, usageBytes, activeJobs } of samples) {
        timeMs += stepMs;
        load = followJobs(load, { timeMs, usageBytes, activeJobs }, WINDOW_MS);
      }
      expect(isJobLoad(load)).toBe(true);
      expect(bytesPerJob(load)).toBeGreaterThanOrEqual(0);
      expect(Number.isFinite(bytesPerJob(load))).toBe(true);
    }),
  );
});
