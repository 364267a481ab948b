import { describe, expect, it } from 'vitest';
import { growthByJob } from '../../src/demo/guilty-job.ts';
import type { Job } from '../../src/web/schema/jobs.ts';

function job(queue: string, name: string, net_bytes: number, runs: number | null): Job {
  return {
    queue,
    name,
    net_bytes,
    runs,
    held_per_run_bytes: null,
    growth_median_bytes: null,
    growth_worst_bytes: null,
    known: 'exclusive',
    dynos: [],
  };
}

describe('the growth by job name', () => {
  it('counts a name once over all queues, the largest first', () => {
    const jobs = [
      job('worker', 'book', 50, 9),
      job('imports-1', 'import', 40, 6),
      job('imports-2', 'import', 30, null),
    ];
    expect(growthByJob([{ process_type: 'worker', jobs }])).toEqual([
      { name: 'import', netBytes: 70, runs: 6 },
      { name: 'book', netBytes: 50, runs: 9 },
    ]);
  });

  it('leaves out the healthy process type', () => {
    expect(growthByJob([{ process_type: 'mailer', jobs: [job('mailer', 'render', 90, 2)] }])).toEqual([]);
  });
});
