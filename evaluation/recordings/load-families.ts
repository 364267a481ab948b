import { BEFORE_START_MS, every, ordinary, type RecordedFamily, SECOND_MS, work } from './family.ts';
import type { Work } from './jobs.ts';
import { arriving, backlog, type DrawJob, day, media, series, waves } from './load-plans.ts';

/**
 * Workers that run many jobs at the same time and are never idle while the load lasts. Each label says what is right at
 * equal load: a fresh boot would run the same jobs at that moment and hold the same memory for them, so a restart gives
 * back only what no running job holds.
 */

const QUOTA_MIB = 1024;
const LEAVE: readonly RecordedFamily[] = [
  {
    name: 'shifts',
    id: 'W2',
    what:
      '22 jobs of 33 to 46 MB at a time throughout a shift, short jobs between shifts; ' +
      'a fresh boot would hold the same',
    expected: 'leave',
    load: 'alone',
    quotaMiB: QUOTA_MIB,
    seconds: 250,
    concurrency: 22,
    plan(random) {
      const firstMs = random.whole(12_000, 25_000);
      const secondMs = firstMs + random.whole(115_000, 130_000);
      const shift = (atMs: number, lastsMs: number) => backlog(random, { atMs, lastsMs, concurrency: 22, job: media });
      return [
        ...ordinary(random, 250),
        ...shift(firstMs, random.whole(80_000, 90_000)),
        ...shift(secondMs, random.whole(60_000, 75_000)),
      ];
    },
  },
  {
    name: 'working-day',
    id: 'W1',
    what: 'up to 23 jobs of 33 to 46 MB at a time, as in a day: rises, stays, falls; a fresh boot would hold the same',
    expected: 'leave',
    load: 'alone',
    quotaMiB: QUOTA_MIB,
    seconds: 280,
    concurrency: 30,
    plan(random) {
      const [fromMs, toMs] = [random.whole(5_000, 12_000), random.whole(255_000, 265_000)];
      const atATime = day({ fromMs, toMs, min: 2, max: random.between(20, 23), edge: random.between(0.18, 0.3) });
      return [...ordinary(random, 280), ...arriving(random, { fromMs, toMs, atATime, job: media })];
    },
  },
  {
    name: 'bursts',
    id: 'W4',
    what: '22 jobs of 33 to 46 MB for half a minute, several times; a fresh boot would hold the same',
    expected: 'leave',
    load: 'alone',
    quotaMiB: QUOTA_MIB,
    seconds: 270,
    concurrency: 22,
    plan(random) {
      const starts = every(random, { fromMs: random.whole(15_000, 25_000), toMs: 215_000, everyMs: 62_000 });
      const bursts = starts.map((atMs) =>
        backlog(random, { atMs, lastsMs: random.whole(26_000, 34_000), concurrency: 22, job: media }),
      );
      return [...ordinary(random, 270), ...bursts.flat()];
    },
  },
  {
    name: 'streaming',
    id: 'W3',
    what:
      'one job that streams through 40 to 50 % of the quota for minutes, small ones next to it; ' +
      'a fresh boot would take it up again',
    expected: 'leave',
    load: 'alone',
    quotaMiB: QUOTA_MIB,
    seconds: 240,
    concurrency: 20,
    plan(random) {
      const fromMs = random.whole(25_000, 40_000);
      const streams: Work = {
        kind: 'stream-export',
        pages: random.whole(11, 14),
        pageMs: random.whole(700, 1100),
        runsMs: random.whole(130_000, 155_000),
      };
      const atATime = () => 9;
      return [
        ...ordinary(random, 240),
        work(fromMs, streams),
        ...arriving(random, { fromMs: 2_000, toMs: 235_000, atATime, job: media }),
      ];
    },
  },
  {
    name: 'backlog',
    id: 'W8',
    what:
      'a queue full of jobs of 33 to 46 MB when the worker starts, 22 at a time until it is empty; ' +
      'a fresh boot would hold the same',
    expected: 'leave',
    load: 'alone',
    quotaMiB: QUOTA_MIB,
    seconds: 240,
    concurrency: 22,
    plan: (random) => [
      ...backlog(random, {
        atMs: BEFORE_START_MS,
        lastsMs: random.whole(140_000, 180_000),
        concurrency: 22,
        job: media,
      }),
      ...ordinary(random, 240),
    ],
  },
  {
    name: 'over-quota-load',
    id: 'W9',
    what:
      'up to 30 jobs of 33 to 46 MB at a time: over the quota by load alone, then back; ' +
      'a fresh boot would be over it too',
    expected: 'leave',
    load: 'alone',
    quotaMiB: QUOTA_MIB,
    seconds: 250,
    concurrency: 36,
    plan(random) {
      const [fromMs, toMs] = [random.whole(5_000, 12_000), random.whole(225_000, 235_000)];
      const atATime = day({ fromMs, toMs, min: 2, max: random.between(27, 30), edge: random.between(0.2, 0.35) });
      return [...ordinary(random, 250), ...arriving(random, { fromMs, toMs, atATime, job: media })];
    },
  },
  {
    name: 'late-collection',
    id: 'W2',
    what:
      '33 jobs of 16 to 32 MB of numbers on the heap at a time, which V8 collects late; ' +
      'a fresh boot would hold the same',
    expected: 'leave',
    load: 'alone',
    quotaMiB: QUOTA_MIB,
    seconds: 270,
    concurrency: 33,
    // As many apps set it: the quota itself.
    nodeFlags: ['--max-old-space-size=1024'],
    plan(random) {
      const [firstMs, secondMs] = [random.whole(12_000, 20_000), random.whole(145_000, 155_000)];
      const shift = (atMs: number, lastsMs: number) => backlog(random, { atMs, lastsMs, concurrency: 33, job: series });
      // Numbers that soon are garbage, so that V8 has a reason to collect after a shift as well.
      const megabytes = random.between(3, 3.5);
      const garbage = every(random, { fromMs: 2_000, toMs: 270_000, everyMs: 400 }).map((atMs) =>
        work(atMs, { kind: 'aggregate', megabytes, livesMs: 1_000 }),
      );
      return [
        ...ordinary(random, 270),
        ...garbage,
        ...shift(firstMs, random.whole(70_000, 80_000)),
        ...shift(secondMs, random.whole(50_000, 60_000)),
      ];
    },
  },
  {
    name: 'late-release',
    id: 'W1',
    what:
      'up to 22 jobs of 38 MB at a time, in buffers that a pool frees 20 to 40 s later; ' +
      'a fresh boot would hold the same',
    expected: 'leave',
    load: 'alone',
    // The pool keeps the buffers of its busiest moment.
    quotaMiB: 1280,
    seconds: 260,
    concurrency: 28,
    plan(random) {
      const [fromMs, toMs] = [random.whole(5_000, 12_000), random.whole(195_000, 205_000)];
      const atATime = day({ fromMs, toMs, min: 2, max: random.between(19, 22), edge: random.between(0.15, 0.25) });
      const keepMs = random.whole(20_000, 40_000);
      const job: DrawJob = (draws) => ({ kind: 'convert-in-pool', runsMs: draws.whole(4000, 8000), keepMs });
      return [...ordinary(random, 260), ...arriving(random, { fromMs, toMs, atATime, job })];
    },
  },
];

