import { describe, expect, it } from 'vitest';
import { BYTE_BUCKETS } from '../../src/instrument/export/buckets.ts';
import { type JobLimits, JobTotals, jobLimitsFor } from '../../src/job-totals/job-totals.ts';
import {
  GROWTH_BOUNDS,
  type GrowthCounts,
  type JobFigure,
  type JobKnown,
  type JobPoint,
} from '../../src/model/job-point.ts';
import { atOnce } from '../models/at-once.ts';
import { targetsOf } from './targets-of.ts';

const START_MS = 1_700_000_000_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const MB = 1024 ** 2;

const boot = (dyno = 'worker.1', bootId = `boot-of-${dyno}`, app: string | null = 'shop') => ({
  app,
  dyno,
  processType: 'worker',
  bootId,
  bootIdSource: 'platform' as const,
  startTimeMs: null,
  release: null,
});

interface Given {
  readonly figure?: JobFigure;
  readonly name?: string;
  readonly known?: JobKnown;
  readonly atMs?: number;
  readonly startMs?: number;
  readonly isDelta?: boolean;
  readonly growth?: GrowthCounts;
}

/** A series is identified by its name and how it is known, as its attributes are. */
function point(value: number, given: Given = {}): JobPoint {
  const { figure = 'net', name = 'import', known = 'exclusive', atMs = MINUTE_MS, startMs = START_MS } = given;
  const seriesId = [...`${name}/${known}`].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7);
  return {
    figure,
    seriesId,
    timeMs: START_MS + atMs,
    startMs,
    isDelta: given.isDelta ?? false,
    value,
    growth: given.growth ?? null,
    labels: () => ({ queue: 'q', name, known }),
  };
}

const sender = { id: 'one-token', speaksForAll: false };

function world(limits: JobLimits = jobLimitsFor(2 ** 30)) {
  const totals = new JobTotals(limits);
  const nowMs = START_MS + HOUR_MS;
  return {
    totals,
    take: (points: readonly JobPoint[], { of = boot(), processId = 'p1' } = {}) =>
      totals.take({ boot: of, processId }, points, { nowMs, sender }),
    jobs: () => targetsOf(totals, nowMs).flatMap(({ jobs }) => jobs),
    target: () => targetsOf(totals, nowMs)[0],
    nowMs,
  };
}

describe('the growth of a job name', () => {
  it('is the whole sum of a process that was measured before this actuator began', () => {
    const { take, jobs, target } = world();
    take([point(388 * MB), point(1204, { figure: 'runs' })]);
    expect(jobs()).toMatchObject([{ queue: 'q', name: 'import', netBytes: 388 * MB, runs: 1204, known: 'exclusive' }]);
    expect(target()?.sinceMs).toBe(START_MS);
  });

  it('follows a sum that rises and falls, and adds no repetition', () => {
    const { take, jobs } = world();
    for (const [minute, net] of [10, 30, -5].entries()) take([point(net, { atMs: (minute + 1) * MINUTE_MS })]);
    take([point(-5, { atMs: 3 * MINUTE_MS })]);
    take([point(30, { atMs: 2 * MINUTE_MS })]);
    expect(jobs()[0]?.netBytes).toBe(-5);
  });

  it('adds differences up, each of them once', () => {
    const { take, jobs } = world();
    const runs = { figure: 'runs', isDelta: true } as const;
    for (const atMs of [MINUTE_MS, 2 * MINUTE_MS, 2 * MINUTE_MS]) {
      take([point(10, { atMs, isDelta: true }), point(3, { ...runs, atMs })]);
    }
    expect(jobs()).toMatchObject([{ netBytes: 20, runs: 6 }]);
  });

  it('goes on where a process of the same id counts from a new start, and where a new process does', () => {
    const { take, jobs } = world();
    take([point(100), point(7, { figure: 'runs' })]);
    const restarted = { atMs: 9 * MINUTE_MS, startMs: START_MS + 8 * MINUTE_MS };
    take([point(40, restarted), point(2, { figure: 'runs', ...restarted })]);
    take([point(5), point(1, { figure: 'runs' })], { processId: 'p2' });
    expect(jobs()).toMatchObject([{ netBytes: 145, runs: 10 }]);
  });

  it('takes a count that falls for a new start where no start is sent', () => {
    const { take, jobs } = world();
    take([point(7, { figure: 'runs', startMs: 0 })]);
    take([point(2, { figure: 'runs', startMs: 0, atMs: 2 * MINUTE_MS })]);
    expect(jobs()[0]?.runs).toBe(9);
  });

  it('is summed over the dynos of a target, which are named by their share', () => {
    const { take, jobs } = world();
    take([point(10)], { of: boot('worker.1') });
    take([point(300)], { of: boot('worker.2') });
    take([point(50, { name: 'mail' })], { of: boot('worker.2') });
    expect(jobs()).toMatchObject([
      { name: 'import', netBytes: 310, dynos: [{ dyno: 'worker.2', netBytes: 300 }, { dyno: 'worker.1' }] },
      { name: 'mail', netBytes: 50 },
    ]);
  });

  it('is known as most of its runs are', () => {
    const { take, jobs } = world();
    take([point(1, { figure: 'runs' }), point(90, { figure: 'runs', known: 'estimated' })]);
    expect(jobs()).toMatchObject([{ runs: 91, known: 'estimated' }]);
  });

  it('is apart from what grew while no job ran', () => {
    const { take, jobs, target } = world();
    take([point(-12, { name: '_idle' }), point(5)]);
    expect(jobs()).toHaveLength(1);
    expect(target()?.idleNetBytes).toBe(-12);
  });
});

