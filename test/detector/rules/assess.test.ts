import { describe, expect, it } from 'vitest';
import { defaultPolicy } from '../../../src/config/policy.ts';
import { type Boot, observe, openBoot } from '../../../src/detector/boot/boot.ts';
import { learnableOf } from '../../../src/detector/boot/learnable.ts';
import type { Classified } from '../../../src/detector/classes/classify.ts';
import type { CurveFeatures } from '../../../src/detector/curve/features.ts';
import { assess, soonBackAfterMs } from '../../../src/detector/rules/assess.ts';
import type { AssessContext } from '../../../src/detector/rules/assessment.ts';
import { TUNING } from '../../../src/detector/tuning.ts';
import type { MemoryClass } from '../../../src/model/decision.ts';
import { WHOLE_POINT } from '../../sources/otlp/senders/requests.ts';
import { MIB } from '../curves.ts';
import { featuresWith, RISE } from '../made-features.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const START_MS = 1_700_000_000_000;
const policy = defaultPolicy();
const facts = { limitBytes: 512 * MIB, killBytes: 1024 * MIB, createdAtMs: START_MS };
const at = (minute: number) => START_MS + minute * MINUTE_MS;

interface Life {
  readonly minutes: number;
  readonly usageMb: (minute: number) => number;
  readonly activeJobs?: number | null;
}

/** A boot on a dyno of 512 MB, measured every 12 s from its start. */
function lived({ minutes, usageMb, activeJobs = 0 }: Life): Boot {
  const first = { ...WHOLE_POINT, boot: { ...WHOLE_POINT.boot, startTimeMs: START_MS }, timeMs: START_MS };
  const boot = openBoot(first);
  for (let index = 0; index < minutes * 5; index += 1)
    observe(
      boot,
      {
        ...first,
        timeMs: START_MS + index * 12_000,
        rssBytes: Math.round(usageMb(index / 5) * MIB),
        treeResidentBytes: null,
        treeSwapBytes: null,
        limitBytes: 512 * MIB,
        activeJobs,
        completedJobs: activeJobs === null ? null : index * activeJobs,
      },
      policy,
    );
  return boot;
}

function assessed(boot: Boot, context: Partial<AssessContext> = {}) {
  return assess(
    boot,
    {
      nowMs: boot.lastPointMs,
      facts,
      learnedFloorBytes: null,
      uselessRestarts: 0,
      earlyRestarts: 'usual' as const,
      ...context,
    },
    policy,
  );
}

const level = lived({ minutes: 60, usageMb: () => 200 });
const bloated = lived({ minutes: 60, usageMb: (minute) => (minute < 15 ? 150 : 460) });

/** A level boot whose newest bucket said this. */
function said(name: MemoryClass, features: Partial<CurveFeatures>): Boot {
  const classified: Classified = {
    class: name,
    candidate: name,
    count: 1,
    features: featuresWith({ timeMs: at(59), ...features }),
  };
  return { ...level, classified };
}

describe('when memory was soon back', () => {
  const soonMin = (boot: Boot, wantsRestart = false, nowMs = at(60)) => {
    const ms = soonBackAfterMs(boot, { nowMs, facts, wantsRestart }, policy);
    return ms === null ? null : ms / MINUTE_MS;
  };
  const up = (minute: number, changes: Partial<CurveFeatures> = {}) => ({
    floorOverSoftSinceMs: at(minute),
    overSoftSinceMs: at(minute),
    ...changes,
  });
  /** The least gain of a plateau and of a leak, at windows of a minute. */
  const { minGainPlateauWindows: plateauMin, minGainWindows: leakMin } = TUNING;

  it.each<[string, Boot, number | null]>([
    ['a floor over the soft limit after 20 min', said('bloat', up(20)), 20],
    ['a plateau within the least gain', said('bloat', up(plateauMin - 1)), plateauMin - 1],
    ['no plateau after it', said('bloat', up(plateauMin)), null],
    ['a plateau later, where buckets are wide', said('bloat', up(plateauMin, { bucketMs: HOUR_MS })), plateauMin],
    [
      'a floor that still moves, within that of a leak',
      said('bloat', up(leakMin - 1, { isSettled: false })),
      leakMin - 1,
    ],
    ['none that still moves after it: it may be a leak', said('bloat', up(leakMin, { isSettled: false })), null],
    ['a leak within the least gain', said('leak', up(leakMin - 1, { rise: RISE })), leakMin - 1],
    ['no leak after it', said('leak', up(leakMin, { rise: RISE })), null],
    ['no floor below the soft limit', said('healthy', {}), null],
    ['no floor that is over it only with its jobs', said('healthy', { overSoftSinceMs: at(20) }), null],
    ['nothing before the first bucket', { ...level, classified: null }, null],
  ])('%s', (_, boot, expected) => {
    expect(soonMin(boot)).toBe(expected);
  });

  it('counts until now where a restart is wanted again', () => {
    expect(soonMin(said('leak', { rise: RISE }), true, at(leakMin - 1))).toBe(leakMin - 1);
    expect(soonMin(said('leak', { rise: RISE }), true, at(leakMin + 1))).toBeNull();
  });

  it('counts from the start time that the boot reports where the platform gives none', () => {
    expect(soonBackAfterMs(said('bloat', up(20)), { nowMs: at(60), facts: null, wantsRestart: false }, policy)).toBe(
      20 * MINUTE_MS,
    );
  });
});

