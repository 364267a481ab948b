import { expect, describe as group, it } from 'vitest';
import { describe } from '../../../src/detector/explain.ts';
import type { Findings } from '../../../src/detector/findings.ts';
import { WARMING } from '../../../src/detector/shape.ts';
import type { Reason } from '../../../src/model/decision.ts';
import { defaultPolicy } from '../../../src/model/policy.ts';
import { MIB } from '../curves.ts';

const MINUTE_MS = 60_000;
const findings: Findings = {
  shape: { ...WARMING, class: 'bloat', floorBytes: 461 * MIB, steps: 4, flatMs: 40 * MINUTE_MS, peakBytes: 500 * MIB },
  usageBytes: 470 * MIB,
  heldByJobsBytes: 0,
  limitBytes: 512 * MIB,
  softLimitBytes: 410 * MIB,
  hardLimitBytes: 512 * MIB,
  baseBytes: 160 * MIB,
  reclaimableBytes: 300 * MIB,
  timeToLimitMs: null,
  timeToLimitLowMs: null,
  uptimeMs: 300 * MINUTE_MS,
};
const rise = {
  bytesPerMs: MIB / MINUTE_MS,
  highBytesPerMs: (2 * MIB) / MINUTE_MS,
  bytes: 461 * MIB,
  errorBytes: MIB,
  timeMs: 0,
};
const rising: Findings = { ...findings, shape: { ...findings.shape, class: 'leak', rise } };
const stairs = 'floor rose in 4 steps to 90 % of 512 MB and stayed for 40 min';
const line = 'floor is at 90 % of 512 MB and rises by 60 MB an hour';

group('a sentence says what was seen and what follows', () => {
  it.each<[string, Reason, Findings, string]>([
    [
      'bloat',
      'sustained-over-soft-limit',
      findings,
      `${stairs}; left alone it stays over the soft limit, a restart gives back about 300 MB.`,
    ],
    [
      'a floor beneath running jobs',
      'below-limits',
      {
        ...findings,
        usageBytes: 470 * MIB,
        heldByJobsBytes: 230 * MIB,
        shape: { ...findings.shape, floorBytes: 240 * MIB, steps: 0 },
      },
      'floor is at 47 % of 512 MB without the 230 MB of the running jobs; no limit is touched.',
    ],
    [
      'a leak on its way to the limit',
      'leak-near-limit',
      { ...rising, timeToLimitMs: 12 * MINUTE_MS },
      `${line}; left alone it reaches the limit in 12 min, a restart gives back about 300 MB.`,
    ],
    [
      'a leak whose line is over the limit already',
      'leak-near-limit',
      { ...rising, timeToLimitMs: 0 },
      `${line}; it is at the limit by now, a restart gives back about 300 MB.`,
    ],
    [
      'a leak that the platform comes before',
      'cycle-comes-first',
      { ...rising, timeToLimitMs: 600 * MINUTE_MS },
      `${line}; it reaches the limit in 10 h, after the platform's own restart.`,
    ],
    [
      'a plateau that the platform comes before',
      'cycle-comes-first',
      findings,
      `${stairs}; the platform's own restart is near.`,
    ],
    [
      'a floor over the soft limit that has not come to rest',
      'below-limits',
      { ...findings, shape: { ...findings.shape, heldBytes: 450 * MIB } },
      `${stairs}; it is over the soft limit and has not come to rest.`,
    ],
    [
      'a floor below the soft limit',
      'below-limits',
      { ...findings, shape: { ...findings.shape, heldBytes: 400 * MIB } },
      `${stairs}; no limit is touched.`,
    ],
    [
      'one step, nothing known of what a restart gives back',
      'hard-limit',
      { ...findings, shape: { ...findings.shape, steps: 1 }, reclaimableBytes: null },
      'floor rose in 1 step to 90 % of 512 MB and stayed for 40 min; that is over the hard limit for three windows.',
    ],
    [
      'a quota that is not known',
      'limit-unknown',
      { ...findings, limitBytes: null, shape: { ...findings.shape, steps: 0 } },
      "floor is at 461 MB; the dyno's quota is not known.",
    ],
    [
      'a boot before its first floor',
      'warming-up',
      { ...findings, shape: WARMING },
      'usage is 470 MB; it is warming up.',
    ],
    [
      'a boot of which nothing is known',
      'warming-up',
      { ...findings, shape: WARMING, usageBytes: null },
      'nothing measured yet; it is warming up.',
    ],
  ])('%s', (_, reason, found, sentence) => {
    expect(describe(found, reason, defaultPolicy())).toBe(sentence);
  });
});
