import type { Random } from '../random.ts';
import { every, ordinary, type PlannedWork, type RecordedFamily, SECOND_MS, type Span, work } from './family.ts';
import type { Made } from './jobs.ts';
import { UNDER_LOAD } from './load-families.ts';

/** A bare worker of Node 24 and BullMQ is a quarter to a third of it. */
const QUOTA_MIB = 384;

const drawMade = (random: Random): Made => random.pick(['objects', 'buffers']);

/** Imports that grow up to the largest: the stairs die out, for the next ones fit into what the allocator has kept. */
function imports(random: Random, { most, count, fromMs, toMs }: Imports): readonly PlannedWork[] {
  return Array.from({ length: count }, (_, index) => {
    const share = 1 - 0.75 * 0.45 ** index;
    const megabytes = Math.round(most * Math.min(1, share) * random.between(0.94, 1));
    const atMs = Math.round(fromMs + ((toMs - fromMs) * (index + random.between(0, 0.5))) / count);
    return work(atMs, { kind: 'import-records', megabytes, seed: random.whole(1, 1_000_000) });
  });
}

interface Imports {
  readonly most: number;
  readonly count: number;
  readonly fromMs: number;
  readonly toMs: number;
}

const LEAVE: readonly RecordedFamily[] = [
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
    what: 'the same, with so much of it that single teeth reach over the soft limit',
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

interface Churn {
  readonly megabytes: readonly [number, number];
  readonly livesMs: readonly [number, number];
}

const LITTLE: Churn = { megabytes: [2.5, 3.5], livesMs: [1500, 2500] };
const LEAST: Churn = { megabytes: [1.5, 2], livesMs: [1000, 1500] };
const MUCH: Churn = { megabytes: [4, 6], livesMs: [3000, 5000] };

function churn(random: Random, seconds: number, much: Churn): readonly PlannedWork[] {
  const megabytes = random.between(...much.megabytes);
  const livesMs = random.whole(...much.livesMs);
  return every(random, { fromMs: 2000, toMs: seconds * SECOND_MS, everyMs: 400 }).map((atMs) =>
    work(atMs, { kind: 'aggregate', megabytes, livesMs }),
  );
}

/** Kilobytes a second that take a bare worker to its quota in about so many seconds. */
const leakPerSecond = (seconds: number) => (270 * 1024) / seconds;

interface Kept {
  readonly kilobytes: number;
  readonly made: Made;
}

function follow(random: Random, span: Span, { kilobytes, made }: Kept): readonly PlannedWork[] {
  return every(random, span).map((atMs) => work(atMs, { kind: 'follow-customer', kilobytes, made }));
}

const ACT: readonly RecordedFamily[] = [
  {
    name: 'bloat-over',
    id: 'B2',
    what: 'stairs of imports that level off over the soft limit',
    expected: 'bloat',
    quotaMiB: QUOTA_MIB,
    seconds: 220,
    plan: (random) => [
      ...ordinary(random, 220),
      ...imports(random, { most: random.whole(145, 160), count: 7, fromMs: 20_000, toMs: 140_000 }),
    ],
  },
  {
    name: 'linear-leak',
    id: 'L1',
    what: 'a timer that keeps what it reads, whether jobs run or not',
    expected: 'leak',
    quotaMiB: QUOTA_MIB,
    seconds: 220,
    plan(random) {
      const kilobytes = Math.round(leakPerSecond(random.between(120, 180)) / 4);
      return [
        work(500, { kind: 'start-poller', everyMs: 250, kilobytes, made: drawMade(random) }),
        ...ordinary(random, 220),
      ];
    },
  },
  {
    name: 'leak-per-job',
    id: 'L2',
    what: 'each job leaves something behind; for a third of the time there are none',
    expected: 'leak',
    quotaMiB: QUOTA_MIB,
    seconds: 240,
    plan(random) {
      const busyMs = random.whole(45_000, 60_000);
      const idleMs = random.whole(18_000, 26_000);
      const kilobytes = Math.round(leakPerSecond(random.between(105, 135)) / 3);
      const made = drawMade(random);
      return Array.from({ length: 5 }, (_, day) => day * (busyMs + idleMs)).flatMap((dayMs) =>
        follow(random, { fromMs: dayMs + 500, toMs: dayMs + busyMs, everyMs: 333 }, { kilobytes, made }),
      );
    },
  },
  {
    name: 'leak-beneath-teeth',
    id: 'L3',
    what: 'each job leaves something behind, beneath a saw-tooth of garbage',
    expected: 'leak',
    quotaMiB: QUOTA_MIB,
    seconds: 240,
    nodeFlags: ['--max-semi-space-size=4'],
    plan: (random) => [
      ...churn(random, 240, LEAST),
      // In buffers: what is kept on V8's heap makes its teeth higher and higher, until they are all that can be seen.
      ...follow(
        random,
        { fromMs: 500, toMs: 240_000, everyMs: 333 },
        {
          kilobytes: Math.round(leakPerSecond(random.between(150, 190)) / 3),
          made: 'buffers',
        },
      ),
    ],
  },
  {
    name: 'late-leak',
    id: 'L4',
    what: 'each job leaves something behind, but only after a long while',
    expected: 'leak',
    quotaMiB: QUOTA_MIB,
    seconds: 230,
    plan(random) {
      const fromMs = random.whole(85_000, 110_000);
      const kilobytes = Math.round(leakPerSecond(random.between(75, 100)) / 3);
      const made = drawMade(random);
      return [
        ...ordinary(random, 230),
        ...follow(random, { fromMs, toMs: 230_000, everyMs: 333 }, { kilobytes, made }),
      ];
    },
  },
];

export const RECORDED_FAMILIES: readonly RecordedFamily[] = [...LEAVE, ...ACT, ...UNDER_LOAD];
