import { Random } from '../random.ts';
import { DEMO_NAMES, DEMO_TICK_MS } from './demo-work.ts';

/** How the jobs of one name use memory. Sizes are means: each job draws 50 to 150 % of them. */
export interface PlannedName {
  readonly name: string;
  /** Relative frequency. */
  readonly weight: number;
  readonly meanMs: number;
  /** What is allocated: one Buffer outside the V8 heap, or many small objects in it. */
  readonly kind: 'buffers' | 'objects';
  /** Bytes that a job keeps for as long as the process lives. */
  readonly keepsBytes: number;
  /** When a job allocates what it keeps. */
  readonly takes: 'start' | 'end' | 'evenly';
  /** Bytes that a job allocates and drops at once, in four steps. */
  readonly garbageBytes: number;
  /** Bytes that a job allocates at its start and drops at its end. */
  readonly holdsBytes: number;
  /** Milliseconds after its end at which a job drops what it holds; 0: at its end. */
  readonly dropsAfterMs: number;
}

/** One recorded run of a worker, drawn from its seed. */
export interface RunPlan {
  readonly seed: number;
  readonly concurrency: number;
  readonly jobs: number;
  /** Processes that burn a CPU core next to the worker. */
  readonly cpuHogs: number;
  /**
   * Jobs arrive in bursts, with pauses in which the worker runs out of jobs; otherwise all are there from the start.
   */
  readonly inBursts: boolean;
  /** Its jobs are those of `tidemark demo`, in the order and at the speed of one of its workers. */
  readonly isDemo: boolean;
  /** How often memory is read apart from starts and ends. */
  readonly tickMs: number;
  readonly names: readonly PlannedName[];
}

const MB = 1e6;

/**
 * Methods are chosen on `dev`; `test` is only for published figures. `short` has runs of a few seconds, also for
 * choosing;
 * `held` asks what running jobs hold. In `peaks` some names take much memory that comes back after their jobs have
 * ended. `twenty` is what people try by hand: 600 jobs of 20 names, one of which keeps 2 MB a job. `demo` is a worker
 * of `tidemark demo`, in which the C allocator keeps the memory, not JavaScript. The splits whose names end in `-test`
 * are only for published figures, too; `later-test` was recorded after the method was chosen.
 */
export const SPLITS = {
  dev: { first: 1, runs: 30 },
  test: { first: 101, runs: 24 },
  held: { first: 201, runs: 8 },
  short: { first: 301, runs: 24 },
  peaks: { first: 401, runs: 24 },
  'peaks-test': { first: 501, runs: 12 },
  twenty: { first: 601, runs: 10 },
  'twenty-test': { first: 611, runs: 10 },
  demo: { first: 701, runs: 6 },
  'demo-test': { first: 711, runs: 4 },
  'later-test': { first: 801, runs: 12 },
};
export type SplitName = keyof typeof SPLITS;

export function seedsOf(split: SplitName): readonly number[] {
  const { first, runs } = SPLITS[split];
  return Array.from({ length: runs }, (_, at) => first + at);
}

function isIn(splits: readonly SplitName[], seed: number): boolean {
  return splits.some((split) => seed >= SPLITS[split].first && seed < SPLITS[split].first + SPLITS[split].runs);
}

export function planOf(seed: number): RunPlan {
  if (isIn(['demo', 'demo-test'], seed)) return demoPlan(seed);
  if (isIn(['held'], seed)) return holdingPlan(seed);
  return hasPeaks(seed) ? peakingPlan(seed) : keepingPlan(seed);
}

/** Whether memory comes back after its jobs have ended. */
export function hasPeaks(seed: number): boolean {
  return isIn(['peaks', 'peaks-test'], seed);
}

const TICK_MS = 1000;

function demoPlan(seed: number): RunPlan {
  return {
    seed,
    concurrency: 2,
    jobs: DEMO_NAMES.reduce((sum, { jobs }) => sum + jobs, 0),
    cpuHogs: seed % 2 === 0 ? 1 : 0,
    inBursts: false,
    isDemo: true,
    tickMs: DEMO_TICK_MS,
    names: DEMO_NAMES.map(({ name }) => quiet(new Random(seed), name, 0)),
  };
}

/** Kept by all jobs of a run. More slows V8's collections down until the run measures little else. */
const MAX_KEPT_BYTES = { buffers: 1000 * MB, objects: 300 * MB };

