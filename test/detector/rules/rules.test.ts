import { describe, expect, it } from 'vitest';
import type { Assessment } from '../../../src/detector/rules/assessment.ts';
import { RULES } from '../../../src/detector/rules/rules.ts';
import { explanationOf } from '../../../src/detector/rules/sentences.ts';
import type { Action, Reason } from '../../../src/model/decision.ts';
import { MIB } from '../curves.ts';
import { assessmentWith, BLOAT, type Changes, HOUR_MS, LEAK, MINUTE_MS, NOW_MS } from './made-assessment.ts';

/** Twenty running jobs of 10 MB. */
const JOBS = { activeJobs: 20, heldByJobsBytes: 200 * MIB, bytesPerJob: 10 * MIB } as const;
const UNWORTHY = { reclaimableBytes: 20 * MIB, surelyReclaimableBytes: 10 * MIB } as const;
const overHard = { ...BLOAT.features, floorBytes: 530 * MIB, sustainedBytes: 525 * MIB };

const LINE = 'floor is at 90 % of 512 MB and rises by 60 MB an hour';
const HIGH = 'floor is at 88 % of 512 MB';
const HELD = ' without the 200 MB of the running jobs';
const OVER = 'floor is at 104 % of 512 MB';
const UNSURE =
  'a restart may give back 310 MB, of which 20 MB are sure: noise may be the rest, ' +
  'so Tidemark waits until more of it is sure.';
const QUIET = 'floor is at 39 % of 512 MB';
const JOBS_HOLD =
  '20 running jobs hold 200 MB of 512 MB, 10 MB each, and would do so after a restart: ' +
  'a bigger dyno or less concurrency is needed.';
const NOTHING = 'a restart would give next to nothing back: a bigger dyno or less concurrency is needed.';