describe('the growth of one run', () => {
  const growth = (counts: readonly number[], max: number | null = null): GrowthCounts => ({
    bounds: [1 * MB, 4 * MB, 16 * MB],
    counts,
    sum: counts.reduce((sum, count, at) => sum + count * 4 ** at * MB, 0),
    max,
  });
  const grown = (counts: readonly number[], runs: number, max: number | null = null) => {
    const { take, jobs } = world();
    take([point(0), point(1, { figure: 'growth', growth: growth(counts, max) }), point(runs, { figure: 'runs' })]);
    return jobs()[0];
  };

  it('has a median from the buckets, and a worst one', () => {
    expect(grown([0, 10, 0, 0], 10, 3 * MB)).toMatchObject({ growthMedianBytes: 2 * MB, growthWorstBytes: 3 * MB });
    expect(grown([0, 9, 1, 0], 10)).toMatchObject({ growthWorstBytes: 16 * MB });
  });

  it('counts the runs that did not grow', () => {
    expect(grown([0, 10, 0, 0], 100)).toMatchObject({ growthMedianBytes: 0, heldPerRunBytes: Math.round(0.4 * MB) });
  });

  it('is put together where senders choose other buckets', () => {
    const { take, jobs } = world();
    take([point(1, { figure: 'growth', growth: growth([0, 5, 0, 0]) })]);
    const other = { bounds: [2 * MB], counts: [5, 0], sum: 5 * MB, max: 2 * MB };
    take([point(1, { figure: 'growth', growth: other })], { processId: 'p2' });
    expect(jobs()).toMatchObject([{ growthWorstBytes: 2 * MB }]);
    expect(jobs()[0]?.growthMedianBytes).toBeGreaterThan(1 * MB);
  });

  it('is in no bucket where it came without: the worst is known then, and the median is not', () => {
    const { take, jobs } = world();
    take([point(5, { figure: 'growth', growth: { bounds: [], counts: [5], sum: 10 * MB, max: 3 * MB } })]);
    take([point(5, { figure: 'runs' })]);
    expect(jobs()).toMatchObject([{ growthMedianBytes: null, growthWorstBytes: 3 * MB, heldPerRunBytes: 2 * MB }]);
  });

  it('is kept in the buckets that workers send', () => {
    expect(GROWTH_BOUNDS).toEqual(BYTE_BUCKETS);
  });
});

describe('what is kept', () => {
  it('names the suspects of one boot, the worst first, and none that shrank', () => {
    const { take, totals } = world();
    take([point(5, { name: 'a' }), point(50, { name: 'b' }), point(-9, { name: 'c' }), point(99, { name: '_idle' })]);
    expect(totals.suspects(boot(), 5).map(({ name }) => name)).toEqual(['b', 'a']);
    expect(totals.suspects(boot('worker.1', 'another-boot'), 5)).toEqual([]);
  });

  it('is of a day: a boot that was silent for longer is forgotten, and makes room', () => {
    const { take, totals, nowMs } = world();
    take([point(5)]);
    atOnce(totals.prune(nowMs + 24 * HOUR_MS));
    expect(totals).toMatchObject({ bytes: 0 });
    expect(targetsOf(totals, nowMs)).toEqual([]);
  });

  it('keeps the sums of a process that gave way to others in a dyno that forks without end', () => {
    const { take, jobs, totals } = world();
    for (let fork = 0; fork < 500; fork += 1) {
      take([point(2, { atMs: MINUTE_MS + fork }), point(1, { figure: 'runs', atMs: MINUTE_MS + fork })], {
        processId: `p${fork}`,
      });
    }
    expect(jobs()).toMatchObject([{ netBytes: 1000, runs: 500 }]);
    expect(totals.bytes).toBeLessThan(64 * 4096);
  });

  it('separates boots of different apps, whatever ids they send', () => {
    const { take, totals, nowMs } = world();
    take([point(1)], { of: boot('worker.1', 'same', 'shop') });
    take([point(5)], { of: boot('worker.1', 'same', 'evil') });
    expect(targetsOf(totals, nowMs).map(({ app, jobs }) => [app, jobs[0]?.netBytes])).toEqual([
      ['shop', 1],
      ['evil', 5],
    ]);
  });

  it('shows what runs and is held now, of processes that still report', () => {
    const { take, totals, nowMs } = world();
    const now = (figure: JobFigure, value: number, atMs: number) => point(value, { figure, name: '', atMs });
    take([now('active', 3, HOUR_MS), now('held', 90, HOUR_MS)]);
    take([now('active', 8, 10 * MINUTE_MS)], { processId: 'gone' });
    expect(targetsOf(totals, nowMs)[0]?.queues).toEqual([{ queue: 'q', activeJobs: 3, heldBytes: 90 }]);
  });
});