function keepingPlan(seed: number): RunPlan {
  const random = new Random(seed);
  // One run in three has the shape that a user would try first.
  const isTwenty = isIn(['twenty', 'twenty-test'], seed);
  const isShort = isTwenty || isIn(['short'], seed);
  const isTypical = isShort || seed % 3 === 0;
  const concurrency = isTypical ? 10 : Math.round(random.logBetween(5, 50));
  const nameCount = isTwenty ? 20 : Math.round(random.logBetween(3, 20));
  const kind = random.pick(['buffers', 'buffers', 'objects'] as const);
  const keepsBytes = isTypical ? 2 * MB : random.logBetween(0.2, 2) * MB;
  const seconds = isShort ? random.between(3, 8) : random.logBetween(8, 50);
  const drawnJobs = isTypical ? 600 : random.logBetween(300, 20_000);
  const keepers = !isTwenty && nameCount > 3 && random.unit() < 0.35 ? 2 : 1;
  const jobs = Math.round(Math.min(drawnJobs, (MAX_KEPT_BYTES[kind] * nameCount) / (keepers * keepsBytes)));
  const meanMs = Math.min(1500, Math.max(3, (seconds * 1000 * concurrency) / jobs));
  const keeping = Array.from({ length: keepers }, (_, at): PlannedName => {
    return {
      ...quiet(random, `keeps-${at}`, meanMs),
      kind,
      // The second keeps less, so that they can be ranked.
      keepsBytes: at === 0 ? keepsBytes : 0.4 * keepsBytes,
      takes: random.pick(['start', 'end', 'evenly']),
      garbageBytes: random.unit() < 0.5 ? random.logBetween(0.02, 0.5) * MB : 0,
    };
  });
  const others = Array.from({ length: nameCount - keepers }, (_, at) => {
    const behaviour = random.pick(['slow', 'quick', 'garbage', 'garbage', 'holds'] as const);
    return neighbour(random, { name: `${behaviour}-${at}`, behaviour, meanMs });
  });
  return {
    seed,
    concurrency,
    jobs,
    cpuHogs: seed % 2 === 0 ? 1 : 0,
    inBursts: random.unit() < 0.3,
    isDemo: false,
    tickMs: TICK_MS,
    names: [...keeping, ...others],
  };
}

function quiet(random: Random, name: string, meanMs: number): PlannedName {
  return {
    name,
    weight: 1,
    meanMs: meanMs * random.between(0.7, 1.3),
    kind: 'buffers',
    keepsBytes: 0,
    takes: 'start',
    garbageBytes: 0,
    holdsBytes: 0,
    dropsAfterMs: 0,
  };
}

interface Neighbour {
  readonly name: string;
  readonly behaviour: 'slow' | 'quick' | 'garbage' | 'holds';
  readonly meanMs: number;
}

function neighbour(random: Random, { name, behaviour, meanMs }: Neighbour): PlannedName {
  const plain = { ...quiet(random, name, meanMs), kind: random.pick(['buffers', 'objects'] as const) };
  if (behaviour === 'slow') return { ...plain, meanMs: meanMs * random.between(2, 5) };
  if (behaviour === 'garbage') return { ...plain, garbageBytes: random.logBetween(0.1, 3) * MB };
  if (behaviour === 'holds') return { ...plain, holdsBytes: random.logBetween(0.1, 3) * MB };
  return plain;
}

/**
 * Two minutes in bursts, with some names that hold memory while they run; every other run also has a name that keeps
 * some.
 */
function holdingPlan(seed: number): RunPlan {
  const random = new Random(seed);
  const concurrency = random.whole(10, 50);
  const meanMs = random.logBetween(200, 1500);
  const names = Array.from({ length: random.whole(3, 6) }, (_, at): PlannedName => {
    const plain = { ...quiet(random, `name-${at}`, meanMs), kind: random.pick(['buffers', 'objects'] as const) };
    if (at < 2) return { ...plain, holdsBytes: random.logBetween(1, 8) * MB };
    if (at === 2 && seed % 2 === 0) return { ...plain, keepsBytes: 0.1 * MB };
    return { ...plain, garbageBytes: random.unit() < 0.5 ? random.logBetween(0.1, 1) * MB : 0 };
  });
  const jobs = Math.round((90_000 * concurrency) / meanMs);
  return {
    seed,
    concurrency,
    jobs,
    cpuHogs: seed % 4 === 0 ? 1 : 0,
    inBursts: true,
    isDemo: false,
    tickMs: TICK_MS,
    names,
  };
}

/**
 * glibc gives a block of more than 32 MiB back to the system as soon as it is freed. Each job draws half of the mean or
 * more.
 */
const MIN_PEAK_BYTES = 2 * 34 * 2 ** 20;

/**
 * Up to two minutes in bursts. One or two names take 70 to 150 MB and drop it at the end of the job or up to 30 s
 * later; what they drop comes back with the next collection. One name keeps 1 to 4 MB a job. In every third run one job
 * runs at a time.
 */
function peakingPlan(seed: number): RunPlan {
  const random = new Random(seed);
  const concurrency = seed % 3 === 0 ? 1 : random.whole(2, 12);
  const jobs = random.whole(100, 400);
  const meanMs = (random.logBetween(12_000, 60_000) * concurrency) / jobs;
  const names = [
    {
      ...quiet(random, 'keeps-0', meanMs),
      kind: random.pick(['buffers', 'objects'] as const),
      keepsBytes: random.logBetween(1, 4) * MB,
      takes: random.pick(['start', 'end', 'evenly'] as const),
    },
    ...Array.from({ length: random.whole(1, 2) }, (_, at) => ({
      ...quiet(random, `peaks-${at}`, meanMs),
      holdsBytes: random.between(MIN_PEAK_BYTES, 150 * MB),
      dropsAfterMs: random.unit() < 0.5 ? 0 : random.logBetween(1000, 30_000),
    })),
    ...Array.from({ length: random.whole(1, 4) }, (_, at) => {
      const behaviour = random.pick(['slow', 'quick', 'garbage', 'holds'] as const);
      return neighbour(random, { name: `${behaviour}-${at}`, behaviour, meanMs });
    }),
  ];
  return {
    seed,
    concurrency,
    jobs,
    cpuHogs: seed % 2 === 0 ? 1 : 0,
    inBursts: true,
    isDemo: false,
    tickMs: TICK_MS,
    names,
  };
}
