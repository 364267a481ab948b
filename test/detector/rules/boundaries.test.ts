import { describe, expect, it } from 'vitest';
import type { Assessment } from '../../../src/detector/rules/assessment.ts';
import { RULES } from '../../../src/detector/rules/rules.ts';
import type { Reason } from '../../../src/model/decision.ts';
import { MIB } from '../curves.ts';
import { RISE } from '../made-features.ts';
import { assessmentWith, BLOAT, type Changes, HOUR_MS, LEAK, MINUTE_MS, NOW_MS } from './made-assessment.ts';

/** Twenty running jobs of 10 MB. */
const JOBS = { activeJobs: 20, heldByJobsBytes: 200 * MIB } as const;
const UNWORTHY = { reclaimableBytes: 20 * MIB, surelyReclaimableBytes: 10 * MIB } as const;
const overHard = { ...BLOAT.features, floorBytes: 530 * MIB, sustainedBytes: 525 * MIB };

/** A boot that leaks by 10 MB a minute since 30 minutes, of which nothing is known; its line is so far from 512 MB. */
const youngLeak = (usageMb: number, minutesLeft: number) =>
  ({
    ...LEAK,
    uptimeMs: 30 * MINUTE_MS,
    risenForMs: 30 * MINUTE_MS,
    usageBytes: usageMb * MIB,
    reclaimableBytes: null,
    surelyReclaimableBytes: null,
    timeToLimitMs: minutesLeft * MINUTE_MS,
    features: { ...LEAK.features, rise: { ...RISE, bytesPerMs: 10 * RISE.bytesPerMs, timeMs: NOW_MS } },
  }) as const satisfies Changes;

const ruleAt = (assessment: Assessment) => RULES.findIndex(({ when }) => when(assessment));
const reasonOf = (changes: Changes) => RULES[ruleAt(assessmentWith(changes))]?.reason;

describe('a boundary of a rule', () => {
  it.each<[string, Changes, Reason]>([
    [
      'a floor at the hard limit is not over it',
      { ...BLOAT, features: { ...overHard, sustainedBytes: 512 * MIB } },
      'sustained-over-soft-limit',
    ],
    ['a peak over the hard limit is nothing', { ...BLOAT, usageBytes: 600 * MIB }, 'sustained-over-soft-limit'],
    [
      'over the hard limit a tenth back is a restart',
      { ...BLOAT, surelyReclaimableBytes: 52 * MIB, features: overHard },
      'hard-limit',
    ],
    [
      'over the hard limit 6 % back is a restart',
      { ...BLOAT, surelyReclaimableBytes: 31 * MIB, features: overHard },
      'hard-limit',
    ],
    [
      'over the hard limit 4 % back is nothing',
      { ...BLOAT, surelyReclaimableBytes: 20 * MIB, features: overHard },
      'working-set',
    ],
    [
      'over the hard limit the unknown is tried',
      { ...BLOAT, surelyReclaimableBytes: null, features: overHard },
      'hard-limit',
    ],
    [
      'over the soft limit a tenth back is worth it',
      { ...BLOAT, surelyReclaimableBytes: 52 * MIB },
      'sustained-over-soft-limit',
    ],
    ['over the soft limit less is not', { ...BLOAT, surelyReclaimableBytes: 51 * MIB }, 'reclaimable-unknown'],
    [
      'nor is less that is not sure',
      { ...BLOAT, reclaimableBytes: 51 * MIB, surelyReclaimableBytes: 0 },
      'working-set',
    ],
    [
      'what noise may explain is not worth it',
      { ...BLOAT, surelyReclaimableBytes: 70 * MIB, features: { ...BLOAT.features, noiseBytes: 20 * MIB } },
      'reclaimable-unknown',
    ],
    [
      'a floor is waited for near the soft limit',
      {
        ...BLOAT,
        features: {
          ...BLOAT.features,
          floorBytes: 412 * MIB,
          sustainedBytes: 411 * MIB,
          overSoftSinceMs: NOW_MS - 14 * MINUTE_MS,
        },
      },
      'not-settled',
    ],
    ['a floor is not over the limit once usage is under it', { ...BLOAT, usageBytes: 400 * MIB }, 'not-settled'],
    [
      'one that does not rest is waited for',
      {
        ...BLOAT,
        class: 'unknown',
        features: { ...BLOAT.features, isSettled: false, overSoftSinceMs: NOW_MS - 31 * MINUTE_MS },
      },
      'not-settled',
    ],
    [
      'a floor and its jobs over the hard limit are restarted where that gives enough back',
      {
        ...BLOAT,
        ...JOBS,
        features: { ...BLOAT.features, floorBytes: 400 * MIB, sustainedBytes: 400 * MIB, heldByJobsBytes: 190 * MIB },
      },
      'sustained-over-soft-limit',
    ],
    [
      'a leak comes after an overdue daily restart',
      { ...LEAK, uptimeMs: 24.5 * HOUR_MS, timeToLimitMs: 20 * MINUTE_MS },
      'cycle-comes-first',
    ],
    [
      'and before it where the limit is near',
      { ...LEAK, uptimeMs: 24.5 * HOUR_MS, timeToLimitMs: 5 * MINUTE_MS },
      'leak-near-limit',
    ],
    ['a young rise is left alone before the limit, whatever its line says', youngLeak(500, 0), 'leak-far-from-limit'],
    ['and restarted half a bucket before it', youngLeak(508, 2), 'leak-near-limit'],
    [
      'what a young boot gains while no more jobs run is not of its jobs',
      {
        ...youngLeak(560, 0),
        ...JOBS,
        heldByJobsBytes: 0,
        uptimeMs: 20 * MINUTE_MS,
        features: { ...overHard, rise: youngLeak(560, 0).features.rise },
      },
      'hard-limit',
    ],
    [
      'jobs of less than a tenth of the limit are not named',
      { ...BLOAT, ...UNWORTHY, heldByJobsBytes: 50 * MIB },
      'working-set',
    ],
  ])('%s', (_, changes, reason) => {
    expect(reasonOf(changes)).toBe(reason);
  });
});

describe('until when a moment without jobs is waited for', () => {
  const patientMs = (changes: Changes) => {
    const assessment = assessmentWith(changes);
    const untilMs = RULES[ruleAt(assessment)]?.patientUntilMs?.(assessment) ?? null;
    return untilMs === null ? null : Math.round((untilMs - NOW_MS) / MINUTE_MS);
  };

  it('is five windows after bloat has stayed for fifteen', () => {
    const since = (minutes: number) => ({
      ...BLOAT,
      features: { ...BLOAT.features, overSoftSinceMs: NOW_MS - minutes * MINUTE_MS },
    });
    expect([patientMs(since(15)), patientMs(since(20)), patientMs(since(60))]).toEqual([5, 0, -40]);
  });

  it('is half of the time that a leak leaves', () => {
    const left = (minutes: number) => ({
      ...LEAK,
      timeToLimitMs: minutes * MINUTE_MS,
    });
    const [far, near] = [patientMs(left(30)), patientMs(left(10))];
    expect(far).toBeGreaterThan(near ?? 0);
    expect(far).toBeLessThan(30);
    expect(near).toBeLessThanOrEqual(0);
  });

  it.each<[string, Changes]>([
    ['the hard limit', { ...BLOAT, features: overHard }],
    ['the kill point', { ...LEAK, timeToKillMs: 0 }],
  ])('is never at %s', (_, changes) => {
    expect(patientMs(changes)).toBeNull();
  });
});
