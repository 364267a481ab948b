import { describe, expect, it } from 'vitest';
import { type Check, checklist } from '../../src/decision/checklist.ts';
import { decide } from '../../src/decision/decide.ts';
import { GATES } from '../../src/decision/gates.ts';
import { nextStep } from '../../src/decision/next-step.ts';
import { REASONS } from '../../src/model/decision.ts';
import { bootOf, inputFor, type Setting, START_MS, WINDOWS } from './decide-for.ts';

const LATER_MS = START_MS + 600_000;

/** The decision about one boot, and why it is not restarted now. */
function checked(setting: Setting) {
  const input = inputFor(setting);
  const [decision] = decide(input);
  const [{ boot, facts, listing = null } = { boot: null, facts: null }] = input.boots;
  if (decision === undefined || boot === null || listing?.kind === 'unlisted') throw new Error('there is no boot');
  const ledger = input.ledgers.get('shop:worker') ?? null;
  return { decision, checks: checklist(input, { decision, ledger, boot, facts, listing }) };
}

const codes = new Set<string>(GATES.map(({ reason }) => reason));
const firstClosed = (checks: readonly Check[]) => checks.find(({ code, ok }) => codes.has(code) && ok === false)?.code;

describe('the checklist', () => {
  it('has everything checked where a dyno is restarted', () => {
    const { decision, checks } = checked({});
    expect(decision.action).toBe('restart');
    expect(checks.filter(({ ok }) => ok !== true)).toEqual([]);
  });

  it.each<[string, Setting]>([
    ['not-allowed', { permissions: { allowed: [] } }],
    ['ledger-unavailable', { ledger: null }],
    ['eviction-policy', { ledger: { mayBeEvicted: true } }],
    ['paused', { ledger: { paused: true } }],
    ['ledger-hold', { ledger: { heldUntilMs: LATER_MS } }],
    ['attempt-open', { ledger: { open: {} } }],
    ['boot-spent', { ledger: { spentBootIds: ['worker.1-boot'] } }],
    ['breaker-open', { ledger: { breakerOpenUntilMs: LATER_MS } }],
    ['cooldown', { ledger: { cooldownUntilMs: LATER_MS } }],
    ['budget', { ledger: { sentLastHour: 4 } }],
    ['min-healthy', { policy: { minHealthy: 2 } }],
    ['taking-over', { hindrance: 'taking-over' }],
    ['platform-unavailable', { hindrance: 'platform-unavailable' }],
  ])('first fails where the decision stops: %s', (reason, setting) => {
    const { decision, checks } = checked(setting);
    expect(decision.reason).toBe(reason);
    expect(firstClosed(checks)).toBe(reason);
  });

  it('shows what the decision did not get to, with the time at which each ends', () => {
    const { checks } = checked({ ledger: { paused: true, cooldownUntilMs: LATER_MS, sentLastHour: 9 } });
    expect(checks.filter(({ ok }) => ok === false)).toMatchObject([
      { code: 'paused', untilMs: null },
      { code: 'cooldown', untilMs: LATER_MS },
      { code: 'budget', untilMs: null },
    ]);
  });

  it('claims nothing of a ledger that cannot be read', () => {
    const { checks } = checked({ ledger: null });
    const unknown = checks.filter(({ ok }) => ok === null).map(({ code }) => code);
    expect(unknown).toEqual(expect.arrayContaining(['paused', 'cooldown', 'budget', 'breaker-open']));
  });

  it('says of a healthy dyno that its curve asks for nothing, and how full it is', () => {
    const { checks } = checked({ boots: [bootOf(() => 100, WINDOWS)] });
    expect(checks[0]).toMatchObject({ code: 'curve', ok: false });
    expect(checks.find(({ code }) => code === 'over-soft-limit')).toMatchObject({
      ok: false,
      says: expect.stringContaining('100 MB'),
    });
  });
});

describe('the next step', () => {
  const { decision } = checked({});

  it('fits one line for every reason', () => {
    for (const reason of REASONS) {
      const { says } = nextStep({ ...decision, action: 'none', reason });
      expect(says.length, reason).toBeGreaterThan(5);
      expect(says.length, reason).toBeLessThanOrEqual(100);
    }
  });

  it('says what a restart gives back, and until when it waits', () => {
    const waiting = { ...decision, action: 'none', reason: 'jobs-running', waitsUntilMs: LATER_MS } as const;
    expect(nextStep(waiting)).toEqual({
      says: expect.stringMatching(/^restart at the next idle moment, gives back about \d+ MB$/),
      atMs: LATER_MS,
    });
    expect(nextStep({ ...decision, dryRun: true }).says).toMatch(/^dry run: would restart now/);
  });

  it('does not call a floor over the soft limit "below its limits"', () => {
    const none = { ...decision, action: 'none', reason: 'below-limits', softLimitBytes: 400 } as const;
    expect(nextStep({ ...none, floorBytes: 399 }).says).toContain('below its limits');
    expect(nextStep({ ...none, floorBytes: 401 }).says).toBe('watching: it has not stayed over the soft limit yet');
  });

  it('says when a leak reaches its limit', () => {
    const leak = { ...decision, action: 'none', reason: 'leak-far-from-limit', timeToLimitMs: 7_200_000 } as const;
    expect(nextStep(leak).atMs).toBe(leak.timeMs + 7_200_000);
  });
});
