import { describe, expect, it } from 'vitest';
import { OUTCOMES } from '../../../src/attempt/attempt.ts';
import {
  beforeAfterWords,
  factsOf,
  outcomeOf,
  planSentences,
  sentencesOf,
  stepsOf,
} from '../../../src/page/model/attempt-view.ts';
import { checksTitle, checkViews, numberRows } from '../../../src/page/model/dynos/detail-view.ts';
import { scoreboardOf, totalsOf } from '../../../src/page/model/dynos/totals.ts';
import { pillsOf } from '../../../src/page/model/headline.ts';
import { jobViewsOf } from '../../../src/page/model/jobs-view.ts';
import { makeAttempt, makeStatus, makeTarget, someJobs } from '../lab/answers.ts';
import { BLOATED, detailOf, mb, NOW_MS, smallFleet } from '../lab/fleet.ts';

describe('a restart', () => {
  it('is shown as four steps, with the jobs that are left', () => {
    const steps = stepsOf(makeAttempt({ phase: 'draining', outcome: null, jobs_now: 2 }));
    expect(steps.map(({ state }) => state)).toEqual(['done', 'now', 'next', 'next']);
    expect(steps[1]?.name).toBe('draining, 2 of 3 jobs left');
  });

  it.each(OUTCOMES)('has a word, a shape and a tone when it ended as %s', (outcome) => {
    const { word, shape, tone } = outcomeOf(makeAttempt({ outcome }));
    expect([word, shape, tone].every((part) => part.length > 0)).toBe(true);
  });

  it('that gave nothing back is not shown as a success', () => {
    expect(outcomeOf(makeAttempt({ is_useless: true })).tone).toBe('watch');
  });

  it('names the likely cause where memory was given back, and no other job', () => {
    const says = 'restarted in 4.1 s';
    expect(sentencesOf(makeAttempt({ says }))).toBe('Restarted in 4.1 s. Suspect: import-records.');
    expect(sentencesOf(makeAttempt({ says, outcome: 'dry-run' }))).toContain('Suspect: import-records.');
    expect(sentencesOf(makeAttempt({ says, suspects: [] }))).toBe('Restarted in 4.1 s.');
    const fell = [{ queue: 'mail', name: 'send', net_bytes: -mb(3), runs: 1, known: 'exclusive' as const }];
    expect(sentencesOf(makeAttempt({ says, suspects: fell }))).toBe('Restarted in 4.1 s.');
    expect(sentencesOf(makeAttempt({ says: 'jobs ran on', outcome: 'drain-timeout' }))).toBe('Jobs ran on.');
  });

  it('leaves out what is not known', () => {
    const names = factsOf(makeAttempt({ reclaimed_bytes: null, drain_ms: null }), NOW_MS).map(([name]) => name);
    expect(names).not.toContain('Gave back');
    expect(names).toContain('Expected to give back');
    expect(beforeAfterWords(makeAttempt({ floor_after_bytes: null }))).toBe('475 MB');
  });

  it('is described before it is sent, also when it would be a dry one', () => {
    const plan = { dyno: 'worker.1', dryRun: false, graceMs: 120_000, activeJobs: 1, reclaimableBytes: null };
    expect(planSentences(plan)).toEqual([
      'Drains worker.1 for up to 2 min, then sends one restart.',
      '1 job runs now.',
      'Jobs that still run then are cut off, and BullMQ runs them again.',
      'What it gives back is not known.',
    ]);
    expect(planSentences({ ...plan, dryRun: true })).toEqual([
      'worker.1 is in dry run: Tidemark records what it would do, drains nothing and restarts nothing.',
    ]);
  });
});

describe('an opened dyno', () => {
  it('lists what must hold before a restart, with yes, no or not known as words', () => {
    const views = checkViews(detailOf(BLOATED).checks, NOW_MS);
    expect(views.map(({ word }) => word)).toEqual(['yes', 'yes', 'yes', 'yes', 'yes', 'no', 'not known']);
    expect(views.find(({ state }) => state === 'no')?.note).toMatch(/^By itself at .*, in 12 min\.$/);
    expect(views.find(({ state }) => state === 'yes')?.note).toBeNull();
  });

  it('asks "why not now?" where no restart is near', () => {
    expect(checksTitle({ action: 'none', attempt_id: null })).toBe('Why not now?');
    expect(checksTitle({ action: 'restart', attempt_id: 'a1' })).toBe('A restart is under way');
  });

  it('writes each number in its unit', () => {
    const rows = new Map(numberRows(detailOf(BLOATED)));
    expect([rows.get('Usage'), rows.get('Over the soft limit for'), rows.get('Steps of the floor')]).toEqual([
      '475 MB',
      '40 min',
      '5',
    ]);
    expect(rows.get('Time to the limit')).toBe('unknown');
  });
});

it('draws the bar of a job by its share of the largest growth, and none for one that shrinks', () => {
  const [target] = someJobs();
  if (target === undefined) throw new Error('no jobs');
  const views = jobViewsOf(target);
  expect(views.map(({ bar }) => Math.round(bar * 100))).toEqual([100, 3, 0]);
  expect(views[0]).toMatchObject({ net: '+388 MB', growth: '1.9 MB / 160 MB', runs: '1,204', dyno: 'worker.1' });
});

describe('the header', () => {
  const values = (over: object) => pillsOf(makeStatus([], over)).map(({ value }) => value);

  it('says whether this actuator leads, acts, and what is left of its budget', () => {
    expect(values({})).toEqual([
      'leading',
      'acting',
      '7 of 8 an hour',
      '37 of 1,500 an hour',
      '4,088 this hour',
      '24 a minute',
    ]);
  });

  it('says standby, paused, dry run, watching only', () => {
    expect(values({ leading: false, acting: false })[0]).toBe('standby');
    expect(values({ targets: [makeTarget({ paused_by: 'all' })] })[1]).toBe('paused');
    expect(values({ acting: false, targets: [makeTarget({ dry_run: true })] })[1]).toBe('dry run');
    expect(values({ acting: false, targets: [] })[1]).toBe('watching only');
  });

  it('leaves out what is not known', () => {
    const targets = [makeTarget({ restarts_left: null })];
    const platform = { ...makeStatus([]).platform, calls_left: null, calls_used: null };
    expect(values({ targets, platform, ingest: { ...makeStatus([]).ingest, points_per_minute: null } })).toHaveLength(
      2,
    );
  });
});

it('totals answer whether it is over, then what was done', () => {
  const totals = totalsOf(makeStatus(smallFleet()));
  expect(totals.map(({ value }) => value)).toEqual(['6', '0', '1', '2', '820 MB', '12 min']);
  expect(totals[0]?.name).toBe('dynos, 1 silent');
});

it('adds the scores of all targets in dry run, and has none without one', () => {
  const scoreboard = { since_ms: 5, would_have_restarted: 3, would_have_given_back_bytes: mb(1024), over_limit_ms: 0 };
  const targets = [makeTarget({ scoreboard }), makeTarget({ scoreboard: { ...scoreboard, since_ms: 2 } })];
  const board = scoreboardOf(makeStatus([], { targets }));
  expect(board?.sinceMs).toBe(2);
  expect(board?.entries.map(({ value }) => value)).toEqual(['6', '2.0 GB', '0 min']);
  expect(scoreboardOf(makeStatus([]))).toBeNull();
});
