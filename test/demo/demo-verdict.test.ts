import { describe, expect, it } from 'vitest';
import type { BootRecord } from '../../src/demo/boot-records.ts';
import { type Evidence, judge } from '../../src/demo/demo-verdict.ts';
import { MIB } from '../../src/demo/plan.ts';
import { boot, LOW, PEAKS, PLATEAU, SOFT } from './boots.ts';

const NO_JOB_AMISS = { added: 9, completed: 9, lost: [], failed: [], repeated: [], rescued: 0 };

function restarted(dyno: string, atMs: number, changes: Partial<BootRecord> = {}): BootRecord {
  const endedAtMs = atMs + 200;
  const ended: Partial<BootRecord> = { restartRequestsMs: [atMs], end: 'restarted', endedAtMs };
  return boot(PLATEAU, { dyno, bootId: `${dyno}-1`, ...ended, ...changes });
}

function next(dyno: string, changes: Partial<BootRecord> = {}): BootRecord {
  return boot(LOW, { dyno, bootId: `${dyno}-2`, number: 2, ...changes });
}

const MAILER = boot(PEAKS, { dyno: 'mailer.1', type: 'mailer', bootId: 'mailer.1-1' });
const GOOD_BOOTS = [
  restarted('worker.1', 12_000),
  next('worker.1'),
  restarted('worker.2', 27_000),
  next('worker.2'),
  MAILER,
];

function evidence(changes: Partial<Evidence> = {}): Evidence {
  return {
    boots: GOOD_BOOTS,
    softLimitBytes: SOFT,
    bloatingDynos: ['worker.1', 'worker.2'],
    jobs: NO_JOB_AMISS,
    counts: { completed: 9, failed: 0, open: 0 },
    confirmedBootIds: new Set(['worker.1-1', 'worker.2-1']),
    disturbed: false,
    cutShort: null,
    ...changes,
  };
}

const [firstOld, firstNew, secondOld, secondNew] = GOOD_BOOTS as [BootRecord, BootRecord, BootRecord, BootRecord];
const cases: readonly [string, Partial<Evidence>, string][] = [
  [
    'a boot was restarted twice',
    { boots: [{ ...firstOld, restartRequestsMs: [12_000, 12_100] }, firstNew, secondOld, secondNew] },
    'boot 1 of worker.1 was restarted 2 times',
  ],
  [
    'a healthy boot was restarted',
    { boots: [...GOOD_BOOTS.slice(0, 4), { ...MAILER, restartRequestsMs: [5], end: 'restarted', endedAtMs: 9 }] },
    'boot 1 of mailer.1 was restarted although it was not bloated',
  ],
  [
    'a bloated boot was left',
    { boots: [...GOOD_BOOTS, boot(PLATEAU, { dyno: 'worker.2', number: 3 })] },
    'boot 3 of worker.2 was bloated and was not restarted',
  ],
  [
    'a restart began before the one before had ended',
    { boots: [firstOld, firstNew, { ...secondOld, restartRequestsMs: [12_100] }, secondNew] },
    'worker.2 was restarted while worker.1 was still restarting',
  ],
  [
    'a dyno never bloated',
    { boots: [firstOld, firstNew, boot(LOW, { dyno: 'worker.2' })] },
    'worker.2 was never restarted',
  ],
  [
    'a dyno ended by itself',
    { boots: [...GOOD_BOOTS, { ...MAILER, end: 'crashed', endDetail: 'code 1' }] },
    'boot 1 of mailer.1 ended by itself (code 1)',
  ],
  ['a restart was not confirmed', { confirmedBootIds: new Set(['worker.1-1']) }, 'restart of worker.2 ended'],
  ['a job is lost', { jobs: { ...NO_JOB_AMISS, lost: ['worker/x'] } }, '1 job lost: worker/x'],
  ['a job failed', { jobs: { ...NO_JOB_AMISS, failed: ['worker/x (why)'] } }, '1 job failed: worker/x (why)'],
  ['a job was done twice', { jobs: { ...NO_JOB_AMISS, repeated: ['a', 'b'] } }, '2 jobs done more than once: a, b'],
  ['no job was there', { jobs: { ...NO_JOB_AMISS, added: 0 } }, 'no job was added'],
  ['BullMQ counts otherwise', { counts: { completed: 8, failed: 0, open: 1 } }, 'BullMQ has 8 completed jobs'],
  ['BullMQ did not count', { counts: null }, 'BullMQ did not say'],
  ['the time was over', { cutShort: 'the time was over' }, 'the time was over'],
];

describe('the verdict', () => {
  it('is good if exactly the bloated boots were restarted, once each, one at a time', () => {
    const verdict = judge(evidence());
    expect(verdict.faults).toEqual([]);
    expect(verdict.ok).toBe(true);
    expect(verdict.restarts.map(({ dyno, beforeBytes, afterBytes }) => ({ dyno, beforeBytes, afterBytes }))).toEqual([
      { dyno: 'worker.1', beforeBytes: 450 * MIB, afterBytes: 120 * MIB },
      { dyno: 'worker.2', beforeBytes: 450 * MIB, afterBytes: 120 * MIB },
    ]);
  });

  it.each(cases)('is bad if %s', (_, changes, fault) => {
    const verdict = judge(evidence(changes));
    expect(verdict.ok).toBe(false);
    expect(verdict.faults.join('\n')).toContain(fault);
  });

  it('counts as memory after a restart what the new boot uses before it bloats too', () => {
    const again = next('worker.1', { samples: boot([...LOW, ...PLATEAU]).samples });
    expect(judge(evidence({ boots: [firstOld, again] })).restarts[0]?.afterBytes).toBe(120 * MIB);
  });

  it('excuses a bloated boot that was killed from outside, if its successor closed the loop', () => {
    const killed = boot(PLATEAU, { dyno: 'worker.1', bootId: 'killed', end: 'killed', endedAtMs: 11_000 });
    const boots = [
      killed,
      restarted('worker.1', 40_000, { bootId: 'second', number: 2 }),
      next('worker.1', { number: 3 }),
      ...GOOD_BOOTS.slice(2),
    ];
    expect(judge(evidence({ boots, disturbed: true })).faults).toEqual([]);
    expect(judge(evidence({ boots, disturbed: false })).faults).not.toEqual([]);
  });
});
