import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../evaluation/random.ts';
import {
  bytesPerJob,
  followJobs,
  isNearlyIdle,
  type JobLoad,
  type JobSample,
  NO_JOB_LOAD,
  ownBytesPerJob,
  takenByJobs,
  takenSinceLastEnd,
  withoutJobs,
} from '../../../src/detector/load/job-load.ts';
import { isJobLoad } from '../../../src/detector/load/restored-job-load.ts';

const WINDOW_MS = 60_000;
const MB = 1e6;

interface Course {
  readonly minutes: number;
  readonly jobsAt: (minute: number) => number;
  readonly usageAt: (minute: number, jobs: number) => number;
}

/** Four samples a minute, each off by about 1 %. */
function follow({ minutes, jobsAt, usageAt }: Course, from: JobLoad = NO_JOB_LOAD, fromMinute = 0): JobLoad {
  const random = new Random(7);
  let load = from;
  for (let quarter = 0; quarter < 4 * minutes; quarter += 1) {
    const minute = fromMinute + quarter / 4;
    const activeJobs = jobsAt(minute);
    const usageBytes = usageAt(minute, activeJobs) * (1 + 0.01 * random.normal());
    const sample = { timeMs: minute * 60_000, usageBytes, activeJobs, completedJobs: null, oldestJobStartMs: null };
    load = followJobs(load, sample, WINDOW_MS);
  }
  return load;
}

/** 0 to 20 jobs, in waves of two hours. */
const waves = (minute: number) => Math.round(10 + 10 * Math.sin(minute / 20));
/** 5 to 15 jobs, in gusts of six minutes. */
const gusts = (minute: number) => Math.round(10 + 5 * Math.sin(minute));
/** A number of jobs that has nothing to do with memory. */
const unrelated = (minute: number) => Math.floor(minute * 7) % 3;
const of15Mb: Course['usageAt'] = (_, jobs) => 100 * MB + jobs * 15 * MB;
const learnedFrom = (minutes: number) => follow({ minutes, jobsAt: waves, usageAt: of15Mb });

