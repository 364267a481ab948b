import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { A_LOOK_MS, aProcess, pass, promise, standStill } from './drained-process.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('when jobs keep the event loop busy', () => {
  it('the next job is not fetched with a result before the key has been looked at', async () => {
    const { redis, running } = aProcess();
    const worker = running();
    const job = promise();
    await pass(0);
    worker.add('blocking', job.promise);
    worker.add('next');
    await pass(0);
    redis.attemptId = 'first';
    standStill(5_000);
    job.resolve();
    await pass(1_000);
    expect(worker.begun).toEqual(['blocking']);
    expect(redis.given.get('process-1')).toMatchObject({ idle: true });
  });

  it('a drain outlasts a block that is longer than the key lives', async () => {
    const { redis, running } = aProcess();
    const worker = running();
    const [first, second] = [promise(), promise()];
    await pass(0);
    worker.add('first', first.promise);
    worker.add('second', second.promise);
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    standStill(12_000);
    first.resolve();
    await pass(1_000);
    expect(worker.begun).toEqual(['first']);
    expect(redis.given.get('process-1')).toMatchObject({ idle: true });
  });

  it('a drain whose key went during the block is over', async () => {
    const { redis, running, takes } = aProcess();
    const worker = running();
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    standStill(12_000);
    redis.attemptId = null;
    await pass(1_000);
    expect(await takes(worker)).toBe(true);
  });

  it('a Redis that does not answer holds up one fetch for a moment, and no other', async () => {
    const { redis, running } = aProcess();
    const worker = running();
    await pass(0);
    redis.answers = false;
    standStill(5_000);
    worker.add('first');
    await pass(300);
    expect(worker.begun).toEqual(['first']);
    standStill(500);
    worker.add('second');
    worker.add('third');
    await pass(0);
    expect(worker.begun).toEqual(['first', 'second', 'third']);
  });
});
