import { diag } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type DrainHook, onDrain, onRestart } from '../../../src/instrument/drain/drain-hooks.ts';
import { threadPeers } from '../../../src/instrument/drain/thread-peers.ts';
import { A_LOOK_MS, aProcess, KEY_LIFE_MS, pass, promise } from './drained-process.ts';

const undo: (() => void)[] = [];

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  for (const step of undo.splice(0)) step();
  vi.useRealTimers();
});

describe('the hooks of an application', () => {
  function hook(register: (hook: DrainHook) => () => void, body: DrainHook = () => {}) {
    const spy = vi.fn(body);
    undo.push(register(spy));
    return spy;
  }

  it('are called in order, and the process is not idle before they have settled', async () => {
    const { redis, running, answer } = aProcess();
    const [drained, flushed, job] = [promise(), promise(), promise()];
    const drainHook = hook(onDrain, () => drained.promise);
    const restartHook = hook(onRestart, () => flushed.promise);
    running().add('job', job.promise);
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    expect(drainHook).toHaveBeenCalledExactlyOnceWith({ attemptId: 'first', signal: expect.any(AbortSignal) });
    job.resolve();
    await pass(1_000);
    expect(restartHook).not.toHaveBeenCalled();
    drained.resolve();
    await pass(1_000);
    expect(restartHook).toHaveBeenCalledOnce();
    expect(answer()).toMatchObject({ idle: false });
    flushed.resolve();
    await pass(0);
    expect(answer()).toMatchObject({ idle: true });
    await pass(5_000);
    expect(drainHook).toHaveBeenCalledOnce();
    expect(restartHook).toHaveBeenCalledOnce();
  });

  it('that fail are logged to the diagnostics and delay nothing', async () => {
    const logger = { error: vi.fn(), warn: vi.fn(), info: vi.fn(), debug: vi.fn(), verbose: vi.fn() };
    diag.setLogger(logger);
    undo.push(() => diag.disable());
    const { redis, running, answer } = aProcess();
    running();
    hook(onDrain, () => {
      throw new Error('first hook');
    });
    hook(onRestart, () => Promise.reject(new Error('second hook')));
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    expect(answer()).toMatchObject({ idle: true });
    const logged = logger.error.mock.calls.flat().map(String).join();
    expect(logged).toContain('first hook');
    expect(logged).toContain('second hook');
  });

  it('learn from the signal that the workers continued', async () => {
    const { redis, running } = aProcess();
    running();
    const drainHook = hook(onDrain);
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    const signal = drainHook.mock.calls[0]?.[0].signal;
    expect(signal?.aborted).toBe(false);
    redis.attemptId = null;
    await pass(A_LOOK_MS);
    expect(signal?.aborted).toBe(true);
  });

  it('are not told that the workers continued by the close of the last one, while the drain goes on', async () => {
    const { redis, running, answer } = aProcess();
    const closed = running();
    const drainHook = hook(onDrain);
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    await closed.close();
    await pass(1_000);
    running();
    await pass(2 * KEY_LIFE_MS);
    expect(answer()).toMatchObject({ idle: true });
    expect(drainHook).toHaveBeenCalledOnce();
    const signal = drainHook.mock.calls[0]?.[0].signal;
    expect(signal?.aborted).toBe(false);
    redis.attemptId = null;
    await pass(A_LOOK_MS);
    expect(signal?.aborted).toBe(true);
  });

  it('learn it when no worker has seen the key in time, and are called again if a later one sees it', async () => {
    const { redis, running, answer } = aProcess();
    const closed = running();
    const drainHook = hook(onDrain);
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    await closed.close();
    await pass(KEY_LIFE_MS);
    expect(drainHook.mock.calls.map(([{ signal }]) => signal.aborted)).toEqual([true]);
    running();
    await pass(A_LOOK_MS);
    expect(drainHook.mock.calls.map(([{ signal }]) => signal.aborted)).toEqual([true, false]);
    expect(answer()).toMatchObject({ attemptId: 'first', idle: true });
  });

  it('that settle after they have closed the last worker bring about no answer, nor one to other threads', async () => {
    const { redis, running, answer } = aProcess();
    const worker = running();
    const closed = promise();
    hook(onDrain, async () => {
      await worker.close();
      await closed.promise;
    });
    const [report, leave] = [vi.spyOn(threadPeers(), 'report'), vi.spyOn(threadPeers(), 'leave')];
    undo.push(() => vi.restoreAllMocks());
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    expect(leave).toHaveBeenCalledOnce();
    redis.given.clear();
    report.mockClear();
    closed.resolve();
    await pass(A_LOOK_MS);
    expect(report).not.toHaveBeenCalled();
    expect(answer()).toBeUndefined();
    running();
    await pass(A_LOOK_MS);
    expect(answer()).toMatchObject({ attemptId: 'first', idle: true });
  });

  it('that never settle keep it from being idle, and nothing else', async () => {
    const { redis, running, answer, takes } = aProcess();
    const worker = running();
    hook(onRestart, () => new Promise(() => {}));
    redis.attemptId = 'first';
    await pass(4 * KEY_LIFE_MS);
    expect(answer()?.idle ?? false).toBe(false);
    redis.attemptId = null;
    await pass(A_LOOK_MS);
    expect(await takes(worker)).toBe(true);
  });
});
