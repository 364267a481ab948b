import { describe, expect, it } from 'vitest';
import type { LedgerFacts } from '../../src/decision/decide-input.ts';
import { MIB } from '../detector/curves.ts';
import { bloated, bootOf, decideFor, facts, type Setting, START_MS, WINDOW_MS, WINDOWS } from './decide-for.ts';

describe('a target whose restarts were useless', () => {
  /** At its plateau within a quarter of an hour of windows; and the same much later. */
  const backSoon = bootOf(bloated, WINDOWS);
  const slow = (window: number) => Math.min(450, window < 190 ? 100 : 100 + Math.floor(window - 189) * 90);

  it.each<[string, number, 'restart' | 'advise']>([
    ['is restarted after none', 0, 'restart'],
    ['draws advice after one', 1, 'advise'],
    ['draws advice after two', 2, 'advise'],
    ['draws advice after more', 7, 'advise'],
  ])('and whose memory is back within minutes %s', (_, uselessRestarts, action) => {
    const [decision] = decideFor({ boots: [backSoon], ledger: { uselessRestarts } });
    expect(decision?.action).toBe(action);
    if (action === 'restart') return;
    expect(decision).toMatchObject({ reason: 'memory-comes-back', wanted: null });
    expect(decision?.explanation).toContain('a bigger dyno or less concurrency is needed');
  });

  it('is restarted when this boot took long to get there', () => {
    const boots = [bootOf(slow, 220)];
    const [decision] = decideFor({ boots, nowMs: START_MS + 220 * WINDOW_MS, ledger: { uselessRestarts: 2 } });
    expect(decision).toMatchObject({ action: 'restart', reason: 'sustained-over-soft-limit' });
  });

  it('gets advice over the hard limit too, and is restarted when the platform is about to kill it', () => {
    const over = bootOf((window) => (window < 12 ? 100 : 530), WINDOWS);
    expect(decideFor({ boots: [over], ledger: { uselessRestarts: 2 } })[0]).toMatchObject({
      action: 'advise',
      reason: 'memory-comes-back',
    });
    const rising = bootOf((window) => 100 + window * 9, WINDOWS);
    const killBytes = 500 * MIB;
    expect(
      decideFor({ boots: [rising], facts: { ...facts, killBytes }, ledger: { uselessRestarts: 2 } })[0],
    ).toMatchObject({ action: 'restart', reason: 'kill-point' });
  });
});

describe('a boot whose last attempt was abandoned', () => {
  const nowMs = START_MS + 1_000_000;
  const abandoned = (agoWindows: number, changes = {}) => ({
    dyno: 'worker.1',
    bootId: 'worker.1-boot',
    outcome: 'abandoned' as const,
    closedAtMs: nowMs - agoWindows * WINDOW_MS,
    usageBytes: null,
    ...changes,
  });
  const reasonFor = (ledger: Partial<LedgerFacts>, setting: Setting = {}) =>
    decideFor({ ledger: { nowMs, ...ledger }, ...setting })[0]?.reason;

  it('waits for five windows, and another boot of the target does not', () => {
    expect(reasonFor({ history: [abandoned(4.9)] })).toBe('abandoned-lately');
    expect(reasonFor({ history: [abandoned(5)] })).toBe('sustained-over-soft-limit');
    const fuller = bootOf((window) => bloated(window) + 20, WINDOWS, { dyno: 'worker.2' });
    const decisions = decideFor({
      boots: [bootOf(bloated, WINDOWS), fuller],
      ledger: { nowMs, history: [abandoned(1, { dyno: 'worker.2', bootId: 'worker.2-boot' })] },
    });
    expect(decisions.map(({ action }) => action)).toEqual(['restart', 'none']);
  });

  it.each<[string, object]>([
    ['another boot of that name', { bootId: 'other' }],
    ['another name', { dyno: 'worker.2' }],
    ['another outcome', { outcome: 'refused' }],
  ])('does not wait for %s', (_, changes) => {
    expect(reasonFor({ history: [abandoned(1, changes)] })).toBe('sustained-over-soft-limit');
  });

  it('waits by the dry history in a dry run', () => {
    expect(reasonFor({ dryHistory: [abandoned(1)] })).toBe('sustained-over-soft-limit');
    expect(reasonFor({ dryHistory: [abandoned(1)] }, { permissions: { dryRun: true } })).toBe('abandoned-lately');
  });
});

describe('a dyno that was restarted twice within 180 windows', () => {
  const nowMs = START_MS + 100_000_000;
  const restarted = (windowsAgo: number, usageMb: number, dyno = 'worker.1') => ({
    dyno,
    bootId: 'gone',
    outcome: 'restarted' as const,
    closedAtMs: nowMs - windowsAgo * WINDOW_MS,
    usageBytes: usageMb * MIB,
  });
  const decisionFor = (history: LedgerFacts['history']) => decideFor({ ledger: { nowMs, history } })[0];

  it('is not restarted again below its quota, and the advice says when it will be', () => {
    const decision = decisionFor([restarted(60, 450), restarted(180, 450)]);
    expect(decision).toMatchObject({ action: 'advise', reason: 'memory-comes-back' });
    expect(decision?.explanation).toContain(
      'the last restarts bought little time, so the next one waits until usage stays at 502 MB',
    );
  });

  it.each<[string, LedgerFacts['history']]>([
    ['it was restarted once', [restarted(60, 450)]],
    ['the restarts were far apart', [restarted(60, 450), restarted(300, 450)]],
    ['another dyno was restarted', [restarted(60, 450), restarted(120, 450, 'worker.2')]],
    [
      'one of this week has waited until it was full',
      [60, 120, 6000, 6060, 6120].map((windowsAgo) => restarted(windowsAgo, 450)),
    ],
  ])('is restarted early when %s', (_, history) => {
    expect(decisionFor(history)).toMatchObject({ action: 'restart', reason: 'sustained-over-soft-limit' });
  });

  it('is restarted over its hard limit anyway', () => {
    const over = bootOf((window) => bloated(window) + 150, WINDOWS);
    const [decision] = decideFor({
      boots: [over],
      ledger: { nowMs, history: [restarted(60, 450), restarted(120, 450)] },
    });
    expect(decision).toMatchObject({ action: 'restart', reason: 'hard-limit' });
  });
});
