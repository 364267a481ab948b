import { describe, expect, it } from 'vitest';
import { JobTally } from '../../../src/demo/jobs/tally.ts';

const RESULT = { dyno: 'worker.1', boot: 'a', rssBytes: 9, javascriptBytes: 4 };

describe('the tally of jobs', () => {
  it('distinguishes done, lost, failed and repeated jobs', () => {
    const tally = new JobTally();
    for (const id of ['done', 'lost', 'failed', 'twice']) tally.added(id);
    tally.completed('done', RESULT);
    tally.failed('failed', 'broken');
    tally.completed('twice', RESULT);
    tally.completed('twice', { ...RESULT, dyno: 'worker.2', boot: 'b' });
    expect(tally.report()).toEqual({
      added: 4,
      completed: 2,
      lost: ['lost'],
      failed: ['failed (broken)'],
      repeated: ['twice'],
      rescued: 0,
    });
    expect(tally.allDone).toBe(false);
  });

  it('counts by boot and by dyno, and keeps what JavaScript last had in use', () => {
    const tally = new JobTally();
    tally.completed('x', RESULT);
    tally.completed('y', { ...RESULT, boot: 'b', javascriptBytes: 5 });
    expect([tally.doneByBoot('a'), tally.doneByBoot('b'), tally.doneByDyno('worker.1')]).toEqual([1, 1, 2]);
    expect([tally.javascriptByBoot('b'), tally.javascriptByBoot('c')]).toEqual([5, null]);
  });

  it('counts the finished jobs of a queue', () => {
    const tally = new JobTally();
    for (const id of ['imports-worker.1/a', 'imports-worker.1/b', 'imports-worker.2/a']) tally.added(id);
    tally.completed('imports-worker.1/a', RESULT);
    tally.completed('imports-worker.2/a', RESULT);
    expect(tally.completedWith('imports-worker.1/')).toBe(1);
  });

  it('is finished when every job has completed or failed', () => {
    const tally = new JobTally();
    tally.added('x');
    tally.added('y');
    tally.completed('x', RESULT);
    tally.failed('y', 'broken');
    expect(tally.allDone).toBe(true);
  });

  it('keeps a completion that arrives before the job was added', () => {
    const tally = new JobTally();
    tally.completed('x', RESULT);
    tally.added('x');
    expect(tally.allDone).toBe(true);
  });
});
