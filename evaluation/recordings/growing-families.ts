import type { Random } from '../random.ts';
import { every, ordinary, type PlannedWork, type RecordedFamily, type Span, work } from './family.ts';
import type { Made } from './jobs.ts';
import { churn, imports, LEAST, QUOTA_MIB } from './plans.ts';

const drawMade = (random: Random): Made => random.pick(['objects', 'buffers']);

/** Kilobytes a second that take a bare worker to its quota in about `seconds`. */
const leakPerSecond = (seconds: number) => (270 * 1024) / seconds;

interface Kept {
  readonly kilobytes: number;
  readonly made: Made;
}

function follow(random: Random, span: Span, { kilobytes, made }: Kept): readonly PlannedWork[] {
  return every(random, span).map((atMs) => work(atMs, { kind: 'follow-customer', kilobytes, made }));
}

/** Workers whose dyno is to be restarted. */
export const GROWING: readonly RecordedFamily[] = [
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
      // In buffers: memory kept on V8's heap makes the sawtooth higher and higher, until it hides the leak.
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