/** One row for each rule, in their order: what it alone says, and the sentence. */
const ROWS: readonly (readonly [reason: Reason, action: Action, what: string, changes: Changes, sentence: string])[] = [
  ['silent', 'none', 'no points come', { ...BLOAT, isSilent: true }, `${HIGH}; its measurements have stopped.`],
  [
    'silent',
    'none',
    'points have just come again',
    { ...BLOAT, isJustBack: true },
    `${HIGH}; its measurements had stopped, and it is judged again once three windows were seen.`,
  ],
  ['warming-up', 'none', 'no bucket has closed', { ...BLOAT, features: null }, 'usage is 470 MB; it is warming up.'],
  [
    'max-rss',
    'restart',
    'a floor over the absolute limit',
    { ...BLOAT, policy: { ...assessmentWith().policy, maxRssBytes: 440 * MIB } },
    `${HIGH}; that is over the absolute limit for three windows, a restart gives back about 310 MB.`,
  ],
  [
    'load',
    'advise',
    'a floor over the hard limit that jobs hold with it',
    { ...BLOAT, ...UNWORTHY, ...JOBS, features: overHard },
    `${OVER}${HELD}; ${JOBS_HOLD}`,
  ],
  [
    'working-set',
    'advise',
    'a floor over the hard limit that would come back',
    { ...BLOAT, ...UNWORTHY, features: overHard },
    `${OVER}; ${NOTHING}`,
  ],
  [
    'hard-limit',
    'restart',
    'a floor over the hard limit',
    { ...BLOAT, features: overHard },
    `${OVER}; that is over the hard limit for three windows, a restart gives back about 310 MB.`,
  ],
  [
    'kill-point',
    'restart',
    'a leak that the platform is about to kill',
    { ...LEAK, timeToKillMs: 4 * MINUTE_MS },
    `${LINE}; left alone the platform kills the dyno within 4 min, a restart gives back about 310 MB.`,
  ],
  [
    'reclaimable-unknown',
    'advise',
    'a young boot over the hard limit, beneath jobs of which nothing is known',
    {
      ...BLOAT,
      ...JOBS,
      heldByJobsBytes: 0,
      uptimeMs: 20 * MINUTE_MS,
      surelyReclaimableBytes: null,
      features: overHard,
    },
    `${OVER}; it is not known yet how much of that the running jobs hold.`,
  ],
  [
    'limit-unknown',
    'advise',
    'a leak on a dyno of unknown quota',
    { ...LEAK, limitBytes: null, softLimitBytes: null, hardLimitBytes: null, timeToLimitMs: null },
    "floor is at 461 MB and rises by 60 MB an hour; the dyno's quota is not known, " +
      'so Tidemark cannot say when it is full.',
  ],
  [
    'cycle-comes-first',
    'none',
    'a leak that the daily restart comes before',
    { ...LEAK, timeToLimitMs: 20 * HOUR_MS },
    `${LINE}; it reaches the limit in 20 h, after the platform's own restart.`,
  ],
  [
    'leak-far-from-limit',
    'none',
    'a leak far from its limit',
    { ...LEAK, timeToLimitMs: 5 * HOUR_MS },
    `${LINE}; it reaches the limit in 5 h, too far off to give that time up.`,
  ],
  [
    'reclaimable-unknown',
    'advise',
    'a leak beneath jobs of which nothing is known',
    { ...LEAK, features: { ...LEAK.features, isLoadKnown: false, sustainedBytes: 400 * MIB } },
    `${LINE}; it is not known yet how much of that the running jobs hold.`,
  ],
  [
    'reclaimable-unknown',
    'advise',
    'a leak of which little is surely given back',
    { ...LEAK, surelyReclaimableBytes: 20 * MIB },
    `${LINE}; ${UNSURE}`,
  ],
  ['working-set', 'advise', 'a leak that would give nothing back', { ...LEAK, ...UNWORTHY }, `${LINE}; ${NOTHING}`],
  [
    'leak-near-limit',
    'restart',
    'a leak near its limit',
    LEAK,
    `${LINE}; left alone it reaches the limit in 12 min, a restart gives back about 310 MB.`,
  ],
  [
    'warming-up',
    'none',
    'a young boot over the soft limit',
    { ...BLOAT, class: 'warming' },
    `${HIGH}; it is warming up.`,
  ],
  [
    'reclaimable-unknown',
    'advise',
    'a plateau that was as high when it was first seen',
    { ...BLOAT, reclaimableBytes: null, surelyReclaimableBytes: null },
    `${HIGH}; it was as high when it was first seen, so Tidemark does not know yet what a restart would give back.`,
  ],
  [
    'reclaimable-unknown',
    'advise',
    'a floor of which little is surely given back',
    { ...BLOAT, surelyReclaimableBytes: 20 * MIB },
    `${HIGH}; ${UNSURE}`,
  ],
  [
    'load',
    'advise',
    'a floor and jobs over the hard limit, not worth a restart',
    { ...BLOAT, ...UNWORTHY, ...JOBS, features: { ...BLOAT.features, heldByJobsBytes: 190 * MIB } },
    `${HIGH}${HELD}; ${JOBS_HOLD}`,
  ],
  [
    'working-set',
    'advise',
    'a floor over the soft limit, not worth a restart',
    { ...BLOAT, ...UNWORTHY },
    `${HIGH}; ${NOTHING}`,
  ],
  [
    'peak-returns',
    'none',
    'a floor that has been up before and recovered',
    {
      ...BLOAT,
      features: { ...BLOAT.features, mayComeBack: true },
    },
    `${HIGH}; it has been as high before and came back by itself.`,
  ],
  [
    'not-settled',
    'none',
    'a floor over the soft limit that moves',
    {
      ...BLOAT,
      class: 'unknown',
      features: { ...BLOAT.features, isSettled: false, overSoftSinceMs: NOW_MS - 20 * MINUTE_MS },
    },
    `${HIGH}; it is over the soft limit and has not come to rest.`,
  ],
  [
    'cycle-comes-first',
    'none',
    'bloat shortly before the daily restart',
    { ...BLOAT, uptimeMs: 23 * HOUR_MS },
    `${HIGH}; the platform's own restart is near.`,
  ],
  [
    'sustained-over-soft-limit',
    'restart',
    'bloat',
    BLOAT,
    `${HIGH}; left alone it stays over the soft limit, a restart gives back about 310 MB.`,
  ],
  [
    'load',
    'advise',
    'a floor that is over the soft limit only with its jobs',
    { ...JOBS, features: { floorBytes: 250 * MIB, sustainedBytes: 245 * MIB, heldByJobsBytes: 195 * MIB } },
    `floor is at 49 % of 512 MB${HELD}; ${JOBS_HOLD}`,
  ],
  [
    'limit-unknown',
    'advise',
    'bloat on a dyno of unknown quota',
    { ...BLOAT, limitBytes: null, softLimitBytes: null, hardLimitBytes: null },
    "floor is at 450 MB; the dyno's quota is not known, so no limit can be judged.",
  ],
  ['warming-up', 'none', 'a young boot', { class: 'warming' }, `${QUIET}; it is warming up.`],
  [
    'sawtooth',
    'none',
    'a sawtooth',
    { class: 'sawtooth', features: { peakBytes: 300 * MIB } },
    `${QUIET}; peaks of 300 MB come back.`,
  ],
  [
    'peak-returns',
    'none',
    'a peak',
    { class: 'spike', features: { peakBytes: 300 * MIB } },
    `${QUIET}; peaks of 300 MB come back.`,
  ],
  ['no-growth', 'none', 'a level floor', {}, `${QUIET}; no limit is touched.`],
  ['below-limits', 'none', 'anything else', { class: 'unknown' }, `${QUIET}; it is below the limits.`],
];

