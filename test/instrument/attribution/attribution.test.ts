import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JobNameTotals } from '../../../src/instrument/attribution/job-name-totals.ts';
import { RssAttributor } from '../../../src/instrument/attribution/rss-attributor.ts';
import type { RunningJob } from '../../../src/instrument/attribution/running-job.ts';
import { nativeMemory } from './native-memory.ts';

type Step = { readonly afterMs: number } & (
  | { readonly do: 'begin'; readonly name: number; readonly rss: number }
  | { readonly do: 'end'; readonly which: number; readonly rss: number }
  | { readonly do: 'observe'; readonly rss: number }
  | { readonly do: 'take' }
);

const rss = fc.integer({ min: 0, max: 2 ** 40 });
const afterMs = fc.oneof(fc.constant(0), fc.constant(0.1), fc.integer({ min: 1, max: 10_000_000 }));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('begin' as const), name: fc.nat(), rss, afterMs }),
  fc.record({ do: fc.constant('end' as const), which: fc.nat(), rss, afterMs }),
  fc.record({ do: fc.constant('observe' as const), rss, afterMs }),
  fc.record({ do: fc.constant('take' as const), afterMs }),
);

const NAMES = 4;

/** An attributor whose clock the test moves, and the sums of all that it reported. */
function harness(firstRss: number) {
  const world = { now: 0 };
  const attributor = new RssAttributor(nativeMemory(firstRss), 0);
  const totals = Array.from({ length: NAMES }, () => attributor.addName());
  const reported = { names: totals.map(() => 0), idle: 0 };
  return {
    world,
    reported,
    attributor,
    begin: (name: number, rss: number) =>
      attributor.begin(totals[name % NAMES] as JobNameTotals, nativeMemory(rss), world.now),
    observe: (rss: number) => attributor.observe(nativeMemory(rss), world.now),
    end: (job: RunningJob, rss: number) => attributor.end(job, nativeMemory(rss), world.now),
    take: () => {
      attributor.split(world.now);
      totals.forEach((nameTotals, name) => {
        reported.names[name] = (reported.names[name] ?? 0) + nameTotals.takeBytes(Number.POSITIVE_INFINITY);
      });
      reported.idle += attributor.takeIdleBytes();
    },
  };
}

/** Plays the steps, then ends every job that still runs. */
function play(firstRss: number, steps: readonly Step[]) {
  const { world, reported, begin, observe, end, take } = harness(firstRss);
  const running: RunningJob[] = [];
  let last = firstRss;
  for (const one of steps) {
    world.now += one.afterMs;
    if (one.do === 'take') take();
    else last = one.rss;
    if (one.do === 'begin') running.push(begin(one.name, last));
    if (one.do === 'observe') observe(last);
    const [job] = one.do === 'end' ? running.splice(one.which % Math.max(1, running.length), 1) : [];
    if (job !== undefined) end(job, last);
    else if (one.do === 'end') observe(last);
  }
  for (const job of running) end(job, last);
  take();
  return { last, reported };
}

const total = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0);

