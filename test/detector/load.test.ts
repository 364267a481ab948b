import { describe, expect, it } from 'vitest';
import { loadOf, LOAD_QUOTA_MB as QUOTA_MB, type Watched, type Worker, watch } from './load-curves.ts';

/** Seconds between samples, and a seed. */
const SAMPLINGS: readonly (readonly [everyS: number, seed: number])[] = [
  [5, 1],
  [20, 2],
  [20, 3],
  [60, 4],
  [60, 5],
];
const OWN_MB = 0.25 * QUOTA_MB;
const LOAD_FROM = 160;

type Unsampled = Omit<Worker, 'everyS' | 'seed'>;

/** Each sampling's run, with its restarts in minutes of the recording. */
function everyRun(worker: Unsampled): readonly Watched[] {
  return SAMPLINGS.map(([everyS, seed]) => watch({ ...worker, everyS, seed }));
}

/** What was decided to restart, as sentences, so that a failure says why. */
function restartsOf(runs: readonly Watched[]): readonly string[] {
  return runs.flatMap(({ judged }) =>
    judged.flatMap(({ decision }) =>
      decision.action === 'restart' ? [`${decision.reason}: ${decision.explanation}`] : [],
    ),
  );
}

/** Jobs that together take usage to `topFraction` of the quota for `hours`, and never less than a fifth of them. */
function loaded(jobs: number, hours: number, topFraction: number, edgeMinutes = 0): Unsampled {
  const low = Math.max(1, Math.round(jobs / 5));
  return {
    minutes: LOAD_FROM + hours * 60 + 120,
    jobsAt: loadOf(low, jobs, { from: LOAD_FROM, minutes: hours * 60, edgeMinutes }),
    jobMb: (topFraction * QUOTA_MB - OWN_MB) / jobs,
    ownMb: () => OWN_MB,
  };
}

/** The advice to do with load that a run gave; each says how many jobs hold how many of the quota's bytes. */
function loadAdvice({ judged }: Watched): readonly string[] {
  return judged.flatMap(({ decision: { action, reason, explanation } }) =>
    action === 'advise' && reason === 'load' ? [explanation] : [],
  );
}

const JOBS_HOLD = /(\d+) running jobs? holds? (\d+) MB of 1024 MB(?:, (\d+) MB each,)? and would do so after a restart/;

describe('load that comes back by itself, over the soft limit for hours and never idle', () => {
  it.each<[number, number, number]>([
    [4, 1, 30],
    [4, 9, 0],
    [10, 3, 30],
    [20, 1, 0],
    [20, 9, 30],
    [40, 3, 0],
  ])(
    '%i jobs for %i h with edges of %i min: no restart, and advice that names the jobs and what they hold',
    (...of) => {
      const [jobs, hours, edgeMinutes] = of;
      for (const topFraction of [0.85, 0.9]) {
        const runs = everyRun(loaded(jobs, hours, topFraction, edgeMinutes));
        expect(restartsOf(runs)).toEqual([]);
        for (const run of runs) {
          // At its edges the load changes faster than memory is given back.
          const advice = loadAdvice(run);
          const said = advice[Math.floor(advice.length / 2)] ?? '';
          const [count, heldMb, eachMb] = (JOBS_HOLD.exec(said) ?? []).slice(1).map(Number);
          expect(count).toBeGreaterThanOrEqual(0.5 * jobs);
          expect(heldMb).toBeGreaterThan(0.3 * QUOTA_MB);
          expect(heldMb).toBeLessThan(QUOTA_MB);
          expect(Math.abs((eachMb ?? 0) - (heldMb ?? 0) / (count ?? 1))).toBeLessThan(1);
        }
      }
    },
  );
});

describe('load alone over the hard limit', () => {
  it.each<[number, number]>([
    [4, 0],
    [10, 30],
    [40, 0],
  ])('%i jobs, edges of %i min: advice for a bigger dyno or less concurrency, no restart', (jobs, edgeMinutes) => {
    const runs = everyRun(loaded(jobs, 3, 1.08, edgeMinutes));
    expect(restartsOf(runs)).toEqual([]);
    for (const run of runs) expect(loadAdvice(run).at(-1)).toContain('a bigger dyno or less concurrency is needed');
  });
});

