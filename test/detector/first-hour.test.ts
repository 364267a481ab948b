import { describe, expect, it } from 'vitest';
import { type FirstHour, filling, leakOf, rampingTo, restartsIn } from './first-hour.ts';

/** Seconds between samples, and the noise of each. */
const SAMPLINGS: readonly (readonly [everyS: number, noise: number])[] = [
  [5, 0],
  [5, 0.01],
  [5, 0.03],
  [10, 0],
  [10, 0.01],
];
const JOBS = [null, 0, 5, 20] as const;

const constant = (jobs: number | null): FirstHour['jobsAt'] => (jobs === null ? null : () => jobs);

/** The first restart of each sampling and number of jobs: what is used by then in percent, null: none. */
function firstRestarts(
  usageAt: FirstHour['usageAt'],
  { minutes, samplings = SAMPLINGS }: { readonly minutes: number; readonly samplings?: typeof SAMPLINGS },
): readonly (number | null)[] {
  return samplings.flatMap(([everyS, noise]) =>
    JOBS.map((jobs, index) => {
      const [first] = restartsIn({
        usageAt,
        jobsAt: constant(jobs),
        minutes,
        everyS,
        noise,
        seed: 10 * everyS + index,
      });
      return first === undefined ? null : Math.round(100 * first.usage);
    }),
  );
}

/** How far a leak that fills the quota in the given minutes rises in one bucket, in percent of the quota. */
const bucketOf = (toLimitMinutes: number) => 80 / toLimitMinutes;

describe('a leak of which nothing was learned, beneath a constant number of jobs or without a count', () => {
  it.each([12, 19, 30])('of %i min is restarted within a bucket of its limit', (minutes) => {
    for (const usage of firstRestarts(leakOf(minutes), { minutes: 2 * minutes })) {
      expect(usage).toBeGreaterThan(90);
      expect(usage).toBeLessThanOrEqual(Math.ceil(100 + bucketOf(minutes)));
    }
  });

  it('of an hour is restarted before its limit', () => {
    for (const usage of firstRestarts(leakOf(60), { minutes: 120 })) {
      expect(usage).toBeGreaterThan(80);
      expect(usage).toBeLessThan(100);
    }
  });

  it.each([0.7, 1.5])('whose line bends (to the power of %d) too', (power) => {
    for (const minutes of [19, 30])
      for (const usage of firstRestarts(leakOf(minutes, power), { minutes: 2 * minutes })) {
        expect(usage).toBeGreaterThan(90);
        expect(usage).toBeLessThanOrEqual(Math.ceil(100 + 1.5 * bucketOf(minutes)));
      }
  });

  it('is seen later where samples are rare, as a bucket needs five of them', () => {
    const rare = firstRestarts(leakOf(30), { minutes: 60, samplings: [[30, 0]] });
    for (const usage of rare) expect(usage).toBeLessThanOrEqual(110);
    const rarer = firstRestarts(leakOf(60), { minutes: 90, samplings: [[60, 0]] });
    for (const usage of rarer) expect(usage).toBeLessThanOrEqual(100);
  });
});

describe('what only looks like a leak in its first half hour', () => {
  it.each<[number, number]>([
    [5, 0.95],
    [10, 1.1],
    [15, 1],
    [20, 1.05],
    [25, 1.1],
  ])(
    'a backlog that fills in %i min to %d times the quota, while more and more jobs run: no restart',
    (minutes, top) => {
      for (const jobs of [5, 20, 40])
        for (const [everyS, noise] of [...SAMPLINGS, [30, 0.01], [60, 0.01]] as const) {
          const jobsAt = rampingTo(jobs, minutes);
          const usageAt = (minute: number) => 0.2 + ((top - 0.2) / jobs) * jobsAt(minute);
          expect(restartsIn({ usageAt, jobsAt, minutes: 120, everyS, noise, seed: jobs })).toEqual([]);
        }
    },
  );

  it.each<[number, number]>([
    [10, 1],
    [15, 0.5],
    [20, 1],
    [20, 0.7],
  ])('a cache that fills in %i min (to the power of %d) to three quarters: no restart', (minutes, power) => {
    const usages = firstRestarts(filling(0.75, minutes, power), {
      minutes: 120,
      samplings: [...SAMPLINGS, [10, 0.03], [30, 0.01], [60, 0.01]],
    });
    expect(new Set(usages)).toEqual(new Set([null]));
  });

  it('a cache that fills in half an hour to three quarters, sampled every minute: no restart', () => {
    for (const power of [1, 0.7, 0.5])
      for (const noise of [0, 0.01, 0.03])
        for (const jobs of JOBS) {
          const usageAt = filling(0.75, 30, power);
          expect(restartsIn({ usageAt, jobsAt: constant(jobs), minutes: 180, everyS: 60, noise, seed: 7 })).toEqual([]);
        }
  });

  it('a process that starts at 92 % after ten minutes: no restart', () => {
    const calm = SAMPLINGS.filter(([, noise]) => noise <= 0.01);
    const usages = firstRestarts(filling(0.92, 9.25), { minutes: 120, samplings: calm });
    expect(new Set(usages)).toEqual(new Set([null]));
  });
});
