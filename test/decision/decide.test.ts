import { describe, expect, it } from 'vitest';
import { MIB } from '../detector/curves.ts';
import { bloated, bootOf, decideFor, facts, type Setting, START_MS, TARGET, WINDOW_MS, WINDOWS } from './decide-for.ts';

describe('a bloated boot', () => {
  it('is restarted, with its numbers and a sentence', () => {
    const [decision] = decideFor({});
    expect(decision).toMatchObject({
      class: 'bloat',
      action: 'restart',
      reason: 'sustained-over-soft-limit',
      limitBytes: 512 * MIB,
      dryRun: false,
      target: TARGET,
    });
    expect(decision?.explanation).toMatch(/floor rose in \d steps? to 88 % of 512 MB and stayed for \d/);
    expect(decision?.explanation).toMatch(
      /; left alone it stays over the soft limit, a restart gives back about 350 MB\./,
    );
  });

  const laterMs = START_MS + 10_000_000;
  it.each<[string, Setting]>([
    ['app-unknown', { boots: [bootOf(bloated, WINDOWS, { app: null })] }],
    ['not-allowed', { permissions: { allowed: [] } }],
    ['not-allowed', { permissions: { allowed: [{ app: 'shop', processType: 'web' }] } }],
    ['ledger-unavailable', { ledger: null }],
    ['paused', { ledger: { paused: true } }],
    ['ledger-hold', { ledger: { heldUntilMs: laterMs } }],
    ['attempt-open', { ledger: { open: {} } }],
    ['boot-spent', { ledger: { spentBootIds: ['worker.1-boot'] } }],
    ['cooldown', { ledger: { cooldownUntilMs: laterMs } }],
    ['budget', { ledger: { sentLastHour: 4 } }],
    ['min-healthy', { policy: { minHealthy: 2 }, up: 2 }],
    ['min-healthy', { policy: { minHealthy: 1 }, up: null }],
    ['platform-unavailable', { hindrance: 'platform-unavailable' }],
    ['taking-over', { hindrance: 'taking-over' }],
    ['paused', { ledger: { paused: true }, hindrance: 'taking-over' }],
    ['min-uptime', { policy: { minUptimeMs: 1_000_000_000 }, facts: { ...facts, createdAtMs: START_MS } }],
  ])('is not restarted: %s', (reason, setting) => {
    const [decision] = decideFor(setting);
    expect(decision?.action).toBe('none');
    // Below the least uptime the curve is not even called bloat.
    expect(['min-uptime', 'warming-up'].includes(reason) ? ['min-uptime', 'warming-up'] : [reason]).toContain(
      decision?.reason,
    );
  });

  it('waits while the dyno that was restarted last does not run, and says which', () => {
    const closed = { dyno: 'worker.2', bootId: 'b', outcome: 'restarted', closedAtMs: START_MS } as const;
    const dyno = { id: 'c', name: 'worker.2', processType: 'worker', createdAtMs: START_MS } as const;
    const [decision] = decideFor({ ledger: { history: [closed] }, dynos: [{ ...dyno, state: 'crashed' }] });
    expect(decision).toMatchObject({ action: 'none', reason: 'min-healthy' });
    expect(decision?.explanation).toContain('worker.2, which Tidemark restarted last, is crashed');
    const [later] = decideFor({ ledger: { history: [closed] }, dynos: [{ ...dyno, state: 'up' }] });
    expect(later?.action).toBe('restart');
  });

  it('draws advice while the breaker is open', () => {
    const [decision] = decideFor({ ledger: { breakerOpenUntilMs: laterMs } });
    expect(decision).toMatchObject({ action: 'advise', reason: 'breaker-open' });
  });

  it('draws advice where its ledger may be dropped, whatever else stands against it', () => {
    const [decision] = decideFor({ ledger: { mayBeEvicted: true, paused: true } });
    expect(decision).toMatchObject({
      action: 'advise',
      reason: 'eviction-policy',
      wanted: 'sustained-over-soft-limit',
    });
    expect(decision?.explanation).toContain('maxmemory-policy to noeviction');
  });

  it('stays dry where its target is on the dry list, with a cooldown of its own', () => {
    expect(decideFor({ permissions: { dryRun: [TARGET] } })[0]).toMatchObject({ action: 'restart', dryRun: true });
    expect(decideFor({ permissions: { dryRun: true }, ledger: { dryCooldownUntilMs: laterMs } })[0]).toMatchObject({
      reason: 'cooldown',
    });
  });

  it('draws advice where its quota is unknown', () => {
    expect(decideFor({ facts: null })[0]).toMatchObject({ action: 'advise', reason: 'limit-unknown' });
  });

  it('that is silent is not acted on', () => {
    expect(decideFor({ nowMs: START_MS + (WINDOWS + 10) * WINDOW_MS })[0]).toMatchObject({
      action: 'none',
      reason: 'silent',
    });
  });
});