describe('one long job', () => {
  const long = (hours: number, fraction: number, small: number, takesMinutes: number): Unsampled => ({
    minutes: 100 + hours * 60 + 90,
    jobsAt: () => small,
    jobMb: 10,
    ownMb: () => 0.38 * QUOTA_MB,
    isVaried: false,
    longJob: {
      from: 100,
      to: 100 + hours * 60,
      heldMb: (minute) => fraction * QUOTA_MB * (takesMinutes === 0 ? 1 : Math.min(1, minute / takesMinutes)),
    },
  });
  const JOBS = [
    [0.5, 0.3],
    [1, 0.6],
    [2, 0.45],
    [4, 0.6],
  ] as const;

  it.each(JOBS)('of %d h that takes %d of the quota, alone: no restart', (hours, fraction) => {
    for (const takesMinutes of [0, 30 * hours])
      expect(restartsOf(everyRun(long(hours, fraction, 0, takesMinutes)))).toEqual([]);
  });

  it.each(JOBS)('of %d h that takes %d of the quota at once, next to two small ones: no restart', (hours, fraction) => {
    expect(restartsOf(everyRun(long(hours, fraction, 2, 0)))).toEqual([]);
  });

  it.each(JOBS)(
    'of %d h that takes %d of the quota little by little, next to two small ones: no restart if its age is known',
    (hours, fraction) => {
      for (const takesMinutes of [30 * hours, 60 * hours])
        expect(restartsOf(everyRun({ ...long(hours, fraction, 2, takesMinutes), isAged: true }))).toEqual([]);
    },
  );

  // Each end of a small job moves the mark that the long job's memory is counted from: what it has taken before counts
  // as the process's own.
  it('that takes memory little by little next to small ones is taken for growth where its age is not reported', () => {
    const sentences = restartsOf(everyRun(long(2, 0.45, 2, 60)));
    expect(sentences.length).toBeGreaterThan(0);
  });

  it('that hangs hides no leak for longer than until the quota is reached', () => {
    // At 1.2 times the quota at 280 min.
    const leaking = (minute: number) => (0.3 + 0.005 * Math.max(0, minute - 100)) * QUOTA_MB;
    const hung: Unsampled = { ...long(6, 0, 2, 0), ownMb: leaking, isAged: true };
    for (const { restartMinutes } of everyRun(hung)) {
      expect(restartMinutes[0]).toBeGreaterThan(200);
      expect(restartMinutes[0]).toBeLessThan(280);
    }
  });
});

describe('beneath load that holds a quarter of the quota for four hours and falls', () => {
  const beneath = (jobs: number, ownMb: Worker['ownMb'], minutes: number): Unsampled => {
    const [day, evening] = [90, 480].map((from) => loadOf(1, jobs, { from, minutes: 240, edgeMinutes: 10 }));
    return {
      minutes,
      jobsAt: (minute) => Math.max(day?.(minute) ?? 0, evening?.(minute) ?? 0),
      jobMb: (0.25 * QUOTA_MB) / jobs,
      ownMb,
    };
  };
  /** Four steps to 82 % of the quota, from 145 to 220 min. */
  const bloat = (minute: number) =>
    (0.2 + 0.155 * Math.min(4, Math.max(0, Math.floor((minute - 120) / 25)))) * QUOTA_MB;
  /** From 20 % at 100 min to the quota at 580 min. */
  const leak = (minute: number) => (0.2 + (0.8 * Math.max(0, minute - 100)) / 480) * QUOTA_MB;

  it.each([8, 20])('bloat is restarted, within two hours of its last step (%i jobs)', (jobs) => {
    for (const { restartMinutes } of everyRun(beneath(jobs, bloat, 480))) {
      expect(restartMinutes[0]).toBeGreaterThan(195);
      expect(restartMinutes[0]).toBeLessThan(340);
    }
  });

  it.each([8, 20])('a leak is restarted, before it is at the limit by itself (%i jobs)', (jobs) => {
    for (const { restartMinutes } of everyRun(beneath(jobs, leak, 580))) {
      expect(restartMinutes[0]).toBeGreaterThan(300);
      expect(restartMinutes[0]).toBeLessThan(560);
    }
  });
});