const ruleAt = (assessment: Assessment) => RULES.findIndex(({ when }) => when(assessment));

describe('the first rule that matches', () => {
  it('has a row here for each rule, in the order of the rules', () => {
    expect(ROWS.map(([reason, action]) => [reason, action])).toEqual(
      RULES.map(({ reason, action }) => [reason, action]),
    );
  });

  it.each(
    ROWS.map(([reason, action, what, changes, sentence], index) => ({
      reason,
      action,
      what,
      changes,
      sentence,
      index,
    })),
  )('says $reason, $action, of $what ($index)', ({ changes, sentence, index }) => {
    const assessment = assessmentWith(changes);
    expect(ruleAt(assessment)).toBe(index);
    const rule = RULES[index];
    expect(rule && explanationOf(assessment, rule)).toBe(sentence);
  });

  it('is urgent at the hard limits and at the kill point alone', () => {
    const urgent = RULES.filter((rule) => rule.urgent === true).map(({ reason }) => reason);
    expect(urgent).toEqual(['max-rss', 'hard-limit', 'kill-point']);
  });

  it('restarts before the limit, and so not after quick restarts, for a leak that nears it and for bloat alone', () => {
    expect(RULES.filter((rule) => rule.isEarly === true).map(({ reason }) => reason)).toEqual([
      'leak-near-limit',
      'sustained-over-soft-limit',
    ]);
  });

  it.each<[string, Changes, string]>(
    [
      [
        'that has settled but is young',
        { overSoftSinceMs: NOW_MS - 4 * MINUTE_MS },
        'it has been over the soft limit for 4 min, which may still end by itself',
      ],
      [
        'that moves',
        { isSettled: false, overSoftSinceMs: NOW_MS - 4 * MINUTE_MS },
        'it is over the soft limit and has not come to rest',
      ],
    ].map(
      ([what, features, sentence]) =>
        [
          what,
          {
            ...BLOAT,
            features: { ...BLOAT.features, floorBytes: 412 * MIB, sustainedBytes: 411 * MIB, ...(features as object) },
          },
          sentence,
        ] as [string, Changes, string],
    ),
  )('says of a floor over the soft limit %s that it waits for it', (_, changes, sentence) => {
    const assessment = assessmentWith(changes);
    const rule = RULES[ruleAt(assessment)];
    expect(rule?.reason).toBe('not-settled');
    expect(rule?.sentence(assessment)).toBe(sentence);
  });

  it('holds after useless restarts at the kill point alone', () => {
    expect(RULES.filter((rule) => rule.evenIfUseless === true).map(({ reason }) => reason)).toEqual(['kill-point']);
  });
});