describe('what a running job holds', () => {
  it.each<[string, Course['usageAt']]>([
    ['over a flat floor', of15Mb],
    ['over a leak', (minute, jobs) => of15Mb(minute, jobs) + minute * MB],
    ['over a step', (minute, jobs) => of15Mb(minute, jobs) + (minute < 120 ? 0 : 150) * MB],
  ])('is found %s, with a margin for its uncertainty', (_, usageAt) => {
    const { bytes, marginBytes } = bytesPerJob(follow({ minutes: 240, jobsAt: waves, usageAt }), null);
    expect(bytes / MB).toBeGreaterThan(0.8 * 15);
    expect(bytes / MB).toBeLessThan(1.2 * 15);
    expect(Math.abs(bytes - 15 * MB)).toBeLessThan(marginBytes);
    expect(marginBytes / MB).toBeLessThan(10);
  });

  it.each([
    ['at once', 0.1],
    ['within minutes', 2],
  ])(
    'is found where they come and go every few minutes, and what they free is given back %s',
    (_, givesBackMinutes) => {
      let held = 0;
      const usageAt: Course['usageAt'] = (_minute, jobs) => {
        held = Math.max(jobs, jobs + (held - jobs) * Math.exp(-0.25 / givesBackMinutes));
        return 100 * MB + held * 15 * MB;
      };
      const { bytes } = bytesPerJob(follow({ minutes: 480, jobsAt: gusts, usageAt }), null);
      expect(bytes / MB).toBeGreaterThan(0.8 * 15);
      expect(bytes / MB).toBeLessThan(1.2 * 15);
    },
  );

  it.each<[string, Course]>([
    ['memory does not follow the jobs', { minutes: 240, jobsAt: unrelated, usageAt: () => 300 * MB }],
    ['a leak rises beneath steady jobs', { minutes: 240, jobsAt: unrelated, usageAt: (minute) => (100 + minute) * MB }],
    ['the number of jobs never changes', { minutes: 240, jobsAt: () => 5, usageAt: (_, jobs) => jobs * 50 * MB }],
    ['no job runs', { minutes: 240, jobsAt: () => 0, usageAt: (minute) => (100 + minute) * MB }],
  ])('is zero beyond doubt where %s', (_, course) => {
    expect(bytesPerJob(follow(course), null).bytes).toBe(0);
    expect(ownBytesPerJob(follow(course))).toBeNull();
  });

  it('may be anything where the number of jobs never changed: the margin is beyond any memory', () => {
    const { marginBytes } = bytesPerJob(follow({ minutes: 240, jobsAt: () => 5, usageAt: () => 250 * MB }), null);
    expect(marginBytes).toBeGreaterThan(2 ** 45);
  });

  it('is at most little where the jobs came and went and memory stayed', () => {
    const { marginBytes } = bytesPerJob(follow({ minutes: 240, jobsAt: waves, usageAt: () => 300 * MB }), null);
    expect(marginBytes / MB).toBeLessThan(2);
  });

  it('is kept through hours in which the number of jobs says nothing', () => {
    const steady = follow({ minutes: 240, jobsAt: () => 20, usageAt: () => 400 * MB }, learnedFrom(240), 240);
    expect(bytesPerJob(steady, null).bytes / MB).toBeGreaterThan(10);
  });

  it('follows a change within a few hours', () => {
    const usageAt: Course['usageAt'] = (_, jobs) => 100 * MB + jobs * 30 * MB;
    const changed = follow({ minutes: 720, jobsAt: waves, usageAt }, learnedFrom(240), 240);
    expect(bytesPerJob(changed, null).bytes / MB).toBeGreaterThan(24);
  });

  it('does not change the empty one', () => {
    learnedFrom(30);
    expect(NO_JOB_LOAD).toMatchObject({ openSamples: 0, changes: 0, usageBytes: [], sureBytes: null });
  });
});

describe('what earlier boots of the target showed', () => {
  const learned = { bytes: 20 * MB, errorBytes: 2 * MB };

  it('holds while this boot knows nothing by itself, with a margin of two standard errors', () => {
    const { bytes, marginBytes } = bytesPerJob(NO_JOB_LOAD, learned);
    expect(bytes).toBeCloseTo(20 * MB);
    expect(marginBytes).toBeCloseTo(4 * MB);
  });

  it('gives way to what this boot shows, as that becomes surer', () => {
    const [first, last] = [bytesPerJob(learnedFrom(30), learned), bytesPerJob(learnedFrom(480), learned)];
    expect(Math.abs(last.bytes - 15 * MB)).toBeLessThan(Math.abs(first.bytes - 15 * MB));
    expect(last.bytes / MB).toBeLessThan(17);
  });

  it('makes the estimate surer, never less so', () => {
    const load = learnedFrom(120);
    expect(bytesPerJob(load, learned).marginBytes).toBeLessThan(bytesPerJob(load, null).marginBytes);
  });

  it('is what a boot shows that is sure by itself', () => {
    const own = ownBytesPerJob(learnedFrom(240));
    expect(Math.abs((own?.bytes ?? 0) - 15 * MB)).toBeLessThan(3 * (own?.errorBytes ?? 0));
    expect(own?.bytes).toBeGreaterThan(3 * (own?.errorBytes ?? 0));
    expect(ownBytesPerJob(NO_JOB_LOAD)).toBeNull();
  });
});

