import { describe, expect, it } from 'vitest';
import { JobMonitor, type JobRun } from '../../src/instrument/job-monitor.ts';
import { playJobs, type SimulatedName } from './overlapping-jobs.ts';

const SEEDS = 100;
const MB = 1e6;

interface Ranked {
  /** Names, most bytes first. */
  readonly order: readonly number[];
  readonly netBytes: readonly number[];
  readonly kept: readonly number[];
}

/** Ten jobs at a time, readings off by 300 kB, collected some twenty times on the way. */
function rank(names: readonly SimulatedName[], { seed, jobs }: { seed: number; jobs: number }): Ranked {
  const world = { rss: 0, now: 0 };
  world.rss = 100 * MB;
  const monitor = new JobMonitor({ maxJobNames: 100, readRssBytes: () => world.rss, nowMs: () => world.now });
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
    { names, concurrency: 10, jobs, noiseBytes: 0.3 * MB, seed },
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

const innocent = (meanMs: number): SimulatedName => ({ meanMs });

interface Case {
  readonly what: string;
  readonly names: readonly SimulatedName[];
  /** Names by what they keep, most first. */
  readonly guilty: readonly number[];
  readonly jobs?: number;
  /** Of 100 seeds. Default: all. */
  readonly least?: number;
}

const CASES: readonly Case[] = [
  ...(['start', 'end', 'evenly'] as const).flatMap((takes) =>
    [1, 2, 5].map((slower) => ({
      what: `one of four that takes memory (${takes}), beside one ${slower} times as slow`,
      names: [{ meanMs: 100, keepsBytes: MB, takes }, innocent(100 * slower), innocent(100), innocent(100)],
      guilty: [0],
    })),
  ),
  {
    what: 'one of two, beside one five times as slow',
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
];

describe('which job name makes the process grow', () => {
  it.each(CASES)('is told of $what', ({ names, guilty, jobs = 1000, least = SEEDS }) => {
    const wrong: number[] = [];
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const { order } = rank(names, { seed, jobs });
      if (guilty.some((name, place) => order[place] !== name)) wrong.push(seed);
    }
    expect(wrong.length, `seeds ${wrong}`).toBeLessThanOrEqual(SEEDS - least);
  });

  it('gives the name that takes it most of the sum, and a slow innocent next to nothing', () => {
    const names = [{ meanMs: 100, keepsBytes: MB }, innocent(500), innocent(100), innocent(100)];
    const { netBytes, kept } = rank(names, { seed: 1, jobs: 2000 });
    const total = kept[0] ?? 0;
    expect((netBytes[0] ?? 0) / total).toBeGreaterThan(0.9);
    expect(Math.abs(netBytes[1] ?? 0) / total).toBeLessThan(0.1);
  });

  it('parts what two names did that always run together, and blames neither alone', () => {
    const world = { rss: 0, now: 0 };
    const monitor = new JobMonitor({ maxJobNames: 9, readRssBytes: () => world.rss, nowMs: () => world.now });
    for (let round = 0; round < 50; round += 1) {
      const runs = ['a', 'b'].map((name) => monitor.begin({ queue: 'q', name, sandbox: null }));
      world.now += 100;
      world.rss += MB;
      for (const run of runs) monitor.end(run, 'completed');
      world.now += 10;
    }
    const net = monitor.takeNetChanges().map(({ netBytes }) => netBytes);
    expect(net).toHaveLength(2);
    expect(Math.min(...net)).toBeGreaterThan(10 * MB);
    expect((net[0] ?? 0) + (net[1] ?? 0)).toBe(50 * MB);
  });
});