describe('after useless restarts', () => {
  it.each<[string, number, string]>([
    ['fewer than enough are tried again', TUNING.maxUselessRestarts - 1, 'sustained-over-soft-limit'],
    ['enough of them give advice', TUNING.maxUselessRestarts, 'memory-comes-back'],
  ])('%s', (_, uselessRestarts, reason) => {
    expect(assessed(bloated, { uselessRestarts }).reason).toBe(reason);
  });

  it('a level boot gets no advice', () => {
    expect(assessed(level, { uselessRestarts: 5 })).toMatchObject({ action: 'none', reason: 'no-growth' });
  });
});

describe('what a restart would give back', () => {
  const reclaimableMb = (boot: Boot, context: Partial<AssessContext> = {}) => {
    const { reclaimableBytes } = assessed(boot, context);
    return reclaimableBytes === null ? null : Math.round(reclaimableBytes / MIB);
  };

  it('is usage above the floor after the warm-up, or above a learned one that is lower', () => {
    expect(reclaimableMb(bloated)).toBe(310);
    expect(reclaimableMb(bloated, { learnedFloorBytes: 100 * MIB })).toBe(360);
    expect(reclaimableMb(bloated, { learnedFloorBytes: 300 * MIB })).toBe(310);
  });

  it('is never negative', () => {
    expect(reclaimableMb({ ...bloated, usageBytes: 90 * MIB })).toBe(0);
  });

  it('is unknown while the boot warms up and nothing was learned', () => {
    const young = lived({ minutes: 5, usageMb: (minute) => 100 + 40 * minute });
    expect(reclaimableMb(young)).toBeNull();
    expect(reclaimableMb(young, { learnedFloorBytes: 100 * MIB })).toBeGreaterThan(150);
  });
});

describe('the class of a boot', () => {
  const filled = lived({ minutes: 60, usageMb: () => 460 });
  it.each<[string, Boot, Partial<AssessContext>, MemoryClass]>([
    ['warming before its minimal age', lived({ minutes: 9, usageMb: () => 200 }), {}, 'warming'],
    ['healthy with a level floor', level, {}, 'healthy'],
    ['healthy with a level floor over the soft limit, where no other boot held less', filled, {}, 'healthy'],
    ['bloat with such a floor, where other boots hold less', filled, { learnedFloorBytes: 150 * MIB }, 'bloat'],
    ['healthy with such a floor, where they hold nearly as much', filled, { learnedFloorBytes: 420 * MIB }, 'healthy'],
    ['unknown while usage is over the limit', { ...level, usageBytes: 513 * MIB }, {}, 'unknown'],
    ['unknown with a floor over the limit', lived({ minutes: 60, usageMb: () => 520 }), {}, 'unknown'],
  ])('is %s', (_, boot, context, expected) => {
    expect(assessed(boot, context).class).toBe(expected);
  });
});

describe('what later boots learn from a boot', () => {
  const floorMb = (boot: Boot) => {
    const floorBytes = learnableOf(boot, facts, policy)?.floorBytes ?? null;
    return floorBytes === null ? null : Math.round(floorBytes / MIB);
  };

  it.each<[string, Boot, number | null]>([
    ['is its floor after the warm-up', level, 200],
    ['is that floor, whatever came later', bloated, 150],
    ['is nothing before the warm-up is over', lived({ minutes: 3, usageMb: () => 200 }), null],
    ['is no floor over the soft limit', lived({ minutes: 60, usageMb: () => 460 }), null],
    ['is its floor where jobs are not counted', lived({ minutes: 60, usageMb: () => 200, activeJobs: null }), 200],
    [
      'is no floor beneath jobs while nothing is known about them',
      lived({ minutes: 60, usageMb: () => 200, activeJobs: 4 }),
      null,
    ],
  ])('%s', (_, boot, expected) => {
    expect(floorMb(boot)).toBe(expected);
  });

  it('is no floor of a boot that was old when it was first seen', () => {
    const old = { ...level, identity: { ...level.identity, startTimeMs: START_MS - 3_600_000 } };
    expect(floorMb(old)).toBeNull();
  });

  it('is what a job holds, once that is beyond doubt', () => {
    const jobLoad = {
      ...level.jobLoad,
      holders: level.jobLoad.holders.map((one) => ({ ...one, jobs2: 1000, jobsBytes: 1000 * 10 * MIB })),
      bytes2: 1000 * (10 * MIB) ** 2,
      changes: 100,
    };
    const learnable = learnableOf({ ...level, jobLoad }, facts, policy);
    expect(learnable?.bytesPerJob).toBe(10 * MIB);
    expect(learnable?.bytesPerJobError).toBeLessThan(MIB);
    expect(learnableOf(level, facts, policy)?.bytesPerJob).toBeNull();
  });
});
