import { describe, expect, it } from 'vitest';
import { DecisionLog } from '../../../src/actuator/report/decision-log.ts';
import type { Decision } from '../../../src/model/decision.ts';
import { aDecision } from '../../models/decisions.ts';

function decision(changes: Partial<Decision>): Decision {
  return aDecision(changes);
}

describe('the decision log', () => {
  it('records a decision once for as long as class, action and reason stay', () => {
    const log = new DecisionLog();
    expect(log.record('b', decision({ timeMs: 1 }))).toBe(true);
    expect(log.record('b', decision({ timeMs: 2 }))).toBe(false);
    expect(log.record('b', decision({ timeMs: 3, reason: 'cooldown' }))).toBe(true);
    expect(log.record('b', decision({ timeMs: 4 }))).toBe(true);
    expect(log.recent(10).map((entry) => entry.decision.timeMs)).toEqual([4, 3, 1]);
  });

  it('records once a minute at most that the ledger of a boot cannot be read', () => {
    const log = new DecisionLog();
    const seconds = Array.from({ length: 130 }, (_, second) => second);
    const gone = decision({ reason: 'ledger-unavailable' });
    for (const second of seconds) {
      log.record('b', { ...(second % 2 === 1 ? gone : decision({})), timeMs: second * 1_000 });
    }
    const recorded = log.recent(200).toReversed();
    expect(recorded.map(({ decision: { timeMs } }) => timeMs / 1_000)).toEqual([0, 1, 2, 61, 62, 121, 122]);
    expect(log.record('other', { ...gone, timeMs: 129_000 })).toBe(true);
  });

  it('records a restart at each attempt, and once if none is attempted', () => {
    const log = new DecisionLog();
    const restart = decision({ action: 'restart', reason: 'sustained-over-soft-limit' });
    expect([1, 2].map(() => log.record('a', restart))).toEqual([true, true]);
    expect([1, 2].map(() => log.record('b', restart, { isTried: false }))).toEqual([true, false]);
  });

  it('keeps boots apart, and a forgotten one starts again', () => {
    const log = new DecisionLog();
    expect(log.record('a', decision({}))).toBe(true);
    expect(log.record('b', decision({}))).toBe(true);
    log.forget('a');
    expect(log.record('a', decision({}))).toBe(true);
  });

  it('ties a restart to its attempt, and says how it ended', () => {
    const log = new DecisionLog();
    log.record('b', decision({ action: 'restart', reason: 'sustained-over-soft-limit', bootId: 'boot-7' }));
    log.record('c', decision({ bootId: 'boot-8' }));
    const attempt = { id: 'attempt-1', target: { app: 'shop', processType: 'worker' }, bootId: 'boot-7' };
    log.attach({ ...attempt, dyno: 'worker.2' });
    log.attach({ ...attempt, dyno: 'worker.1' });
    log.close('attempt-1', 'restarted');
    expect(log.recent(10).map(({ outcome }) => outcome)).toEqual([null, 'restarted']);
  });

  it('takes up what another actuator kept, and what it has already only once', () => {
    const log = new DecisionLog();
    const mine = aDecision({ timeMs: 3, reason: 'below-limits' });
    log.record('boot-1', mine);
    const kept = [aDecision({ timeMs: 2, reason: 'peak-returns' }), aDecision({ timeMs: 1 })];
    const events = kept.map(
      (decision) => ({ type: 'decision', timeMs: decision.timeMs, decision, outcome: null }) as const,
    );
    log.restore(events);
    log.restore([{ type: 'decision', timeMs: 3, decision: mine, outcome: null }, ...events]);
    expect(log.recent(10).map(({ decision }) => decision.timeMs)).toEqual([3, 2, 1]);
  });

  it('stays bounded', () => {
    const log = new DecisionLog(3);
    for (let timeMs = 0; timeMs < 10; timeMs += 1) log.record(`boot-${timeMs}`, decision({ timeMs }));
    expect(log.recent(100)).toHaveLength(3);
  });

  it('keeps a fair share for each app: one that decides much pushes out its own', () => {
    const log = new DecisionLog(10);
    for (let time = 0; time < 3; time++) log.record(`shop-${time}`, decision({ app: 'shop', timeMs: time }));
    for (let time = 3; time < 1000; time++) log.record(`flood-${time}`, decision({ app: 'flood', timeMs: time }));
    const kept = log.recent(100).map((entry) => entry.decision);
    expect(kept.filter(({ app }) => app === 'shop').map(({ timeMs }) => timeMs)).toEqual([2, 1, 0]);
    expect(kept.filter(({ app }) => app === 'flood').map(({ timeMs }) => timeMs)).toEqual([
      999, 998, 997, 996, 995, 994, 993,
    ]);
  });

  it('looks at few of its entries for each of the thousands that a deploy of all apps brings', () => {
    const log = new DecisionLog(1000);
    let looks = 0;
    for (let index = 0; index < 3000; index++) {
      const one = decision({ timeMs: index });
      Object.defineProperty(one, 'app', {
        get: () => {
          looks += 1;
          return `app-${index % 50}`;
        },
      });
      log.record(`boot-${index}`, one);
    }
    expect(log.recent(2000)).toHaveLength(1000);
    expect(looks).toBeLessThan(10 * 3000);
  });
});
