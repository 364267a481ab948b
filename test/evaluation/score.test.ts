import { describe, expect, it } from 'vitest';
import type { Duty } from '../../evaluation/family.ts';
import { ratiosOf, scoreBoot, scoreDyno } from '../../evaluation/score.ts';
import type { BootRecord } from '../../evaluation/simulate.ts';
import { familyOf } from '../../evaluation/splits.ts';

const HOUR = 60;

function boot(floor: (uptime: number) => number, endMin: number, endedBy: BootRecord['endedBy']): BootRecord {
  const model = { floor, at: (uptime: number) => ({ usage: floor(uptime), activeJobs: 0, jobsPerMinute: 0 }) };
  return { startMin: 0, endMin, endedBy, wouldEndMin: 25 * HOUR, model, classes: [] };
}

function underLoad(
  floor: (uptime: number) => number,
  load: number,
  endMin: number,
  endedBy: BootRecord['endedBy'],
): BootRecord {
  const record = boot(floor, endMin, endedBy);
  return { ...record, model: { ...record.model, load: () => load } };
}

/** Reaches the limit after the given hours. */
const leakTo = (hours: number) => (uptime: number) => uptime / (hours * HOUR);
/** Over the soft limit from the hour on. */
const stairAt = (hour: number) => (uptime: number) => (uptime < hour * HOUR ? 0.4 : 0.9);

const EPISODE = {
  family: familyOf('H1'),
  sampling: { everyMin: 1, quotaBytes: 1, noise: 0, persistence: 0, heavyTail: false, missing: 0 },
  boots: [],
  samples: 0,
};

