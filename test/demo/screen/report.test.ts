import { describe, expect, it } from 'vitest';
import { MIB } from '../../../src/demo/plan.ts';
import { type ReportInput, reportText } from '../../../src/demo/screen/report.ts';

const INPUT: ReportInput = {
  verdict: {
    ok: true,
    faults: [],
    restarts: [
      {
        dyno: 'worker.1',
        bootId: 'a',
        bootNumber: 1,
        requestedAtMs: 25_000,
        beforeBytes: 450 * MIB,
        afterBytes: 120 * MIB,
      },
    ],
  },
  elapsedMs: 60_000,
  startedAtMs: 1_000,
  jobs: { added: 9, completed: 9, lost: [], failed: [], repeated: [], rescued: 0 },
  jobGrowth: [
    { name: 'import-records', netBytes: 776 * MIB, runs: 12 },
    { name: 'book-entries', netBytes: 3 * MIB, runs: 550 },
  ],
  accounts: new Map([['a', { explanation: 'It stays high.', outcome: 'restarted' }]]),
  javascriptBytes: () => 20 * MIB,
  untouched: [{ dyno: 'mailer.1', peakBytes: 430 * MIB, lastBytes: 117 * MIB }],
  disturbances: [],
};

describe('the summary', () => {
  it('says which dyno was restarted, why, and what became of its memory and the jobs', () => {
    const text = reportText(INPUT);
    expect(text).toContain('worker.1 (boot 1) was restarted at 24 s');
    expect(text).toContain('why     It stays high.');
    expect(text).toContain('before 450 MB (20 MB of it in use by JavaScript), after 120 MB, 330 MB given back');
    expect(text).toContain('9 of 9 done, 0 lost, 0 failed, 0 done twice');
    expect(text).toContain('mailer.1 was left alone: its peaks of up to 430 MB came back to 117 MB');
    expect(text).toContain('The loop closed');
  });

  it('names the job that grew memory most, next to the second', () => {
    expect(reportText(INPUT)).toContain(
      'The guilty job is import-records: memory grew by 776 MB in its 12 runs, ' +
        'by 3 MB in the 550 runs of book-entries.',
    );
  });

  it.each([[[]], [[{ name: 'book-entries', netBytes: -1, runs: 5 }]]])('accuses no job without growth', (jobGrowth) => {
    expect(reportText({ ...INPUT, jobGrowth })).not.toContain('guilty');
  });

  it('ends with the next step', () => {
    expect(reportText(INPUT)).toMatch(/Next: .*README.*\n.*tidemark replay series\.csv --quota 512MiB\n$/);
  });

  it('lists what was wrong', () => {
    const text = reportText({
      ...INPUT,
      verdict: { ok: false, faults: ['worker.2 was never restarted'], restarts: [] },
    });
    expect(text).toContain('The loop did not close:\n  - worker.2 was never restarted');
    expect(text).toContain('No dyno was restarted.');
    expect(text).not.toContain('The loop closed');
  });

  it('says what is not known, and what was killed from outside', () => {
    const text = reportText({
      ...INPUT,
      accounts: new Map(),
      javascriptBytes: () => null,
      jobs: { ...INPUT.jobs, rescued: 2 },
      disturbances: ['Redis ended and was started again'],
    });
    expect(text).toContain('the actuator did not say');
    expect(text).toContain('2 taken over from a worker that was killed');
    expect(text).toContain('Redis ended and was started again');
  });
});