describe('what was taken since a job last ended', () => {
  /** Of each second sample: usage in MB, running jobs, jobs completed. */
  const seen = (samples: readonly (readonly [number, number, number | null])[]) =>
    samples.reduce<readonly [JobLoad, JobSample | null]>(
      ([load], [usageMb, activeJobs, completedJobs], index) => {
        const counts = { activeJobs, completedJobs, oldestJobStartMs: null };
        const sample = { timeMs: index * 2000, usageBytes: usageMb * MB, ...counts };
        return [followJobs(load, sample, WINDOW_MS), sample];
      },
      [NO_JOB_LOAD, null],
    );
  const takenMb = (...samples: readonly (readonly [number, number, number | null])[]) => {
    const [load, last] = seen(samples);
    return last === null ? null : takenSinceLastEnd(load, last, WINDOW_MS) / MB;
  };

  it.each<[string, readonly (readonly [number, number, number | null])[], number]>([
    [
      'belongs to the long job that runs',
      [
        [100, 0, 0],
        [110, 1, 0],
        [400, 1, 0],
      ],
      300,
    ],
    [
      'is nothing where the job has ended',
      [
        [100, 0, 0],
        [400, 1, 0],
        [390, 0, 1],
      ],
      0,
    ],
    [
      'is nothing where another job has ended just now',
      [
        [100, 0, 0],
        [400, 2, 0],
        [390, 1, 1],
      ],
      0,
    ],
    [
      'is what was taken after another job ended',
      [
        [100, 0, 0],
        [300, 2, 0],
        [290, 1, 1],
        [350, 1, 1],
      ],
      60,
    ],
    [
      'counts a job that was followed by another at once',
      [
        [100, 1, 0],
        [400, 1, 1],
      ],
      0,
    ],
    [
      'counts from the first sample',
      [
        [100, 2, 0],
        [180, 2, 0],
      ],
      80,
    ],
    [
      'is nothing where memory fell',
      [
        [100, 0, 0],
        [80, 1, 0],
      ],
      0,
    ],
    [
      'goes by running jobs alone where completed ones are not counted',
      [
        [100, 0, null],
        [400, 1, null],
      ],
      300,
    ],
  ])('%s', (_, samples, expected) => {
    expect(takenMb(...samples)).toBe(expected);
  });

  it('is not left to a job that has run for five hours', () => {
    const [load] = seen([
      [100, 0, 0],
      [400, 1, 0],
    ]);
    const takenAt = (windows: number) =>
      takenSinceLastEnd(load, { timeMs: windows * WINDOW_MS, usageBytes: 400 * MB }, WINDOW_MS) / MB;
    expect([takenAt(299), takenAt(301)]).toEqual([300, 0]);
  });

  it('is nothing before the first sample', () => {
    expect(takenSinceLastEnd(NO_JOB_LOAD, { timeMs: 0, usageBytes: MB }, WINDOW_MS)).toBe(0);
  });
});

describe('what was taken since the oldest running job began', () => {
  /**
   * Samples each minute: usage in MB and the minute in which the oldest job began; small jobs come and go with each.
   */
  const takenMb = (samples: readonly (readonly [usageMb: number, sinceMinute: number | null])[], minutesLater = 0) => {
    let load = NO_JOB_LOAD;
    let sample = { timeMs: 0, usageBytes: 0 };
    samples.forEach(([usageMb, sinceMinute], minute) => {
      sample = { timeMs: minute * WINDOW_MS, usageBytes: usageMb * MB };
      const oldestJobStartMs = sinceMinute === null ? null : sinceMinute * WINDOW_MS;
      load = followJobs(load, { ...sample, activeJobs: 3, completedJobs: minute, oldestJobStartMs }, WINDOW_MS);
    });
    return takenByJobs(load, { ...sample, timeMs: sample.timeMs + minutesLater * WINDOW_MS }, WINDOW_MS) / MB;
  };

  it('may belong to it, though short jobs have ended since', () => {
    expect(
      takenMb([
        [100, 0],
        [100, 1],
        [150, 1],
        [200, 1],
        [250, 1],
      ]),
    ).toBe(150);
  });

  it('counts what it took before it became the oldest, as far as usage is remembered', () => {
    expect(
      takenMb([
        [100, 0],
        [100, 0],
        [180, 0],
        [200, 1.5],
      ]),
    ).toBe(100);
  });

  it('is counted again where it has ended and the next one is younger', () => {
    expect(
      takenMb([
        [100, 0],
        [200, 0],
        [300, 0],
        [120, 2],
        [140, 2],
      ]),
    ).toBe(20);
  });

  it('goes on where clocks are corrected by a few seconds while it runs', () => {
    const corrected = Array.from({ length: 200 }, (_, minute) => [100 + minute, minute * 0.0005] as const);
    expect(takenMb(corrected)).toBe(199);
  });

  it('is little on a busy worker that leaks, whose oldest job is always young', () => {
    const busy = Array.from({ length: 200 }, (_, minute) => [100 + minute, Math.max(0, minute - 2)] as const);
    expect(takenMb(busy)).toBeLessThanOrEqual(4);
  });

  it('is nothing where the age is not reported: then short jobs that end move the mark', () => {
    expect(
      takenMb([
        [100, null],
        [200, null],
        [300, null],
      ]),
    ).toBe(0);
  });

  it('is not left to a job that has run for five hours', () => {
    const samples = [
      [100, 0],
      [400, 0],
    ] as const;
    expect([takenMb(samples, 298), takenMb(samples, 301)]).toEqual([300, 0]);
  });
});

