import { JobMonitor } from '../../src/instrument/jobs/job-monitor.ts';
import type { JobRun } from '../../src/instrument/jobs/job-run.ts';
import { playJobs, type SimulatedName } from './simulated-worker.ts';

export const MB = 1e6;

/** Standard deviation of what a reading is off. */
export const NOISE_BYTES = 0.3 * MB;

export interface Play {
  readonly seed: number;
  readonly jobs: number;
  readonly noiseBytes?: number | undefined;
}

export interface Ranked {
  /** Names, most bytes first. */
  readonly order: readonly number[];
  readonly netBytes: readonly number[];
  readonly kept: readonly number[];
}

/** What the sums over names say of a simulated worker: ten jobs at a time, readings off by 300 kB, collected some twenty times on the way. */
export function rank(names: readonly SimulatedName[], { seed, jobs, noiseBytes = NOISE_BYTES }: Play): Ranked {
  const world = { rss: 0, now: 0 };
  world.rss = 100 * MB;
  const monitor = new JobMonitor({
    maxJobNames: 100,
    readRssBytes: () => world.rss,
    nowMs: () => world.now,
    tellEnd: () => {},
  });
  const runs: JobRun[] = [];
  const netBytes = names.map(() => 0);
  const collect = () => {
    for (const { attributes, netBytes: bytes } of monitor.takeNetChanges()) {
      const name = Number(attributes['bullmq.job.name']);
      if (Number.isInteger(name)) netBytes[name] = (netBytes[name] ?? 0) + bytes;
    }
  };
  let ended = 0;
  const { kept } = playJobs(
    { names, concurrency: 10, jobs, noiseBytes, seed },
    {
      begins(name, rss, now) {
        Object.assign(world, { rss, now });
        return runs.push(monitor.begin({ queue: 'q', name: String(name), sandbox: null })) - 1;
      },
      ends(handle, rss, now) {
        Object.assign(world, { rss, now });
        monitor.end(runs[handle] as JobRun, 'completed');
        ended += 1;
        if (ended % Math.ceil(jobs / 20) === 0) collect();
      },
    },
  );
  collect();
  const order = netBytes.map((_, name) => name).sort((a, b) => (netBytes[b] ?? 0) - (netBytes[a] ?? 0));
  return { order, netBytes, kept };
}

export const innocent = (meanMs: number): SimulatedName => ({ meanMs });

const lender: SimulatedName = { meanMs: 100, borrowsBytes: 10 * MB };
/** Where what is lent is many times what is kept. */
const MOSTLY = 0.9;

export interface OverlapCase {
  readonly what: string;
  readonly names: readonly SimulatedName[];
  /** Names by what they keep, most first. */
  readonly guilty: readonly number[];
  readonly jobs?: number;
  readonly noiseBytes?: number;
  /** In which share of the seeds they must come first and in the right order; 0: only told of in docs/attribution.md. Default 1. */
  readonly leastShare?: number;
}

export const CASES: readonly OverlapCase[] = [
  ...(['start', 'end', 'evenly'] as const).flatMap((takes) =>
    [1, 2, 5].map((slower) => ({
      what: `one of four that takes memory (${takes}), beside one that runs ${slower} times as long`,
      names: [{ meanMs: 100, keepsBytes: MB, takes }, innocent(100 * slower), innocent(100), innocent(100)],
      guilty: [0],
    })),
  ),
  {
    what: 'one of two, beside one that runs five times as long',
    names: [{ meanMs: 100, keepsBytes: MB }, innocent(500)],
    guilty: [0],
  },
  {
    what: 'two of different size beside slow ones',
    names: [{ meanMs: 100, keepsBytes: 2 * MB }, { meanMs: 100, keepsBytes: MB }, innocent(500), innocent(200)],
    guilty: [0, 1],
  },
  {
    what: 'two of different size, the smaller one slow and both bit by bit',
    names: [
      { meanMs: 100, keepsBytes: 2 * MB, takes: 'evenly' },
      { meanMs: 300, keepsBytes: MB, takes: 'evenly' },
      innocent(500),
      innocent(200),
    ],
    guilty: [0, 1],
  },
  {
    what: 'one of twenty',
    names: [{ meanMs: 100, keepsBytes: MB }, ...Array.from({ length: 19 }, (_, index) => innocent(50 + 25 * index))],
    guilty: [0],
  },
  {
    what: 'one that takes much seldom: 20 MB in a twentieth of its jobs',
    names: [{ meanMs: 100, keepsBytes: 20 * MB, share: 0.05 }, innocent(500), innocent(100), innocent(100)],
    guilty: [0],
    jobs: 4000,
  },
  {
    what: 'one beside another that takes ten times as much and gives it back',
    names: [{ meanMs: 100, keepsBytes: MB }, { meanMs: 300, borrowsBytes: 10 * MB }, innocent(500), innocent(100)],
    guilty: [0],
    jobs: 2000,
  },
  {
    what: 'one, with readings off by 3 MB',
    names: [{ meanMs: 100, keepsBytes: MB }, innocent(500), innocent(100), innocent(100)],
    guilty: [0],
    noiseBytes: 3 * MB,
    leastShare: 0,
  },
  {
    what: 'one beside another that takes ten times as much and gives it back 0.2 s after its end',
    names: [{ meanMs: 100, keepsBytes: MB }, { ...lender, returnsAfterMs: 200 }, innocent(500), innocent(100)],
    guilty: [0],
    jobs: 20_000,
    leastShare: MOSTLY,
  },
  {
    what: 'one beside another that takes ten times as much and leaves it to a collector',
    names: [{ meanMs: 100, keepsBytes: MB }, { ...lender, leavesGarbage: true }, innocent(500), innocent(100)],
    guilty: [0],
    jobs: 20_000,
    leastShare: MOSTLY,
  },
  {
    what: 'one of four that all leave twice as much to a collector',
    names: [{ meanMs: 100, keepsBytes: MB }, innocent(100), innocent(500), innocent(100)].map((name) => ({
      ...name,
      borrowsBytes: 2 * MB,
      leavesGarbage: true,
    })),
    guilty: [0],
    jobs: 10_000,
    leastShare: MOSTLY,
  },
  {
    what: 'one beside another that takes ten times as much and gives it back 2 s after its end',
    names: [{ meanMs: 100, keepsBytes: MB }, { ...lender, returnsAfterMs: 2000 }, innocent(500), innocent(100)],
    guilty: [0],
    jobs: 20_000,
    leastShare: 0,
  },
];
