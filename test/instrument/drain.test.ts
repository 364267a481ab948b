import { diag } from '@opentelemetry/api';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ProcessDrain } from '../../src/instrument/drain/drain.ts';
import { type DrainHook, onDrain, onRestart } from '../../src/instrument/drain/drain-hooks.ts';
import { FakeRedis, type Loop, makeWorkerClass } from './fake-worker.ts';

const BOOT = 'boot-1';
const KEY_LIFE_MS = 10_000;
/** By then a process has looked, whatever the jitter. */
const A_LOOK_MS = 2_300;

const LOOPS: readonly Loop[] = ['ends with its jobs', 'may end before'];

const undo: (() => void)[] = [];

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  for (const step of undo.splice(0)) step();
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

function aProcess(loop: Loop = 'ends with its jobs') {
  const drain = new ProcessDrain({ bootId: BOOT, processId: 'process-1', nowMs: () => Date.now() });
  const redis = new FakeRedis(BOOT);
  const { FakeWorker } = makeWorkerClass(drain, redis, loop);
  const running = () => {
    const worker = new FakeWorker();
    void worker.run();
    return worker;
  };
  const answer = () => redis.given.get('process-1');
  return { drain, redis, FakeWorker, running, answer };
}

function promise() {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

describe.each(LOOPS)('a process that is asked to drain, whose workers have a loop that %s', (loop) => {
  it('stops its workers, says that it is idle, and lets them go on when the key is gone', async () => {
    const { redis, running, answer } = aProcess(loop);
    const workers = [running(), running()];
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    expect(workers.map((worker) => worker.isPaused())).toEqual([true, true]);
    expect(answer()).toMatchObject({ attemptId: 'first', idle: true });
    redis.attemptId = null;
    await pass(A_LOOK_MS);
    expect(workers.map((worker) => worker.isPaused() || !worker.isRunning())).toEqual([false, false]);
  });

  it('does not stop or start what is not its own to stop: paused, never started, closing', async () => {
    const { redis, running, FakeWorker, answer } = aProcess(loop);
    const [paused, closed] = [running(), running()];
    running();
    const never = new FakeWorker();
    await paused.pause();
    void closed.close();
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    expect(answer()).toMatchObject({ idle: true });
    redis.attemptId = null;
    await pass(A_LOOK_MS);
    expect([paused.isPaused(), never.runs, closed.resumedAfterClose]).toEqual([true, 0, false]);
  });

  it('is not idle while a fetch is under way, a fetched job waits, runs, or is written', async () => {
    const { redis, running, answer } = aProcess(loop);
    const worker = running();
    const [fetch, write] = [promise(), promise()];
    const [first, second] = [{}, {}];
    const fetching = worker.moveToActive(fetch.promise, first);
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    expect(answer()).toMatchObject({ idle: false });
    fetch.resolve();
    await fetching;
    await pass(1_000);
    expect(answer()).toMatchObject({ idle: false });
    const processing = worker.processJob(first, write.promise, second);
    await pass(1_000);
    expect(answer()).toMatchObject({ idle: false });
    write.resolve();
    await processing;
    await pass(1_000);
    expect(answer()).toMatchObject({ idle: false });
    await worker.processJob(second, Promise.resolve());
    await pass(1_000);
    expect(answer()).toMatchObject({ idle: true });
  });

  it('is not idle while a worker may still be given the next job', async () => {
    const { redis, running, answer } = aProcess(loop);
    const worker = running();
    const [cut, fetch] = [promise(), promise()];
    worker.backend.disconnectBlocking = () => cut.promise;
    const reconnect = vi.spyOn(worker.backend, 'reconnectBlocking');
    // The loop goes on as long as the wait for a job.
    void worker.processJob({}, fetch.promise);
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    fetch.resolve();
    expect(reconnect).not.toHaveBeenCalled();
    expect(answer()).toMatchObject({ idle: false });
    cut.resolve();
    await pass(1_000);
    expect(reconnect).toHaveBeenCalledOnce();
    expect(answer()).toMatchObject({ idle: true });
  });

  it('does not restore the connection of a worker that closes meanwhile', async () => {
    const { redis, running } = aProcess(loop);
    const worker = running();
    running();
    const cut = promise();
    worker.backend.disconnectBlocking = () => cut.promise;
    const reconnect = vi.spyOn(worker.backend, 'reconnectBlocking');
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    void worker.close();
    cut.resolve();
    await pass(A_LOOK_MS);
    expect(reconnect).not.toHaveBeenCalled();
  });

  it('obeys an attempt once: workers that went on keep on, and the answer says so', async () => {
    const { redis, running, answer } = aProcess(loop);
    const worker = running();
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    redis.answers = false;
    await pass(KEY_LIFE_MS);
    expect(worker.isPaused()).toBe(false);
    redis.answers = true;
    await pass(2 * A_LOOK_MS);
    expect(worker.isPaused()).toBe(false);
    expect(answer()).toMatchObject({ attemptId: 'first', idle: false });
    redis.attemptId = 'second';
    await pass(A_LOOK_MS);
    expect(worker.isPaused()).toBe(true);
    expect(answer()).toMatchObject({ attemptId: 'second', idle: true });
  });

  it('stays stopped as long as the key is there, and from one attempt to the next', async () => {
    const { redis, running } = aProcess(loop);
    const worker = running();
    redis.attemptId = 'first';
    await pass(10 * KEY_LIFE_MS);
    expect(worker.isPaused()).toBe(true);
    redis.attemptId = 'second';
    await pass(A_LOOK_MS);
    expect(worker.runs).toBe(1);
    expect(worker.isPaused()).toBe(true);
  });

  it('stops a worker that begins meanwhile, but none that the application resumes', async () => {
    const { redis, running, answer } = aProcess(loop);
    const resumed = running();
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    const late = running();
    await resumed.resume();
    await pass(A_LOOK_MS);
    expect([late.isPaused(), resumed.isPaused()]).toEqual([true, false]);
    expect(answer()).toMatchObject({ idle: false });
  });

  it('leaves a worker paused that the application pauses meanwhile', async () => {
    const { redis, running } = aProcess(loop);
    const worker = running();
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    await worker.pause();
    redis.attemptId = null;
    await pass(A_LOOK_MS);
    expect(worker.isPaused()).toBe(true);
  });

  it('lets the workers go on when it is stopped itself, and looks no more', async () => {
    const { drain, redis, running } = aProcess(loop);
    const worker = running();
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    drain.stop();
    redis.attemptId = 'second';
    await pass(A_LOOK_MS);
    expect(worker.isPaused()).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('has no timer left when its last worker has closed', async () => {
    const { redis, running } = aProcess(loop);
    const worker = running();
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    await worker.close();
    await pass(A_LOOK_MS);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('asks each Redis of its workers, and takes the key to be gone only where it was', async () => {
    const { drain, redis, running } = aProcess(loop);
    const other = new FakeRedis(BOOT);
    const { FakeWorker } = makeWorkerClass(drain, other, loop);
    const worker = new FakeWorker();
    Object.assign(worker, { opts: { connection: { host: 'other' } } });
    void worker.run();
    running();
    other.attemptId = 'first';
    await pass(A_LOOK_MS);
    expect(worker.isPaused()).toBe(true);
    expect(other.given.get('process-1')).toMatchObject({ idle: true });
    other.answers = false;
    await pass(A_LOOK_MS);
    expect(worker.isPaused()).toBe(true);
    expect(redis.given.size).toBe(0);
  });
});

it('a worker that waits for a rate limit is not waited for', async () => {
  const { redis, running, answer } = aProcess();
  const worker = running();
  const job = promise();
  void worker.processJob({}, job.promise);
  redis.attemptId = 'first';
  await pass(A_LOOK_MS);
  // Its loop comes to the limit only now, paused.
  void worker.waitForRateLimit();
  job.resolve();
  await pass(1_000);
  expect(answer()).toMatchObject({ idle: true });
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
    void running().processJob({}, job.promise);
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

  it('that fail are told to the diagnostics and hold nothing up', async () => {
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
    const told = logger.error.mock.calls.flat().map(String).join();
    expect(told).toContain('first hook');
    expect(told).toContain('second hook');
  });

  it('hear by the signal that the workers went on', async () => {
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

  it('that never settle keep it from being idle, and nothing else', async () => {
    const { redis, running, answer } = aProcess();
    const worker = running();
    hook(onRestart, () => new Promise(() => {}));
    redis.attemptId = 'first';
    await pass(4 * KEY_LIFE_MS);
    expect(answer()?.idle ?? false).toBe(false);
    redis.attemptId = null;
    await pass(A_LOOK_MS);
    expect(worker.isPaused()).toBe(false);
  });
});

type Step =
  | { readonly kind: 'key'; readonly attempt: string | null }
  | { readonly kind: 'redis'; readonly answers: boolean }
  | { readonly kind: 'time'; readonly ms: number }
  | { readonly kind: 'app'; readonly does: 'pause' | 'resume' | 'close' | 'start'; readonly worker: number }
  | { readonly kind: 'new'; readonly runs: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('key' as const), attempt: fc.constantFrom(null, 'first', 'second', 'third') }),
  fc.record({ kind: fc.constant('redis' as const), answers: fc.boolean() }),
  fc.record({ kind: fc.constant('time' as const), ms: fc.nat({ max: 5_000 }) }),
  fc.record({
    kind: fc.constant('app' as const),
    does: fc.constantFrom('pause' as const, 'resume' as const, 'close' as const),
    worker: fc.nat({ max: 4 }),
  }),
  fc.record({ kind: fc.constant('new' as const), runs: fc.boolean() }),
);

const ONE_RUNS: Step = { kind: 'new', runs: true };

describe('whatever happens', () => {
  it('10 s without the key every worker is as the application wants it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { redis, FakeWorker, drain } = aProcess();
        const workers: { worker: InstanceType<typeof FakeWorker>; wanted: 'runs' | 'paused' | 'never-started' }[] = [];
        const happen = async (now: Step) => {
          if (now.kind === 'key') redis.attemptId = now.attempt;
          if (now.kind === 'redis') redis.answers = now.answers;
          if (now.kind === 'time') await pass(now.ms);
          if (now.kind === 'new') {
            const worker = new FakeWorker();
            if (now.runs) void worker.run();
            workers.push({ worker, wanted: now.runs ? 'runs' : 'never-started' });
          }
          const one = now.kind === 'app' ? workers[now.worker] : undefined;
          if (now.kind !== 'app' || one === undefined || one.worker.closing) return;
          if (now.does === 'close') void one.worker.close();
          else if (one.wanted !== 'never-started') {
            void one.worker[now.does === 'pause' ? 'pause' : 'resume']();
            one.wanted = now.does === 'pause' ? 'paused' : 'runs';
          }
        };
        for (const now of [ONE_RUNS, ONE_RUNS, ...steps]) await happen(now);
        redis.attemptId = null;
        await pass(KEY_LIFE_MS);
        for (const { worker, wanted } of workers) {
          expect(worker.resumedAfterClose).toBe(false);
          if (worker.closing) continue;
          if (wanted === 'never-started') expect(worker.runs).toBe(0);
          else expect(worker.isPaused() ? 'paused' : 'runs').toBe(wanted);
          expect(worker.isRunning()).toBe(wanted === 'runs');
        }
        drain.stop();
      }),
      { numRuns: 500 },
    );
  });
});