describe('what a restart is worth', () => {
  it.each<[string, Duty, BootRecord, readonly string[]]>([
    ['a restart of a healthy dyno', 'leave', boot(() => 0.4, 300, 'restart'), ['wrong']],
    ['a healthy dyno left to the platform', 'leave', boot(() => 0.4, 25 * HOUR, 'cycle'), ['left']],
    ['bloat restarted over the soft limit', 'bloat', boot(stairAt(5), 6 * HOUR, 'restart'), ['right']],
    ['bloat restarted below it', 'bloat', boot(stairAt(5), 4 * HOUR, 'restart'), ['wrong']],
    ['bloat that was left over it', 'bloat', boot(stairAt(5), 25 * HOUR, 'cycle'), ['missed']],
    ['bloat that came just before the cycle', 'bloat', boot(stairAt(24), 25 * HOUR, 'cycle'), ['open']],
    ['a leak restarted before the limit', 'leak', boot(leakTo(10), 9 * HOUR, 'restart'), ['right']],
    ['a leak restarted after it', 'leak', boot(leakTo(10), 11 * HOUR, 'restart'), ['missed', 'wrong']],
    ['a leak that was left to cross', 'leak', boot(leakTo(10), 20 * HOUR, 'kill'), ['missed']],
    ['a leak that would never have crossed, restarted', 'leak', boot(leakTo(40), 20 * HOUR, 'restart'), ['wrong']],
    ['a leak that would never have crossed, left', 'leak', boot(leakTo(40), 25 * HOUR, 'cycle'), ['left']],
    ['a leak that hangs on the jitter of the cycle', 'leak', boot(leakTo(26), 25 * HOUR, 'restart'), ['open']],
    ['an episode that ended before the leak crossed', 'leak', boot(leakTo(10), 5 * HOUR, 'episode'), ['open']],
  ])('%s', (_, duty, record, verdicts) => {
    expect(scoreBoot(record, duty).verdicts).toEqual(verdicts);
  });

  it.each<[string, BootRecord, readonly string[]]>([
    ['high by load alone, restarted', underLoad(() => 0.3, 0.6, 300, 'restart'), ['wrong']],
    ['high by load alone, left', underLoad(() => 0.3, 0.6, 25 * HOUR, 'cycle'), ['left']],
    ['grown, and over the soft limit with its load', underLoad(leakTo(10), 0.5, 5 * HOUR, 'restart'), ['right']],
    ['grown, and the load far from the limit', underLoad(leakTo(10), 0.1, 5 * HOUR, 'restart'), ['wrong']],
    ['grown by too little to give anything back', underLoad(leakTo(40), 0.75, 3 * HOUR, 'restart'), ['wrong']],
    ['a floor left at the limit', underLoad(leakTo(10), 0.2, 12 * HOUR, 'kill'), ['missed']],
    ['bloat left over the soft limit', underLoad(stairAt(5), 0.2, 25 * HOUR, 'cycle'), ['missed']],
    ['bloat restarted after two hours over it', underLoad(stairAt(5), 0.2, 8 * HOUR, 'restart'), ['missed', 'right']],
  ])('under load: %s', (_, record, verdicts) => {
    expect(scoreBoot(record, 'growth-under-load').verdicts).toEqual(verdicts);
  });

  it('a leak restarted after 9 of 10 hours has 60 min to spare and gave up a tenth', () => {
    const score = scoreBoot(boot(leakTo(10), 9 * HOUR, 'restart'), 'leak');
    expect(score.leadMin).toBeCloseTo(60, 0);
    expect(score.wasted).toBeCloseTo(0.1, 3);
  });

  it('in the loop family the third restart of a dyno is wrong, and each one after it', () => {
    const record = boot(stairAt(0.3), 60, 'restart');
    const boots = [record, record, record, record];
    expect(scoreDyno({ ...EPISODE, family: familyOf('B3'), boots })).toMatchObject({ restarts: 4, wrong: 2 });
  });

  it.each<[string, readonly BootRecord[], number]>([
    ['none was made', [boot(() => 0.9, 300, 'cycle'), boot(() => 0.9, 300, 'episode')], 0],
    [
      'the next boot is as high within half an hour',
      [boot(() => 0.9, 60, 'restart'), boot(stairAt(0.4), 60, 'episode')],
      1,
    ],
    [
      'the next boot is lower by less than a tenth',
      [boot(() => 0.9, 60, 'restart'), boot(() => 0.81, 60, 'episode')],
      1,
    ],
    ['the next boot stays low for hours', [boot(() => 0.9, 60, 'restart'), boot(stairAt(5), 600, 'episode')], 0],
    [
      'the next boot leaks as slowly as the one before',
      [boot(leakTo(10), 540, 'restart'), boot(leakTo(10), 60, 'episode')],
      0,
    ],
  ])('counts useless restarts: %s', (_, boots, useless) => {
    expect(scoreDyno({ ...EPISODE, boots })).toMatchObject({ useless });
  });

  it('ratios are unknown where nothing was to be counted', () => {
    expect(ratiosOf({ right: 0, wrong: 0, missed: 0 })).toEqual({ precision: null, recall: null, f1: null });
    expect(ratiosOf({ right: 8, wrong: 2, missed: 0 })).toEqual({ precision: 0.8, recall: 1, f1: 8 / 9 });
  });
});

describe('a leak is named from half of its way on', () => {
  const leaking = (classes: BootRecord['classes'], endMin = 9 * HOUR) => {
    const boots = [{ ...boot(leakTo(10), endMin, 'restart' as const), classes }];
    return scoreDyno({ ...EPISODE, family: familyOf('L1'), boots }).namedFromHalfway;
  };
  const named = (hour: number) => ({ uptime: hour * HOUR, className: 'leak' });

  it.each<[string, BootRecord['classes'], readonly boolean[]]>([
    ['by a name of before', [named(2)], [true]],
    ['not by one that comes late', [named(7)], [false]],
    ['not by one that is lost', [named(2), { uptime: 7 * HOUR, className: 'bloat' }], [false]],
  ])('%s', (_, classes, expected) => {
    expect(leaking(classes)).toEqual(expected);
  });

  it('is not asked of one that did not get there', () => {
    expect(leaking([named(2)], 4 * HOUR)).toEqual([]);
  });
});
