import { describe, expect, it } from 'vitest';
import { type JobLimits, JobTotals, jobLimitsFor } from '../../src/job-totals/job-totals.ts';
import type { GrowthCounts, JobFigure, JobPoint } from '../../src/model/job-point.ts';
import { targetsOf } from './targets-of.ts';

const MIB = 1024 ** 2;
const NOW_MS = 1_700_000_000_000;
const LATER_MS = NOW_MS + 11 * 60_000;
const LIMITS = jobLimitsFor(64 * MIB);

function points(
  figure: JobFigure,
  count: number,
  { growth = null as GrowthCounts | null, word = '' } = {},
): JobPoint[] {
  return Array.from({ length: count }, (_, index) => ({
    figure,
    seriesId: index,
    timeMs: NOW_MS,
    startMs: NOW_MS - 1000,
    isDelta: false,
    value: index,
    growth,
    labels: () => ({ queue: 'q', name: `${word}${index}`, known: 'exclusive' as const }),
  }));
}

function boot(app: string, dyno: string) {
  return {
    ...{ app, dyno, processType: 'worker', bootId: `boot-of-${dyno}`, bootIdSource: 'platform' as const },
    ...{ startTimeMs: null, release: null },
  };
}

function world(limits: JobLimits = LIMITS) {
  const totals = new JobTotals(limits);
  const ofToken = (id: string) => ({ id, speaksForAll: false });
  return {
    totals,
    /** What one boot of an app measures, sent with the app's own token. Returns how many points found no room. */
    take: (app: string, dyno: string, all: readonly JobPoint[], { nowMs = NOW_MS, sender = ofToken(app) } = {}) =>
      totals.take({ boot: boot(app, dyno), processId: 'p' }, all, { nowMs, sender }),
    flood: (app: string, boots = 100, sender = ofToken(app)) => {
      for (let index = 0; index < boots; index++)
        totals.take({ boot: boot(app, `worker.${index}`), processId: 'p' }, points('runs', 4000), {
          nowMs: NOW_MS,
          sender,
        });
    },
    target: (app: string) => targetsOf(totals, NOW_MS).find((target) => target.app === app),
    namesOf: (app: string) => {
      const all = targetsOf(totals, NOW_MS).filter((target) => target.app === app);
      return all.reduce((sum, { jobs }) => sum + jobs.length, 0);
    },
  };
}

describe('the memory that figures of jobs take', () => {
  it('does not depend on the buckets that a sender chooses', () => {
    const histogram = (buckets: number, offset: number): GrowthCounts => ({
      bounds: Array.from({ length: buckets - 1 }, (_, index) => (index + 1) * 1000 + offset),
      counts: new Array<number>(buckets).fill(1),
      sum: 1,
      max: null,
    });
    const bytesWith = (growth: GrowthCounts) => {
      const { take, totals } = world();
      take('shop', 'worker.1', points('growth', 10, { growth }));
      return totals.bytes;
    };
    expect(bytesWith(histogram(160, 0.5))).toBe(bytesWith(histogram(2, 0)));
  });

  it('is bounded for one boot, one owner and all, whatever the names are', () => {
    for (const word of ['', '\u6f22'.repeat(256)]) {
      const { take, totals } = world();
      for (let app = 0; app < 6; app++)
        for (let dyno = 0; dyno < 20; dyno++)
          take(`app-${app}`, `worker.${dyno}`, [...points('runs', 2000, { word }), ...points('net', 2000, { word })]);
      expect(totals.bytes).toBeLessThanOrEqual(LIMITS.maxBytes);
      expect(totals.bytes).toBeGreaterThan(LIMITS.maxBytes * 0.9);
    }
  });

  it('is a part of the heap', () => {
    expect(jobLimitsFor(256 * MIB).maxBytes).toBeLessThan(30 * MIB);
    expect(jobLimitsFor(512 * MIB).maxBytes).toBeGreaterThan(1.9 * jobLimitsFor(256 * MIB).maxBytes);
  });
});

describe('a share of it', () => {
  it('is all of it for one token while nobody else needs it, and no more', () => {
    const { flood, totals } = world();
    const sender = { id: 'flood-token', speaksForAll: false };
    for (const app of ['flood-1', 'flood-2', 'flood-3']) flood(app, 50, sender);
    expect(totals.bytes).toBeLessThanOrEqual(LIMITS.maxBytes);
    expect(totals.bytes).toBeGreaterThan(LIMITS.maxBytes * 0.9);
  });

  it('is one for each app of a token that speaks for all', () => {
    const { flood, namesOf } = world();
    const sender = { id: 'star', speaksForAll: true };
    flood('flood', 50, sender);
    const alone = namesOf('flood');
    flood('shop', 50, sender);
    expect(namesOf('shop')).toBeGreaterThan(alone * 0.4);
    expect(namesOf('flood')).toBeGreaterThan(alone * 0.4);
  });

  it('leaves room for another app, whose names are shown', () => {
    const { flood, take, namesOf } = world();
    flood('flood');
    expect(take('shop', 'worker.1', points('runs', 5))).toBe(0);
    expect(namesOf('shop')).toBe(5);
  });

  it('is given to a newcomer by the largest owner when all is full, and only up to what is fair', () => {
    const { flood, take, namesOf, totals } = world();
    for (const app of ['a', 'b', 'c', 'd']) flood(app);
    expect(totals.bytes).toBeGreaterThan(LIMITS.maxBytes * 0.9);
    expect(take('shop', 'worker.1', points('runs', 50))).toBe(0);
    expect(namesOf('shop')).toBe(50);
    flood('shop');
    for (const app of ['a', 'b', 'c', 'd', 'shop']) expect(namesOf(app)).toBeGreaterThan(100);
    expect(totals.bytes).toBeLessThanOrEqual(LIMITS.maxBytes);
  });

  it('is used again when its boots were silent for ten minutes', () => {
    const { flood, take } = world();
    flood('flood');
    expect(take('flood', 'worker.new', points('runs', 50))).toBe(50);
    expect(take('flood', 'worker.new', points('runs', 50), { nowMs: LATER_MS })).toBe(0);
  });
});

describe('what finds no room', () => {
  it('is counted, and named by the target it is of', () => {
    const { take, target, totals } = world({ ...LIMITS, maxBytesOfBoot: 16_384 });
    const leftOut = take('shop', 'worker.1', points('runs', 50));
    expect(leftOut).toBeGreaterThan(0);
    expect(target('shop')?.namesLeftOut).toBe(leftOut);
    expect(take('shop', 'worker.1', points('runs', 50))).toBe(leftOut);
    expect(target('shop')).toMatchObject({ namesLeftOut: leftOut, jobs: { length: 50 - leftOut } });
    expect(totals.bytes).toBeLessThanOrEqual(16_384);
  });

  it('is all of a boot that has no room itself', () => {
    const { take, totals } = world({ ...LIMITS, maxBytesOfBoot: 10 });
    expect(take('shop', 'worker.1', points('runs', 50))).toBe(50);
    expect(totals).toMatchObject({ bytes: 0 });
    expect(targetsOf(totals, NOW_MS)).toEqual([]);
  });
});
