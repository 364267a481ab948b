import { describe, expect, it } from 'vitest';
import { type Progress, waitingFor } from '../../src/demo/finish.ts';
import { boot, LOW, PEAKS, PLATEAU, SOFT } from './boots.ts';

const OLD = boot(PLATEAU, { restartRequestsMs: [12_000], end: 'restarted', endedAtMs: 12_200 });
const NEW = boot(LOW, { bootId: 'boot-b', number: 2, startedAtMs: 12_000 });
const MAILER = boot(PEAKS, { dyno: 'mailer.1', type: 'mailer', bootId: 'boot-m' });

function progress(changes: Partial<Progress> = {}): Progress {
  return {
    nowMs: 30_000,
    boots: [OLD, NEW, MAILER],
    softLimitBytes: SOFT,
    bloatingDynos: ['worker.1'],
    allJobsDone: true,
    counts: { completed: 9, failed: 0, open: 0 },
    confirmedBootIds: new Set(['boot-a']),
    ...changes,
  };
}

describe('the end of the demo', () => {
  it('comes when every bloated boot is gone, its successor has settled and every job is done', () => {
    expect(waitingFor(progress())).toBeNull();
  });

  const cases: readonly [string, Partial<Progress>, string][] = [
    ['a dyno that is still to be restarted', { bloatingDynos: ['worker.1', 'worker.2'] }, 'a restart of worker.2'],
    ['an old boot that still ends', { boots: [{ ...OLD, end: null }, NEW] }, 'the end of boot 1 of worker.1'],
    ['a new boot that has bloated too', { boots: [OLD, boot(PLATEAU, { number: 2 })] }, 'a restart of boot 2'],
    [
      'a peak that has not come back yet',
      { boots: [OLD, NEW, boot([...LOW, 430], { number: 3 })] },
      'a restart of boot 3',
    ],
    ['the word of the actuator', { confirmedBootIds: new Set() }, 'confirmation that worker.1 is new'],
    ['jobs', { allJobsDone: false }, 'the last jobs'],
    ['the count of jobs', { counts: null }, 'the last jobs'],
    ['jobs that BullMQ still holds', { counts: { completed: 8, failed: 0, open: 1 } }, 'the last jobs'],
    ['a new boot that is young', { nowMs: 13_000 }, 'boot 2 of worker.1 to settle'],
  ];
  it.each(cases)('waits for %s', (_, changes, expected) => {
    expect(waitingFor(progress(changes))).toContain(expected);
  });

  it('does not wait for a peak that came back, however long it lasted', () => {
    const busy = boot([...PLATEAU, 120], { dyno: 'mailer.1', type: 'mailer', bootId: 'boot-m' });
    expect(waitingFor(progress({ boots: [OLD, NEW, busy] }))).toBeNull();
  });

  it('does not wait forever for an actuator that was killed', () => {
    expect(waitingFor(progress({ nowMs: 50_000, confirmedBootIds: new Set() }))).toBeNull();
  });
});