describe('a boot with jobs running', () => {
  /** On a plateau of 404 MB, which after 30 windows comes to lie over the soft limit of 410. */
  const nudged = (window: number) => (window < 30 ? Math.min(404, bloated(window)) : 414);
  const busy = (windows: number) => bootOf(nudged, windows, { activeJobs: 1, limitBytes: 512 * MIB });
  const decideAfter = (windows: number, setting: Setting = {}) =>
    decideFor({ boots: [busy(windows)], nowMs: START_MS + windows * WINDOW_MS, ...setting })[0];
  /**
   * Three windows show it, the floor of a busy bucket is the lowest of three, and near the soft limit it must stay for
   * 15.
   */
  const WANTED = 50;

  it('is waited for, though not for long', () => {
    expect(decideAfter(WANTED)).toMatchObject({
      action: 'none',
      reason: 'jobs-running',
      wanted: 'sustained-over-soft-limit',
    });
    expect(decideAfter(WANTED)?.explanation).toMatch(
      /Waiting: \d+ jobs? .* running\. Tidemark waits for a moment without jobs until .* UTC\.$/,
    );
    expect(decideAfter(WANTED + 4)).toMatchObject({ action: 'restart', reason: 'sustained-over-soft-limit' });
  });

  it('is not waited for where its jobs end', () => {
    const boot = { ...busy(WANTED), activeJobs: 0 };
    expect(decideAfter(WANTED, { boots: [boot] })).toMatchObject({ action: 'restart' });
  });

  it('is not waited for where nobody counts jobs', () => {
    const boot = { ...busy(WANTED), activeJobs: null };
    expect(decideAfter(WANTED, { boots: [boot] })).toMatchObject({ action: 'restart' });
  });

  it('is not waited for over the hard limit', () => {
    const full = bootOf((window) => bloated(window) + (window < 20 ? 0 : 80), WINDOWS, { activeJobs: 1 });
    expect(decideFor({ boots: [full] })[0]).toMatchObject({ action: 'restart', reason: 'hard-limit', urgent: true });
  });

  it('is reported after every other hindrance', () => {
    expect(decideAfter(WANTED, { ledger: { cooldownUntilMs: START_MS + 10_000_000 } })?.reason).toBe('cooldown');
  });
});

describe('several boots of a target', () => {
  it('are restarted one at a time, the fullest first', () => {
    const fuller = bootOf((window) => bloated(window) + 20, WINDOWS, { dyno: 'worker.2' });
    const decisions = decideFor({ boots: [bootOf(bloated, WINDOWS), fuller] });
    expect(decisions.map(({ action }) => action)).toEqual(['none', 'restart']);
    expect(decisions[0]?.reason).toBe('another-first');
  });
});

describe('the sentence on why a restart is not made now', () => {
  const at = (clock: string) => Date.parse(`2026-03-01T${clock}Z`);
  const nowMs = at('14:20:00');
  const boots = () => {
    const boot = bootOf(bloated, WINDOWS);
    return [{ ...boot, lastPointMs: nowMs }];
  };
  it.each<[string, Setting]>([
    [
      'Waiting: last restart 3 min ago; next possible at 14:32 UTC.',
      { ledger: { nowMs, cooldownUntilMs: at('14:32:00') }, policy: { cooldownMs: 15 * 60_000 } },
    ],
    ['shop:worker is not on the allow-list; Tidemark would have restarted it.', { permissions: { allowed: [] } }],
    [
      'Waiting: the ledger in Redis is new; next possible at 14:25 UTC.',
      { ledger: { nowMs, heldUntilMs: at('14:25:00') } },
    ],
    [
      'Waiting: 4 of 4 restarts an hour are used up; next possible when the oldest of them is an hour ago.',
      {
        ledger: { sentLastHour: 4 },
      },
    ],
    [
      'Waiting: 0 other dynos of shop:worker are up; at least 1 must be during a restart.',
      {
        up: 1,
        policy: { minHealthy: 1 },
      },
    ],
    [
      'Tidemark restarts it again from 2026-03-02 14:20 UTC, after a new release, or after: ' +
        'tidemark resume shop:worker.',
      { ledger: { nowMs, breakerOpenUntilMs: nowMs + 86_400_000 } },
    ],
  ])('ends with "%s"', (sentence, setting) => {
    const [decision] = decideFor({ ...setting, boots: boots(), nowMs });
    expect(decision?.explanation.endsWith(` ${sentence}`), decision?.explanation).toBe(true);
    expect(decision?.explanation).not.toContain(decision?.reason);
  });
});
