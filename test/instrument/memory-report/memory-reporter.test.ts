import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ProfileNode } from '../../../src/instrument/memory-report/allocation-sites.ts';
import { MemoryReporter } from '../../../src/instrument/memory-report/memory-reporter.ts';
import {
  MEMORY_ANSWER_MAX_BYTES,
  MEMORY_QUESTION_LIFE_MS,
  type MemoryAnswer,
  memoryReportKeyNames,
  type NotSampledBecause,
} from '../../../src/shared/memory-report-messages.ts';

const MINUTE_MS = 60_000;
const MAX_RSS_BYTES = 2 ** 40;
const LOOK_MS = 2_000;
const LEAK: ProfileNode = {
  callFrame: { functionName: 'leak', url: '/app/src/leak.js', lineNumber: 0, columnNumber: 0 },
  selfSize: 1000,
  children: [],
};

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A reporter with a sampler that notes what is done with it. */
function aReporter({ refusal = null as NotSampledBecause | null, take = async () => LEAK } = {}) {
  const keys = memoryReportKeyNames({ app: 'shop', bootId: 'boot-1' });
  if (keys === null) throw new Error('no keys');
  const did: string[] = [];
  const written: { field: string; answer: MemoryAnswer; lifeMs: number; bytes: number }[] = [];
  const state = { hasHeadroom: true, redisFault: null as Error | null };
  const reporter = new MemoryReporter({
    keys,
    processId: 'process-1',
    threadId: 0,
    root: '/app',
    nowMs: () => Date.now(),
    hasHeadroom: () => state.hasHeadroom,
    startSampling: async () => {
      did.push('start');
      if (refusal !== null) return refusal;
      return {
        take: () => {
          did.push('take');
          return take();
        },
        drop: () => void did.push('drop'),
      };
    },
  });
  const redis = {
    isConnected: async () => true,
    evaluate: async (_script: unknown, [key]: readonly string[], args: readonly string[]) => {
      if (state.redisFault !== null) throw state.redisFault;
      const [field = '', json = '', life = ''] = args;
      expect(key).toBe(keys.answers);
      written.push({ field, answer: JSON.parse(json), lifeMs: Number(life), bytes: Buffer.byteLength(json) });
    },
  };
  const request = { redis, attemptId: 'first', keepMs: 300_000 };
  /** Looks for a time, as a process does. */
  const lookFor = async (ms: number, maxRssBytes: number | null) => {
    for (let atMs = 0; atMs < ms; atMs += LOOK_MS) {
      reporter.see(maxRssBytes);
      await vi.advanceTimersByTimeAsync(LOOK_MS);
    }
  };
  return { reporter, did, written, state, request, lookFor };
}

describe('a process that nobody asks', () => {
  it('samples nothing, and still says at a drain what it holds', async () => {
    const { reporter, did, written, request, lookFor } = aReporter();
    await lookFor(MINUTE_MS, null);
    await reporter.reportBusy(request);
    await reporter.reportIdle(request);
    expect(did).toEqual([]);
    expect(written).toHaveLength(1);
    expect(written[0]).toMatchObject({ field: 'process-1', lifeMs: 300_000 });
    const answer = written[0]?.answer;
    expect(answer).toMatchObject({ attemptId: 'first', sampled: null, notSampled: 'not-asked' });
    expect(answer?.rssBytes).toBeGreaterThan(answer?.heapUsedBytes ?? Number.POSITIVE_INFINITY);
    expect(answer?.spaces.map(({ name }) => name)).toContain('old_space');
  });
});

