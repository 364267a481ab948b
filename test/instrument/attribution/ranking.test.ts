import { describe, expect, it } from 'vitest';
import { CASES, innocent, MB, rank } from '../../../evaluation/attribution/cases.ts';
import { JobMonitor } from '../../../src/instrument/jobs/job-monitor.ts';

const SEEDS = 100;
/** Of cases that take long to tell and are not always right. */
const FEWER_SEEDS = 20;

describe('which job name makes the process grow', () => {
  it.each(CASES.filter(({ leastShare }) => leastShare !== 0))(
    'is told of $what',
    ({ names, guilty, jobs = 1000, noiseBytes, leastShare = 1 }) => {
      const seeds = leastShare === 1 ? SEEDS : FEWER_SEEDS;
      const wrong: number[] = [];
      for (let seed = 1; seed <= seeds; seed += 1) {
        const { order } = rank(names, { seed, jobs, noiseBytes });
        if (guilty.some((name, place) => order[place] !== name)) wrong.push(seed);
      }
      expect(wrong.length, `seeds ${wrong}`).toBeLessThanOrEqual(seeds * (1 - leastShare));
    },
  );

  it('gives the name that takes it most of the sum, and a slow innocent next to nothing', () => {
    const names = [{ meanMs: 100, keepsBytes: MB }, innocent(500), innocent(100), innocent(100)];
    const { netBytes, kept } = rank(names, { seed: 1, jobs: 2000 });
    const total = kept[0] ?? 0;
    expect((netBytes[0] ?? 0) / total).toBeGreaterThan(0.9);
    expect(Math.abs(netBytes[1] ?? 0) / total).toBeLessThan(0.1);
  });

  it('parts what two names did that always run together, and blames neither alone', () => {
    const world = { rss: 0, now: 0 };
    const monitor = new JobMonitor({
      maxJobNames: 9,
      readRssBytes: () => world.rss,
      nowMs: () => world.now,
      tellEnd: () => {},
    });
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
