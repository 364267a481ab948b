import { describe, expect, it } from 'vitest';
import { JOB_NAMES } from '../../../src/demo/jobs/job.ts';
import { imports, mailerJobs, needsImportsAgain, workerJobs } from '../../../src/demo/jobs/supply.ts';

describe('the supply of jobs', () => {
  it('gives every worker one import of each size, at the same moment', () => {
    const shares = imports(2, 0).filter((job) => job.id.endsWith('-1'));
    const others = imports(2, 0).filter((job) => job.id.endsWith('-2'));
    expect(others.map(({ data, delayMs }) => ({ data, delayMs }))).toEqual(
      shares.map(({ data, delayMs }) => ({ data, delayMs })),
    );
  });

  it('makes stairs whose steps grow smaller', () => {
    const sizes = [...new Set(imports(1, 0).map((job) => job.data.size))];
    const steps = sizes.slice(1).map((size, index) => size - (sizes[index] ?? 0));
    expect(steps).toEqual(steps.toSorted((a, b) => b - a));
    expect(steps.every((step) => step > 0)).toBe(true);
  });

  it('names no job twice in a queue, later series included', () => {
    const ids = [...workerJobs(2), ...imports(2, 1), ...imports(2, 2)].map((job) => job.id);
    expect(new Set(ids).size).toBe(ids.length);
    const mails = mailerJobs().map((job) => job.id);
    expect(new Set(mails).size).toBe(mails.length);
  });

  it('gives the mailer peaks and no import', () => {
    const names = new Set(mailerJobs().map((job) => job.name));
    expect(names).toEqual(new Set([JOB_NAMES.entries, JOB_NAMES.render]));
  });

  it('is repeated only where the greater part of it has been used up', () => {
    const last = Math.max(...imports(1, 0).map((job) => job.delayMs));
    expect(needsImportsAgain(0)).toBe(false);
    expect(needsImportsAgain(last)).toBe(true);
  });
});
