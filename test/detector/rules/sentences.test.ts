import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Rule } from '../../../src/detector/rules/rule.ts';
import { RULES } from '../../../src/detector/rules/rules.ts';
import { back, explanationOf, isAtLimit, jobsHold } from '../../../src/detector/rules/sentences.ts';
import { MIB } from '../curves.ts';
import { RISE } from '../made-features.ts';
import { assessmentWith, BLOAT, type Changes, LEAK, MINUTE_MS } from './made-assessment.ts';

const QUIET_RULE: Rule = { reason: 'no-growth', action: 'none', when: () => true, sentence: () => 'so be it' };
const seenOf = (changes: Changes) => explanationOf(assessmentWith(changes), QUIET_RULE);
const said = (changes: Changes) => {
  const assessment = assessmentWith(changes);
  const rule = RULES.find(({ when }) => when(assessment));
  return { reason: rule?.reason, text: rule && explanationOf(assessment, rule) };
};

describe('what was seen', () => {
  it.each<[string, Changes, string]>([
    ['of nothing yet', { features: null, usageBytes: null }, 'nothing measured yet'],
    ['before the first bucket', { features: null }, 'usage is 210 MB'],
    ['of a level floor', {}, 'floor is at 39 % of 512 MB'],
    ['of a floor where the quota is unknown', { limitBytes: null }, 'floor is at 200 MB'],
    ['of a rise', { features: { rise: RISE } }, 'floor is at 39 % of 512 MB and rises by 60 MB an hour'],
    [
      'of a step',
      { features: { steps: 1, flatMs: 20 * MINUTE_MS } },
      'floor rose in 1 step to 39 % of 512 MB and stayed for 20 min',
    ],
    [
      'of steps',
      { features: { steps: 3, flatMs: 20 * MINUTE_MS } },
      'floor rose in 3 steps to 39 % of 512 MB and stayed for 20 min',
    ],
    [
      'of jobs that hold much',
      { heldByJobsBytes: 100 * MIB },
      'floor is at 39 % of 512 MB without the 100 MB of the running jobs',
    ],
    ['of jobs that hold little', { heldByJobsBytes: 20 * MIB }, 'floor is at 39 % of 512 MB'],
  ])('%s', (_, changes, expected) => {
    expect(seenOf(changes)).toBe(`${expected}; so be it.`);
  });
});

describe('a leak near its limit', () => {
  it.each<[string, number, RegExp]>([
    [
      'says how much time is left',
      12 * MINUTE_MS,
      /; left alone it reaches the limit in 12 min, a restart gives back about \d+ MB\.$/,
    ],
    [
      'is at the limit by now where none is left',
      0,
      /; it is at the limit by now, a restart gives back about \d+ MB\.$/,
    ],
    ['is at the limit by now within a second of it', 999, /; it is at the limit by now, /],
  ])('%s', (_, timeToLimitMs, expected) => {
    expect(said({ ...LEAK, timeToLimitMs })).toEqual({
      reason: 'leak-near-limit',
      text: expect.stringMatching(expected),
    });
  });

  it('does not say what a restart gives back where that is unknown', () => {
    const unknown = { ...LEAK, reclaimableBytes: null, surelyReclaimableBytes: null };
    expect(said(unknown).text).toMatch(/; left alone it reaches the limit in \S+ min\.$/);
  });

  it('is not at a limit that it does not rise to', () => {
    expect(isAtLimit(assessmentWith({ timeToLimitMs: null }))).toBe(false);
  });
});

describe('what a restart gives back', () => {
  it('is said in MB, and not where it is unknown', () => {
    expect(back(assessmentWith({ reclaimableBytes: 390 * MIB }))).toBe(', a restart gives back about 390 MB');
    expect(back(assessmentWith({ reclaimableBytes: null }))).toBe('');
  });
});

describe('what running jobs hold', () => {
  it.each<[string, Changes, string]>([
    [
      'each of several',
      { activeJobs: 20, heldByJobsBytes: 540 * MIB, bytesPerJob: 27 * MIB, limitBytes: 1024 * MIB },
      '20 running jobs hold 540 MB of 1024 MB, 27 MB each,',
    ],
    [
      'a single one',
      { activeJobs: 1, heldByJobsBytes: 300 * MIB, bytesPerJob: 300 * MIB },
      '1 running job holds 300 MB of 512 MB',
    ],
    [
      'a long one, not divided among the short ones',
      { activeJobs: 4, heldByJobsBytes: 300 * MIB, bytesPerJob: 10 * MIB },
      '4 running jobs hold up to 300 MB of 512 MB',
    ],
    [
      'where the quota is unknown',
      { activeJobs: 2, heldByJobsBytes: 60 * MIB, bytesPerJob: 30 * MIB, limitBytes: null },
      '2 running jobs hold 60 MB, 30 MB each,',
    ],
  ])('%s', (_, changes, expected) => {
    expect(jobsHold(assessmentWith(changes))).toBe(expected);
  });
});

describe('a restart that may be worth it', () => {
  const unsure = { ...BLOAT, surelyReclaimableBytes: 20 * MIB };
  it.each<[string, Changes, string]>([
    [
      'because of the load',
      { ...unsure, features: { ...BLOAT.features, loadMarginBytes: 290 * MIB } },
      'a restart may give back 310 MB, of which 20 MB are sure: the running jobs may hold the rest, ' +
        'so Tidemark waits until fewer of them run.',
    ],
    [
      'because of noise',
      unsure,
      'a restart may give back 310 MB, of which 20 MB are sure: noise may be the rest, ' +
        'so Tidemark waits until more of it is sure.',
    ],
  ])('says that it is unsure and what it waits for, %s', (_, changes, text) => {
    expect(said(changes)).toEqual({ reason: 'reclaimable-unknown', text: expect.stringContaining(text) });
    expect(said({ ...LEAK, ...changes, class: 'leak', features: { ...changes.features, rise: RISE } })).toMatchObject({
      reason: 'reclaimable-unknown',
    });
  });
});

describe('each sentence of a rule', () => {
  const bytes = fc.integer({ min: 0, max: 2 ** 34 });
  const spanMs = fc.option(fc.integer({ min: 0, max: 10 ** 9 }));
  const anyChanges = fc.record({
    usageBytes: bytes,
    activeJobs: fc.option(fc.integer({ min: 0, max: 100 })),
    heldByJobsBytes: bytes,
    limitBytes: fc.option(fc.integer({ min: MIB, max: 2 ** 34 })),
    reclaimableBytes: fc.option(bytes),
    timeToLimitMs: spanMs,
    timeToKillMs: spanMs,
    features: fc.record({
      floorBytes: bytes,
      peakBytes: bytes,
      steps: fc.integer({ min: 0, max: 5 }),
      rise: fc.constantFrom(null, RISE),
    }),
  });

  it.each(RULES.map((rule, index) => ({ rule, index })))('is one whole sentence: $rule.reason ($index)', ({ rule }) => {
    fc.assert(
      fc.property(anyChanges, (changes) => {
        expect(explanationOf(assessmentWith(changes), rule)).toMatch(/^[^;]+; [a-z\d][^;]*[^.,;]\.$/);
        expect(explanationOf(assessmentWith(changes), rule)).not.toMatch(/NaN|null|undefined|Infinity|-\d|,,| {2}/);
      }),
      { numRuns: 50 },
    );
  });

  it('says what is over the limit in numbers that agree', () => {
    expect(said(BLOAT).text).toBe(
      'floor is at 88 % of 512 MB; left alone it stays over the soft limit, a restart gives back about 310 MB.',
    );
  });
});