describe('attribution of RSS change', () => {
  it('conserves: names and idle sum up to the last reading less the first, for any interleaving', () => {
    fc.assert(
      fc.property(rss, fc.array(step, { maxLength: 200 }), (firstRss, steps) => {
        const { last, reported } = play(firstRss, steps);
        expect(total(reported.names) + reported.idle).toBe(last - firstRss);
        expect(reported.names.every(Number.isInteger)).toBe(true);
      }),
    );
  });

  it('gives a lone job all of the change over its life', () => {
    const { reported, begin, observe, end, take } = harness(100);
    const job = begin(0, 150);
    observe(400);
    const { netBytes, peakBytes, exclusive } = end(job, 350);
    expect({ netBytes, peakBytes, exclusive }).toEqual({ netBytes: 200, peakBytes: 200, exclusive: true });
    take();
    expect(reported).toEqual({ names: [200, 0, 0, 0], idle: 50 });
  });

  it('gives a name all of the change while only its jobs ran, however many', () => {
    const { world, reported, begin, end, take } = harness(0);
    const jobs = [begin(0, 0), begin(0, 0), begin(0, 0)];
    world.now = 10;
    const shares = jobs.map((job) => end(job, 900));
    take();
    expect(reported.names).toEqual([900, 0, 0, 0]);
    expect(shares.map(({ netBytes }) => netBytes)).toEqual([300, 300, 300]);
  });

  it('blames a job only for the time in which it ran', () => {
    const { world, reported, begin, end, take } = harness(0);
    const first = begin(0, 0);
    world.now = 10;
    const second = begin(1, 1000);
    world.now = 20;
    end(second, 1010);
    world.now = 30;
    end(first, 1110);
    take();
    expect(reported.names[0]).toBeGreaterThanOrEqual(1100);
    expect(reported.names[1]).toBeLessThanOrEqual(10);
  });

  it('calls a job exclusive only when no other ran at any time of its life', () => {
    const { begin, end } = harness(0);
    const long = begin(0, 0);
    const inside = begin(1, 0);
    expect(end(inside, 0).exclusive).toBe(false);
    expect(end(long, 0).exclusive).toBe(false);
    expect(end(begin(0, 0), 0).exclusive).toBe(true);
  });

  it('corrects what it reported before, once it knows better', () => {
    const { world, reported, begin, end, take } = harness(0);
    let rss = 0;
    const pair = (grows: number) => {
      const jobs = [begin(0, rss), begin(1, rss)];
      world.now += 100;
      rss += grows;
      for (const job of jobs) end(job, rss);
    };
    // Of one pair nobody can tell: they ran together. Then the second runs many times, and nothing grows.
    pair(1000);
    take();
    const before = reported.names[1] ?? 0;
    for (let round = 0; round < 50; round += 1) {
      const slow = begin(1, rss);
      const other = begin(2, rss);
      world.now += 100;
      end(slow, rss);
      end(other, rss);
    }
    take();
    expect(before).toBeGreaterThan(300);
    expect(reported.names[1]).toBeLessThan(before / 4);
    expect(total(reported.names)).toBe(1000);
  });

  it('counts what is given back against the jobs that run then', () => {
    const { begin, end } = harness(500);
    expect(end(begin(0, 500), 200).netBytes).toBe(-300);
  });

  it('keeps the peak of a job that freed what it took, if it was read meanwhile', () => {
    const { world, attributor, begin, observe, end } = harness(0);
    const job = begin(0, 0);
    world.now = 100;
    observe(80e6);
    attributor.notePeaks();
    world.now = 200;
    expect(end(job, 1e6)).toMatchObject({ netBytes: 1e6, peakBytes: 80e6 });
  });

  it('notes a peak by itself when much is given back', () => {
    const { world, begin, observe, end } = harness(0);
    const job = begin(0, 0);
    world.now = 100;
    observe(80e6);
    world.now = 200;
    observe(0);
    expect(end(job, 0)).toMatchObject({ netBytes: 0, peakBytes: 80e6 });
  });

  it('reports change before the first job once, as idle', () => {
    const { attributor, observe } = harness(0);
    observe(7);
    expect([attributor.takeIdleBytes(), attributor.takeIdleBytes()]).toEqual([7, 0]);
  });

  it('does not charge a name with peaks that come back after its jobs have ended', () => {
    const { world, reported, begin, end, observe, take } = harness(0);
    let rss = 0;
    for (let round = 0; round < 20; round += 1) {
      const peak = begin(0, rss);
      world.now += 500;
      end(peak, rss + 300e6);
      world.now += 1000;
      // While no job runs, or while the next one does.
      if (round % 2 === 0) observe(rss);
      const keeper = begin(1, round % 2 === 0 ? rss : rss + 300e6);
      world.now += 500;
      rss += 1e6;
      end(keeper, rss);
      world.now += 100;
      take();
    }
    expect(total(reported.names) + reported.idle).toBe(20e6);
    const [peaks = 0, keeps = 0] = reported.names;
    expect(keeps).toBeGreaterThan(Math.max(peaks, reported.idle));
    expect(Math.min(peaks, reported.idle)).toBeGreaterThanOrEqual(0);
  });

  it('keeps no more than 128 totals apart, however many names and queues there are', () => {
    const attributor = new RssAttributor(nativeMemory(0), 0);
    const totals = Array.from({ length: 1000 }, () => attributor.addName());
    expect(new Set(totals).size).toBe(128);
  });

  it('gives those who share totals in proportion to their jobs, and nothing twice', () => {
    const attributor = new RssAttributor(nativeMemory(0), 0);
    const nameTotals = attributor.addName();
    const jobs = Array.from({ length: 10 }, () => attributor.begin(nameTotals, nativeMemory(0), 0));
    attributor.observe(nativeMemory(1_000), 10);
    for (const job of jobs) attributor.end(job, nativeMemory(1_000), 10);
    attributor.split(10);
    expect([
      nameTotals.takeBytes(3),
      nameTotals.takeBytes(0),
      nameTotals.takeBytes(7),
      nameTotals.takeBytes(0),
    ]).toEqual([300, 0, 700, 0]);
  });

  it('adds nothing to a job that has ended already', () => {
    const { begin, end } = harness(0);
    const job = begin(0, 0);
    end(job, 10);
    expect(end(job, 90).netBytes).toBe(10);
  });
});