describe('a process that is asked', () => {
  it('samples from then on, and reads the samples when the drain has ended', async () => {
    const { reporter, did, written, request, lookFor } = aReporter();
    await lookFor(5 * MINUTE_MS, MAX_RSS_BYTES);
    expect(did).toEqual(['start']);
    await reporter.reportBusy(request);
    expect(written[0]?.answer).toMatchObject({ sampled: null, notSampled: 'jobs-running' });
    await vi.advanceTimersByTimeAsync(10_000);
    await reporter.reportIdle(request);
    expect(did).toEqual(['start', 'take']);
    expect(written[1]?.answer.notSampled).toBeNull();
    expect(written[1]?.answer.sampled).toMatchObject({
      forMs: 5 * MINUTE_MS + 10_000,
      bytes: 1000,
      sites: [{ functionName: 'leak', place: 'src/leak.js:1:1' }],
    });
    expect(written[1]?.bytes).toBeLessThan(MEMORY_ANSWER_MAX_BYTES);
  });

  it('ends without reading when the question has gone', async () => {
    const { did, lookFor } = aReporter();
    await lookFor(MINUTE_MS, MAX_RSS_BYTES);
    await lookFor(LOOK_MS, null);
    expect(did).toEqual(['start', 'drop']);
  });

  it('ends by its own clock when neither actuator nor Redis can be reached any more', async () => {
    const { did, lookFor } = aReporter();
    await lookFor(MINUTE_MS, MAX_RSS_BYTES);
    await vi.advanceTimersByTimeAsync(MEMORY_QUESTION_LIFE_MS);
    expect(did).toEqual(['start', 'drop']);
  });

  it('keeps its samples through a drain that outlasts the question', async () => {
    const { reporter, did, request, lookFor } = aReporter();
    await lookFor(MINUTE_MS, MAX_RSS_BYTES);
    for (let atMs = 0; atMs < 5 * MINUTE_MS; atMs += 500) {
      reporter.keep();
      await vi.advanceTimersByTimeAsync(500);
    }
    await reporter.reportIdle(request);
    expect(did).toEqual(['start', 'take']);
  });

  it('samples for two hours of its life at most, however often it is asked', async () => {
    const { reporter, did, written, request, lookFor } = aReporter();
    await lookFor(90 * MINUTE_MS, MAX_RSS_BYTES);
    await lookFor(MINUTE_MS, null);
    await lookFor(60 * MINUTE_MS, MAX_RSS_BYTES);
    expect(did).toEqual(['start', 'drop', 'start', 'drop']);
    await lookFor(MINUTE_MS, null);
    await lookFor(60 * MINUTE_MS, MAX_RSS_BYTES);
    expect(did).toEqual(['start', 'drop', 'start', 'drop']);
    await reporter.reportBusy(request);
    expect(written[0]?.answer).toMatchObject({ notSampled: 'time-over' });
  });

  it('samples nothing without headroom, stops where it is lost, and begins again where it is back', async () => {
    const { reporter, did, written, state, request, lookFor } = aReporter();
    state.hasHeadroom = false;
    await lookFor(MINUTE_MS, MAX_RSS_BYTES);
    expect(did).toEqual([]);
    state.hasHeadroom = true;
    await lookFor(MINUTE_MS, MAX_RSS_BYTES);
    state.hasHeadroom = false;
    await lookFor(MINUTE_MS, MAX_RSS_BYTES);
    expect(did).toEqual(['start', 'drop']);
    await reporter.reportBusy(request);
    expect(written[0]?.answer).toMatchObject({ notSampled: 'no-headroom' });
  });

  it('measures its headroom by its RSS', async () => {
    const { hasHeadroom } = await import('../../../src/instrument/memory-report/memory-now.ts');
    const { rss } = process.memoryUsage();
    expect([hasHeadroom(2 * rss), hasHeadroom(rss / 2)]).toEqual([true, false]);
  });

  it('tries once where another profiler samples, until it is asked again', async () => {
    const { reporter, did, written, request, lookFor } = aReporter({ refusal: 'another-profiler' });
    await lookFor(10 * MINUTE_MS, MAX_RSS_BYTES);
    expect(did).toEqual(['start']);
    await reporter.reportBusy(request);
    expect(written[0]?.answer).toMatchObject({ sampled: null, notSampled: 'another-profiler' });
    await lookFor(LOOK_MS, null);
    await lookFor(LOOK_MS, MAX_RSS_BYTES);
    expect(did).toEqual(['start', 'start']);
  });

  it('says so where the samples cannot be read, because something else has ended the sampling', async () => {
    const take = () => Promise.reject(new Error('not started'));
    const { reporter, written, request, lookFor } = aReporter({ take });
    await lookFor(MINUTE_MS, MAX_RSS_BYTES);
    await reporter.reportIdle(request);
    expect(written[0]?.answer).toMatchObject({ sampled: null, notSampled: 'another-profiler' });
  });

  it('rejects nothing where the queue is full', async () => {
    const { reporter, state, request, lookFor } = aReporter();
    state.redisFault = new Error('OOM command not allowed');
    await lookFor(MINUTE_MS, MAX_RSS_BYTES);
    await expect(reporter.reportBusy(request)).resolves.toBeUndefined();
    await expect(reporter.reportIdle(request)).resolves.toBeUndefined();
  });

  it('ends at its stop', async () => {
    const { reporter, did, lookFor } = aReporter();
    await lookFor(MINUTE_MS, MAX_RSS_BYTES);
    reporter.stop();
    await vi.advanceTimersByTimeAsync(10 * MINUTE_MS);
    expect(did).toEqual(['start', 'drop']);
  });
});
