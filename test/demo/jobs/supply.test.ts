import { describe, expect, it } from 'vitest';
import { JOB_NAMES } from '../../../src/demo/jobs/job.ts';
import { imports, mailerJobs, workerJobs } from '../../../src/demo/jobs/supply.ts';

describe('the supply of jobs', () => {
  it('makes steps that grow smaller', () => {
    const sizes = [...new Set(imports(0).map((job) => job.data.size))];
    const steps = sizes.slice(1).map((size, index) => size - (sizes[index] ?? 0));
    expect(steps).toEqual(steps.toSorted((a, b) => b - a));
    expect(steps.every((step) => step > 0)).toBe(true);
  });

  it('names no job twice in a queue, across all series', () => {
    const ids = [...imports(0), ...imports(1), ...imports(2, 3)].map((job) => job.id);
    expect(new Set(ids).size).toBe(ids.length);
    const entries = workerJobs().map((job) => job.id);
    expect(new Set(entries).size).toBe(entries.length);
    const mails = mailerJobs().map((job) => job.id);
    expect(new Set(mails).size).toBe(mails.length);
  });

  it('gives the mailer peaks and no import', () => {
    const names = new Set(mailerJobs().map((job) => job.name));
    expect(names).toEqual(new Set([JOB_NAMES.entries, JOB_NAMES.render]));
  });

  it('repeats the imports that a boot had done, in the same order', () => {
    expect(imports(1, 2).map((job) => job.data)).toEqual(
      imports(0)
        .slice(0, 2)
        .map((job) => job.data),
    );
    expect(imports(1, 0)).toEqual([]);
  });
});
