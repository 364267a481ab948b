import { describe, expect, it } from 'vitest';
import { AttemptLog } from '../../../src/actuator/report/attempt-log.ts';
import type { Attempt } from '../../../src/attempt/attempt.ts';
import type { ActuatorEvent, HistoryEntry } from '../../../src/ports.ts';

function attempt(id: string, changes: Partial<Attempt> = {}): Attempt {
  return {
    id,
    target: { app: 'shop', processType: 'worker' },
    dyno: 'worker.1',
    bootId: 'boot',
    bootStartTimeMs: null,
    bootIdSource: 'platform',
    platformDynoId: null,
    phase: 'claimed',
    epoch: 0,
    by: 'person',
    dryRun: false,
    reason: 'requested',
    explanation: '',
    usageBytes: null,
    floorBytes: null,
    limitBytes: null,
    claimedAtMs: Number(id),
    deadlineMs: 0,
    sendingAtMs: null,
    closedAtMs: null,
    outcome: null,
    evidence: null,
    ...changes,
  };
}

function closed(id: string): Attempt {
  return attempt(id, {
    phase: 'closed',
    epoch: 3,
    outcome: 'restarted',
    closedAtMs: Number(id) + 10,
    evidence: 'a new boot',
  });
}

function event(one: Attempt): ActuatorEvent {
  return { type: 'attempt', timeMs: 0, attempt: one, phase: one.phase };
}

function ids(log: AttemptLog, open: readonly Attempt[] | null = [], history: readonly HistoryEntry[] = []) {
  return log.newest(100, open, history).map(({ attempt: { id, phase } }) => `${id} ${phase}`);
}

describe('the attempts that people see', () => {
  it('are the open ones first, then the closed ones, each newest first', () => {
    const log = new AttemptLog();
    for (const one of [closed('100'), closed('300'), attempt('200')]) log.take(event(one));
    expect(ids(log, [attempt('200'), attempt('250', { phase: 'draining', epoch: 1 })])).toEqual([
      '250 draining',
      '200 claimed',
      '300 closed',
      '100 closed',
    ]);
    expect(log.newest(1, [], [])).toHaveLength(1);
  });

  it('keep their newest state, in whatever order it arrives', () => {
    const log = new AttemptLog();
    log.take(event(closed('100')));
    log.take(event(attempt('100', { phase: 'sending', epoch: 2 })));
    expect(ids(log)).toEqual(['100 closed']);
  });

  it('that another actuator has closed show how they ended, by the history of the ledger', () => {
    const log = new AttemptLog();
    log.take(event(attempt('100')));
    const entry: HistoryEntry = {
      attemptId: '100',
      dyno: 'worker.1',
      bootId: 'boot',
      outcome: 'restarted',
      by: 'person',
      reason: 'requested',
      sendingAtMs: 105,
      closedAtMs: 110,
      usageBytes: null,
      reclaimedBytes: 7,
      backAfterMs: null,
    };
    expect(log.newest(10, [], [entry])).toEqual([
      {
        attempt: expect.objectContaining({ phase: 'closed', outcome: 'restarted', closedAtMs: 110 }),
        reclaimedBytes: 7,
        backAfterMs: null,
      },
    ]);
    expect(ids(log, []), 'closed, and nobody knows how').toEqual([]);
    expect(ids(log, null), 'the ledger could not be read').toEqual(['100 claimed']);
  });

  it('are read back from the journal beneath what happened since, with what they gave back', () => {
    const log = new AttemptLog();
    log.take(event(closed('300')));
    const reclaimed: ActuatorEvent = {
      type: 'reclaimed',
      timeMs: 0,
      target: 'shop:worker',
      attemptId: '100',
      reclaimedBytes: 5,
      usageBytes: null,
    };
    log.restore([reclaimed, event(closed('100')), event(attempt('100'))]);
    expect(log.newest(10, [], []).map(({ attempt: { id }, reclaimedBytes }) => [id, reclaimedBytes])).toEqual([
      ['300', null],
      ['100', 5],
    ]);
  });

  it('are bounded', () => {
    const log = new AttemptLog(3);
    for (let id = 1; id <= 10; id += 1) log.take(event(closed(String(id))));
    expect(ids(log)).toEqual(['10 closed', '9 closed', '8 closed']);
  });
});
