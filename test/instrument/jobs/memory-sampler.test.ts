import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MemorySampler } from '../../../src/instrument/jobs/memory-sampler.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the sampler of running jobs', () => {
  it('looks soon after a job begins, then less and less often, down to once a second', () => {
    const sample = vi.fn(() => true);
    new MemorySampler(sample).jobBegins();
    vi.advanceTimersByTime(50);
    expect(sample).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(950);
    const inFirstSecond = sample.mock.calls.length;
    vi.advanceTimersByTime(100_000);
    const later = sample.mock.calls.length;
    vi.advanceTimersByTime(10_000);
    expect(inFirstSecond).toBeGreaterThan(4);
    expect(sample.mock.calls.length - later).toBe(10);
  });

  it('stops when no job runs any more, and begins again with the next', () => {
    const sample = vi.fn(() => false);
    const sampler = new MemorySampler(sample);
    sampler.jobBegins();
    sampler.jobBegins();
    vi.advanceTimersByTime(60_000);
    expect(sample).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
    sampler.jobBegins();
    vi.advanceTimersByTime(50);
    expect(sample).toHaveBeenCalledTimes(2);
  });

  it('survives a reading that fails', () => {
    const sampler = new MemorySampler(() => {
      throw new Error('no /proc');
    });
    sampler.jobBegins();
    expect(() => vi.advanceTimersByTime(1000)).not.toThrow();
  });

  it('leaves no timer behind when it is stopped', () => {
    const sampler = new MemorySampler(() => true);
    sampler.jobBegins();
    sampler.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});