describe('a floor without its jobs', () => {
  const perJob = { bytes: 10, marginBytes: 2 };

  it.each<[string, { floorBytes: number; jobs: number | null; jobsBytes: number }, number]>([
    ['takes out what is known by now, not what was known then', { floorBytes: 180, jobs: 5, jobsBytes: 20 }, 150],
    ['puts back what was taken out too much', { floorBytes: 100, jobs: 5, jobsBytes: 100 }, 150],
    ['is the floor where no job ran', { floorBytes: 180, jobs: 0, jobsBytes: 0 }, 180],
    ['is the floor where jobs are not counted', { floorBytes: 180, jobs: null, jobsBytes: 0 }, 180],
    ['leaves the process a tenth at least', { floorBytes: 100, jobs: 50, jobsBytes: 0 }, 10],
  ])('%s', (_, level, expected) => {
    expect(withoutJobs(level, perJob)).toBe(expected);
  });

  it.each<[string, { floorBytes: number; jobs: number | null; jobsBytes: number }, boolean]>([
    ['compares with other boots where jobs may have held a quarter', { floorBytes: 240, jobs: 5, jobsBytes: 0 }, true],
    ['does not where they may have held more', { floorBytes: 239, jobs: 5, jobsBytes: 0 }, false],
    ['compares where jobs are not counted', { floorBytes: 100, jobs: null, jobsBytes: 0 }, true],
  ])('%s', (_, level, expected) => {
    expect(isNearlyIdle(level, perJob)).toBe(expected);
  });
});

it('whatever is measured, a job holds a finite amount that is not negative, with such a margin', () => {
  const sample = fc.record({
    stepMs: fc.integer({ min: 1, max: 10 * WINDOW_MS }),
    usageBytes: fc.integer({ min: 0, max: 2 ** 45 }),
    activeJobs: fc.integer({ min: 0, max: 10_000 }),
    completedJobs: fc.option(fc.nat()),
    oldestJobStartMs: fc.option(fc.integer({ min: 0, max: 10 * WINDOW_MS })),
  });
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 200 }), (samples) => {
      let [load, timeMs] = [NO_JOB_LOAD, 0];
      for (const { stepMs, ...measured } of samples) {
        timeMs += stepMs;
        load = followJobs(load, { timeMs, ...measured }, WINDOW_MS);
      }
      expect(isJobLoad(load)).toBe(true);
      for (const amount of Object.values(bytesPerJob(load, null))) {
        expect(amount).toBeGreaterThanOrEqual(0);
        expect(Number.isFinite(amount)).toBe(true);
      }
    }),
  );
});
