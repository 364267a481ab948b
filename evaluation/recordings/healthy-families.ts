import { every, ordinary, type PlannedWork, type RecordedFamily, work } from './family.ts';
import { churn, imports, LITTLE, MUCH, QUOTA_MIB } from './plans.ts';

/** Workers whose dyno is to be left alone. */
export const HEALTHY: readonly RecordedFamily[] = [
  {
    name: 'flat',
    id: 'H1',
    what: 'a catalogue in memory, short jobs',
    expected: 'leave',
    quotaMiB: QUOTA_MIB,
    seconds: 180,
    plan: (random) => [
      work(500, { kind: 'load-catalogue', megabytes: random.whole(20, 90) }),
      ...ordinary(random, 180),
    ],
  },
  {
    name: 'spikes',
    id: 'H2',
    what: 'jobs of 100 to 340 MB for 2 to 4 s each, given back',
    expected: 'leave',
    quotaMiB: QUOTA_MIB,
    seconds: 180,
    plan: (random) => [
      ...ordinary(random, 180),
      ...every(random, { fromMs: 14_000, toMs: 172_000, everyMs: random.whole(9_000, 18_000) }).map((atMs) =>
        work(atMs, { kind: 'render-pages', pages: random.whole(3, 9), holdMs: random.whole(1500, 3500) }),
      ),
    ],
  },
  {
    name: 'saw-tooth',
    id: 'H3',
    what: 'numbers that live for seconds, then garbage until V8 collects what is old',
    expected: 'leave',
    quotaMiB: QUOTA_MIB,
    seconds: 180,
    nodeFlags: ['--max-semi-space-size=4'],
    plan: (random) => [...ordinary(random, 180), ...churn(random, 180, LITTLE)],
  },
  {
    name: 'high-saw-tooth',
    id: 'H3',
    what: 'the same, with so much of it that single peaks pass the soft limit',
    expected: 'leave',
    quotaMiB: QUOTA_MIB,
    seconds: 180,
    nodeFlags: ['--max-semi-space-size=4'],
    plan: (random) => [...ordinary(random, 180), ...churn(random, 180, MUCH)],
  },
  {
    name: 'warm-up',
    id: 'H4',
    what: 'a cache that fills with what is asked for, ever more slowly',
    expected: 'leave',
    quotaMiB: QUOTA_MIB,
    seconds: 180,
    plan(random) {
      const values = random.whole(2500, 4000);
      const tauSeconds = random.between(10, 25);
      const keysOfAJob = Math.round((values / tauSeconds) * 0.35);
      return every(random, { fromMs: 500, toMs: 180_000, everyMs: 350 }).map((atMs) =>
        work(atMs, {
          kind: 'look-up',
          keys: Array.from({ length: keysOfAJob }, () => random.whole(1, values)),
          valueKilobytes: 40,
        }),
      );
    },
  },
  {
    name: 'load',
    id: 'H5',
    what: 'jobs that hold 38 MB while they run: more and more of them at a time, then fewer again',
    expected: 'leave',
    quotaMiB: QUOTA_MIB,
    seconds: 220,
    plan(random) {
      const peakMs = random.whole(90_000, 120_000);
      const halfMs = random.whole(60_000, 80_000);
      const most = random.between(4, 4.6);
      const sessions: PlannedWork[] = [];
      for (let atMs = 2000; atMs < 215_000; ) {
        const off = Math.min(1, Math.abs(atMs - peakMs) / halfMs);
        const atATime = 0.3 + (most - 0.3) * 0.5 * (1 + Math.cos(Math.PI * off));
        const holdMs = random.whole(2500, 3500);
        sessions.push(work(atMs, { kind: 'render-pages', pages: 1, holdMs }));
        atMs += Math.round((3000 / atATime) * random.between(0.95, 1.05));
      }
      return [...ordinary(random, 220), ...sessions];
    },
  },
  {
    name: 'concurrency',
    id: 'H6',
    what: 'for a minute three or four jobs of 38 MB run at all times, before and after none',
    expected: 'leave',
    quotaMiB: QUOTA_MIB,
    seconds: 200,
    plan(random) {
      const fromMs = random.whole(50_000, 70_000);
      const toMs = fromMs + random.whole(60_000, 80_000);
      // Each ends 4 s after it began, and the next of its line begins just before: the three never end together.
      const lines = [0, 1300, 2600].flatMap((shiftMs) =>
        Array.from({ length: Math.floor((toMs - fromMs) / 4000) }, (_, index) =>
          work(fromMs + shiftMs + index * 4000, { kind: 'render-pages', pages: 1, holdMs: 4200 }),
        ),
      );
      return [...ordinary(random, 200), ...lines];
    },
  },
  {
    name: 'high-flat',
    id: 'H7',
    what: 'a working set of nine tenths of the quota, loaded at the start',
    expected: 'leave',
    quotaMiB: QUOTA_MIB,
    seconds: 180,
    plan: (random) => [
      work(300, { kind: 'load-catalogue', megabytes: random.whole(208, 220) }),
      ...ordinary(random, 180),
    ],
  },
  {
    name: 'huge-job',
    id: 'S1',
    what: 'one job of more than the quota for some seconds, given back',
    expected: 'leave',
    quotaMiB: QUOTA_MIB,
    seconds: 150,
    plan: (random) => [
      ...ordinary(random, 150),
      work(random.whole(60_000, 90_000), {
        kind: 'render-pages',
        pages: random.whole(9, 12),
        holdMs: random.whole(6000, 15_000),
      }),
    ],
  },
  {
    name: 'bloat-below',
    id: 'B1',
    what: 'stairs of imports that level off below the soft limit',
    expected: 'leave',
    quotaMiB: QUOTA_MIB,
    seconds: 210,
    plan: (random) => [
      ...ordinary(random, 210),
      ...imports(random, { most: random.whole(65, 85), count: 7, fromMs: 20_000, toMs: 150_000 }),
    ],
  },
  {
    name: 'leak-that-stops',
    id: 'L5',
    what: 'a cache without a bound over a finite catalogue, walked from end to end',
    expected: 'leave',
    quotaMiB: QUOTA_MIB,
    seconds: 210,
    plan(random) {
      const values = random.whole(2200, 3400);
      const untilMs = random.whole(100_000, 130_000);
      const times = every(random, { fromMs: 1000, toMs: untilMs, everyMs: 350 });
      const keysOfAJob = Math.ceil(values / times.length);
      const walks = times.map((atMs, index) =>
        work(atMs, {
          kind: 'look-up',
          keys: Array.from({ length: keysOfAJob }, (_, key) => index * keysOfAJob + key),
          valueKilobytes: 40,
        }),
      );
      return [...walks, ...ordinary(random, 210)];
    },
  },
];
