import { vi } from 'vitest';
import { ProcessDrain } from '../../../src/instrument/drain/worker-drain.ts';
import type { MemoryReporter } from '../../../src/instrument/memory-report/memory-reporter.ts';
import { FakeRedis, keysOf, makeWorkerClass } from '../fake-worker.ts';

export const KEY_LIFE_MS = 10_000;
/** By then a process has looked, whatever the jitter, and once more where it holds its workers. */
export const A_LOOK_MS = 2_900;

export const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** The event loop stands still: time passes, and no timer fires meanwhile. */
export const standStill = (ms: number) => vi.setSystemTime(Date.now() + ms);

export function aProcess({ reporter = null }: { readonly reporter?: MemoryReporter | null } = {}) {
  const drain = new ProcessDrain({ keys: keysOf(), processId: 'process-1', reporter, nowMs: () => Date.now() });
  const redis = new FakeRedis();
  const { FakeWorker } = makeWorkerClass(drain, redis);
  const running = () => {
    const worker = new FakeWorker();
    void worker.run();
    return worker;
  };
  /** Whether the worker takes a job that comes in now. */
  const takes = async (worker: InstanceType<typeof FakeWorker>) => {
    const name = `probe-${worker.begun.length}-${worker.queue.length}`;
    worker.add(name);
    await pass(0);
    return worker.begun.includes(name);
  };
  const answer = () => redis.given.get('process-1');
  return { drain, redis, FakeWorker, running, takes, answer };
}

export function promise() {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