describe('beneath 20 jobs at all times, none of which runs for long', () => {
  const leak = (minute: number) => (0.2 + (0.8 * Math.max(0, minute - 60)) / 480) * QUOTA_MB;
  const bloat = (minute: number) =>
    (0.25 + 0.155 * Math.min(4, Math.max(0, Math.floor((minute - 60) / 25)))) * QUOTA_MB;
  const CASES = [leak, bloat].flatMap((ownMb) =>
    [2, 20].map((jobMinutes) => ({ name: ownMb.name, ownMb, jobMinutes })),
  );

  it.each(CASES)('$name is restarted as without their ages (jobs of $jobMinutes min)', ({ ownMb, jobMinutes }) => {
    const steady: Unsampled = { minutes: 600, jobsAt: () => 20, jobMb: 1, jobMinutes, ownMb };
    const withoutAges = everyRun(steady);
    everyRun({ ...steady, isAged: true }).forEach(({ restartMinutes }, index) => {
      const before = withoutAges[index]?.restartMinutes[0] ?? Number.NaN;
      expect(before).toBeLessThan(540);
      expect(Math.abs((restartMinutes[0] ?? Number.NaN) - before)).toBeLessThanOrEqual(10);
    });
  });
});

describe('a plateau over the soft limit that came back', () => {
  it.each([2, 3, 4])('by falling under the soft limit after %i h is waited for the next time', (hours) => {
    const [first, second] = [120, 120 + hours * 60 + 180];
    const isUp = (minute: number) => [first, second].some((from) => minute >= from && minute < from + hours * 60);
    const ownMb = (minute: number) => (minute < first ? 0.45 : isUp(minute) ? 0.86 : 0.69) * QUOTA_MB;
    for (const isCounted of [true, false]) {
      const runs = everyRun({ minutes: second + hours * 60 + 60, jobsAt: () => 0, jobMb: 0, ownMb, isCounted });
      for (const { restartMinutes } of runs) {
        expect(restartMinutes[0]).toBeLessThan(first + 60);
        expect(restartMinutes.filter((minute) => minute > second)).toEqual([]);
      }
    }
  });
});

describe('the class healthy', () => {
  const isOverItsLimit = ({ decision }: Watched['judged'][number]) => {
    const { limitBytes, usageBytes, floorBytes } = decision;
    return Math.max(usageBytes ?? 0, floorBytes ?? 0) > (limitBytes ?? Number.POSITIVE_INFINITY);
  };

  it.each<[string, Unsampled]>([
    ['load alone', loaded(10, 2, 1.08)],
    ['load whose jobs are not counted', { ...loaded(10, 2, 1.08), isCounted: false }],
    ['a working set', { minutes: 240, jobsAt: () => 0, jobMb: 0, ownMb: () => 1.05 * QUOTA_MB }],
    ['a step', { minutes: 240, jobsAt: () => 1, jobMb: 10, ownMb: (minute) => (minute < 60 ? 0.3 : 1.05) * QUOTA_MB }],
  ])('is never said of a boot over its limit, by %s', (_, worker) => {
    for (const { judged } of everyRun(worker)) {
      const over = judged.filter(isOverItsLimit);
      expect(over.length).toBeGreaterThan(0);
      expect(over.filter(({ decision }) => decision.class === 'healthy')).toEqual([]);
    }
  });

  it('is not said of a boot that fills up during its warm-up, where an earlier boot showed the floor', () => {
    const worker: Unsampled = {
      minutes: 300,
      jobsAt: () => 0,
      jobMb: 0,
      bootIdAt: (minute) => (minute < 120 ? 'first' : 'second'),
      ownMb: (minute) => (minute < 120 ? 0.3 : Math.min(0.88, 0.3 + 0.3 * (minute - 120))) * QUOTA_MB,
    };
    for (const { judged, restartMinutes } of everyRun(worker)) {
      const second = judged
        .filter(({ decision }) => decision.bootId === 'second')
        .map(({ decision }) => decision.class);
      expect(second.length).toBeGreaterThan(20);
      expect(second).not.toContain('healthy');
      expect(second.at(-1)).toBe('bloat');
      expect(restartMinutes[0]).toBeLessThan(180);
    }
  });
});