const ACT: readonly RecordedFamily[] = [
  {
    name: 'bloat-beneath-load',
    id: 'BW1',
    what:
      'stairs of imports beneath a load of 7 to 10 jobs of 33 to 46 MB at a time; ' +
      'a fresh boot would hold only these jobs',
    expected: 'bloat',
    load: 'over-growth',
    quotaMiB: QUOTA_MIB,
    seconds: 290,
    concurrency: 20,
    plan(random) {
      const atATime = waves(random, random.between(9.5, 10.5));
      const maxMegabytes = random.whole(320, 340);
      const stairs = [0.35, 0.6, 0.8, 0.95, 1, 0.98, 1].map((share, index) =>
        work(45_000 + index * 17_000 + random.whole(0, 6_000), {
          kind: 'import-records',
          megabytes: Math.round(maxMegabytes * share * random.between(0.97, 1)),
          seed: random.whole(1, 1_000_000),
        }),
      );
      return [
        ...ordinary(random, 290),
        ...arriving(random, { fromMs: 1_000, toMs: 290_000, atATime, job: media }),
        ...stairs,
      ];
    },
  },
  {
    name: 'leak-beneath-load',
    id: 'LW1',
    what:
      'each job of one of four names leaves something behind, ' +
      'beneath a load of 6 to 10 jobs of 16 to 46 MB at a time; a fresh boot would hold only these jobs',
    expected: 'leak',
    load: 'over-growth',
    quotaMiB: QUOTA_MIB,
    seconds: 280,
    concurrency: 20,
    plan(random) {
      const atATime = waves(random, random.between(8.5, 10));
      const load = (share: number, job: DrawJob) =>
        arriving(random, { fromMs: 1_000, toMs: 280_000, atATime: (atMs) => share * atATime(atMs), job });
      // Fills what the bare worker and its load leave of the quota in 150 to 190 s.
      const kilobytes = Math.round((550 * 1024) / random.whole(150, 190) / 3);
      const made = random.pick(['objects', 'buffers'] as const);
      return [
        ...ordinary(random, 280),
        ...load(0.7, media),
        ...load(0.3, series),
        ...every(random, { fromMs: 500, toMs: 280_000, everyMs: SECOND_MS / 3 }).map((atMs) =>
          work(atMs, { kind: 'follow-customer', kilobytes, made }),
        ),
      ];
    },
  },
];

export const UNDER_LOAD: readonly RecordedFamily[] = [...LEAVE, ...ACT];
