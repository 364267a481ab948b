import { diag } from '@opentelemetry/api';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type DrainHook, onDrain, onRestart } from '../../../src/instrument/drain/drain-hooks.ts';
import { drainOfProcess, ProcessDrain } from '../../../src/instrument/drain/worker-drain.ts';
import { FakeRedis, keysOf, makeWorkerClass } from '../fake-worker.ts';

const KEY_LIFE_MS = 10_000;
/** By then a process has looked, whatever the jitter, and once more where it holds its workers. */
const A_LOOK_MS = 2_900;

const undo: (() => void)[] = [];

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  for (const step of undo.splice(0)) step();
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** The event loop stands still: time passes, and no timer fires meanwhile. */
const standStill = (ms: number) => vi.setSystemTime(Date.now() + ms);

function aProcess() {
  const drain = new ProcessDrain({ keys: keysOf(), processId: 'process-1', nowMs: () => Date.now() });
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

function promise() {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

describe('a process that is asked to drain', () => {
  it('holds its workers, says that it is idle, and lets them go on when the key is gone', async () => {
    const { redis, running, answer, takes } = aProcess();
    const workers = [running(), running()] as const;
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    expect(answer()).toMatchObject({ attemptId: 'first', idle: true });
    expect([await takes(workers[0]), await takes(workers[1])]).toEqual([false, false]);
    redis.attemptId = null;
    await pass(A_LOOK_MS);
    expect(workers.map(({ queue }) => queue.length)).toEqual([0, 0]);
  });

  it('pauses none of them', async () => {
    const { redis, running } = aProcess();
    const worker = running();
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    expect([worker.isPaused(), worker.isRunning()]).toEqual([false, true]);
  });

  it('does not start what the application did not start, or paused, or closed', async () => {
    const { redis, running, FakeWorker, answer } = aProcess();
    const [paused, closed] = [running(), running()];
    running();
    const never = new FakeWorker();
    await pass(0);
    await paused.pause();
    await closed.close();
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    expect(answer()).toMatchObject({ idle: true });
    redis.attemptId = null;
    await pass(A_LOOK_MS);
    expect([paused.isPaused(), never.runs, closed.runs]).toEqual([true, 0, 1]);
  });

  it('is not idle while a fetch is under way, and the job that it brings runs; it begins no other', async () => {
    const { redis, running, answer } = aProcess();
    const worker = running();
    const [fetch, job] = [promise(), promise()];
    worker.fetchDelay = fetch.promise;
    await pass(0);
    worker.add('fetched', job.promise);
    worker.add('next');
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    expect(answer()).toMatchObject({ idle: false });
    fetch.resolve();
    await pass(1_000);
    expect(worker.begun).toEqual(['fetched']);
    expect(answer()).toMatchObject({ idle: false });
    job.resolve();
    await pass(1_000);
    expect(answer()).toMatchObject({ idle: true });
    expect(worker.begun).toEqual(['fetched']);
  });

  it('is not idle while a job that came with a result waits or runs', async () => {
    const { redis, running, answer } = aProcess();
    const worker = running();
    const [first, fetch, second] = [promise(), promise(), promise()];
    await pass(0);
    worker.add('first', first.promise);
    worker.add('second', second.promise);
    await pass(0);
    worker.fetchDelay = fetch.promise;
    first.resolve();
    await pass(0);
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    expect(answer()).toMatchObject({ idle: false });
    fetch.resolve();
    await pass(1_000);
    expect(answer()).toMatchObject({ idle: false });
    second.resolve();
    await pass(1_000);
    expect(answer()).toMatchObject({ idle: true });
  });

  it('is not idle while a worker may still be given the job that ends its wait', async () => {
    const { redis, running, answer } = aProcess();
    const worker = running();
    const cut = promise();
    const { disconnectBlocking } = worker.backend;
    worker.backend.disconnectBlocking = async () => {
      await cut.promise;
      await disconnectBlocking();
    };
    const reconnect = vi.spyOn(worker.backend, 'reconnectBlocking');
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    expect(answer()).toMatchObject({ idle: false });
    expect(reconnect).not.toHaveBeenCalled();
    cut.resolve();
    await pass(1_000);
    expect(reconnect).toHaveBeenCalledOnce();
    expect(answer()).toMatchObject({ idle: true });
  });

  it('does not restore the connection of a worker that closes meanwhile', async () => {
    const { redis, running } = aProcess();
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
    const { redis, running, answer, takes } = aProcess();
    const worker = running();
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    redis.answers = false;
    await pass(KEY_LIFE_MS + 1_000);
    expect(await takes(worker)).toBe(true);
    redis.answers = true;
    await pass(2 * A_LOOK_MS);
    expect(await takes(worker)).toBe(true);
    expect(answer()).toMatchObject({ attemptId: 'first', idle: false });
    redis.attemptId = 'second';
    await pass(A_LOOK_MS);
    expect(await takes(worker)).toBe(false);
    expect(answer()).toMatchObject({ attemptId: 'second', idle: true });
  });

  it('goes on when the drain ends while a job runs, without waiting for that job', async () => {
    const { redis, running } = aProcess();
    const worker = running();
    const job = promise();
    worker.add('long', job.promise);
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    redis.attemptId = null;
    await pass(A_LOOK_MS);
    worker.add('next');
    job.resolve();
    await pass(0);
    expect(worker.begun).toEqual(['long', 'next']);
  });

  it('stays held as long as the key is there, and from one attempt to the next', async () => {
    const { redis, running, takes } = aProcess();
    const worker = running();
    redis.attemptId = 'first';
    await pass(10 * KEY_LIFE_MS);
    redis.attemptId = 'second';
    await pass(A_LOOK_MS);
    expect(worker.runs).toBe(1);
    expect(await takes(worker)).toBe(false);
  });

  it('goes on when the attempt must be over, whatever the key says, and obeys the next one', async () => {
    const { redis, running, takes, answer } = aProcess();
    const worker = running();
    redis.attemptId = 'first 60000';
    await pass(55_000);
    expect(await takes(worker)).toBe(false);
    await pass(10_000);
    expect(await takes(worker)).toBe(true);
    expect(answer()).toMatchObject({ attemptId: 'first', idle: false });
    redis.attemptId = 'second 60000';
    await pass(A_LOOK_MS);
    expect(await takes(worker)).toBe(false);
  });

  it('bounds an attempt that does not say how long it may take', async () => {
    const { redis, running, takes } = aProcess();
    const worker = running();
    redis.attemptId = 'first';
    await pass(14 * 60_000);
    expect(await takes(worker)).toBe(false);
    await pass(2 * 60_000);
    expect(await takes(worker)).toBe(true);
  });

  it.each([
    ['that does not expire', { attemptId: 'first', ttlMs: -1 }],
    ['whose value is no question', { attemptId: 'no question of ours', ttlMs: 10_000 }],
  ])('ignores a key %s, and says so once', async (_what, key) => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    undo.push(() => warn.mockRestore());
    const { redis, running, takes, answer } = aProcess();
    const worker = running();
    Object.assign(redis, key);
    await pass(3 * A_LOOK_MS);
    expect(await takes(worker)).toBe(true);
    expect(answer()).toBeUndefined();
    expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('tidemark:drain:shop:boot-1'));
  });

  it('holds a worker that begins meanwhile, but none that the application resumes', async () => {
    const { redis, running, answer, takes } = aProcess();
    const resumed = running();
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    const late = running();
    await resumed.resume();
    await pass(A_LOOK_MS);
    expect([await takes(late), await takes(resumed)]).toEqual([false, true]);
    expect(answer()).toMatchObject({ idle: false });
  });

  it('leaves a worker paused that the application pauses meanwhile, and its pause waits for the job that runs', async () => {
    const { redis, running, answer } = aProcess();
    const worker = running();
    const job = promise();
    const paused = vi.fn();
    worker.add('job', job.promise);
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    void worker.pause().then(paused);
    await pass(A_LOOK_MS);
    expect(paused).not.toHaveBeenCalled();
    job.resolve();
    await pass(1_000);
    expect(paused).toHaveBeenCalledOnce();
    expect(answer()).toMatchObject({ idle: true });
    redis.attemptId = null;
    await pass(A_LOOK_MS);
    expect([worker.isPaused(), worker.isRunning()]).toEqual([true, false]);
  });

  it.each(['pause', 'close'] as const)('does not keep %s() of a worker without jobs from ending', async (call) => {
    const { redis, running } = aProcess();
    const worker = running();
    running();
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    const ended = vi.fn();
    void worker[call]().then(ended);
    await pass(0);
    expect(ended).toHaveBeenCalledOnce();
  });

  it('does not end the promise of run()', async () => {
    const { redis, FakeWorker } = aProcess();
    const worker = new FakeWorker();
    const ended = vi.fn();
    void worker.run().then(ended);
    redis.attemptId = 'first';
    await pass(2 * A_LOOK_MS);
    redis.attemptId = null;
    await pass(A_LOOK_MS);
    expect(ended).not.toHaveBeenCalled();
  });

  it('lets the workers go on when it is stopped itself, and looks no more', async () => {
    const { drain, redis, running, takes } = aProcess();
    const worker = running();
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    drain.stop();
    redis.attemptId = 'second';
    await pass(A_LOOK_MS);
    expect(await takes(worker)).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('has no timer left when its last worker has closed', async () => {
    const { redis, running } = aProcess();
    const worker = running();
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    await worker.close();
    await pass(A_LOOK_MS);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('asks each Redis of its workers, and takes the key to be gone only where it was', async () => {
    const { drain, redis, running, takes } = aProcess();
    const other = new FakeRedis();
    const { FakeWorker } = makeWorkerClass(drain, other);
    const worker = new FakeWorker();
    Object.assign(worker, { opts: { connection: { host: 'other' } } });
    void worker.run();
    running();
    other.attemptId = 'first';
    await pass(A_LOOK_MS);
    expect(other.given.get('process-1')).toMatchObject({ idle: true });
    other.answers = false;
    await pass(A_LOOK_MS);
    expect(await takes(worker)).toBe(false);
    expect(redis.given.size).toBe(0);
  });

  it('says once and plainly that Redis does not permit the keys', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    undo.push(() => warn.mockRestore());
    const { redis, running, takes } = aProcess();
    const worker = running();
    redis.refusal = new Error("NOPERM No permissions to access a key 'tidemark:drain:shop:boot-1'");
    await pass(5 * A_LOOK_MS);
    expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/cannot be asked.*NOPERM.*tidemark:\*/));
    expect(await takes(worker)).toBe(true);
  });
});

describe('where jobs keep the event loop busy', () => {
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

describe('jobs that the application fetches by hand', () => {
  function byHand() {
    const made = aProcess();
    class Job {
      readonly queueQualifiedName = 'bull:queue';
      readonly id: string;
      readonly name: string;
      constructor(id: string) {
        this.id = id;
        this.name = id;
      }
      async moveToCompleted(next?: string): Promise<unknown> {
        return next === undefined ? [] : [{ name: next }, next];
      }
      async moveToWaitingChildren(hasChildren: boolean): Promise<boolean> {
        return hasChildren;
      }
      async moveToFailed(fault: Error): Promise<void> {
        throw fault;
      }
    }
    const worker = new made.FakeWorker();
    const fetch = (id: string) => {
      worker.queue.push(new Job(id));
      return worker.getNextJob('token') as Promise<Job | undefined>;
    };
    return { ...made, worker, fetch, Job };
  }

  it('are in hand until they have left `active`, and so is one that came with a result', async () => {
    const { redis, fetch, answer, running, Job } = byHand();
    running();
    const first = await fetch('first');
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    expect(answer()).toMatchObject({ idle: false });
    await first?.moveToWaitingChildren(false);
    await first?.moveToFailed(new Error('Connection is closed.')).catch(() => {});
    await pass(1_000);
    expect(answer()).toMatchObject({ idle: false });
    await first?.moveToCompleted('second');
    await pass(1_000);
    expect(answer()).toMatchObject({ idle: false });
    await new Job('second').moveToCompleted();
    await pass(1_000);
    expect(answer()).toMatchObject({ idle: true });
  });

  it('are in no hands once Redis has given them to another', async () => {
    const { redis, fetch, answer, running } = byHand();
    running();
    const job = await fetch('first');
    redis.attemptId = 'first';
    await job?.moveToFailed(new Error('Missing lock for job first. moveToFinished')).catch(() => {});
    await pass(A_LOOK_MS);
    expect(answer()).toMatchObject({ idle: true });
  });

  it('are not given out during a drain: what an empty queue would give', async () => {
    const { redis, worker, fetch } = byHand();
    await (await fetch('first'))?.moveToCompleted();
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    const given = vi.fn();
    void fetch('second').then(given);
    expect(await worker.getNextJob('token', { block: false })).toBeUndefined();
    await pass(4_000);
    expect(given).not.toHaveBeenCalled();
    await pass(1_500);
    expect(given).toHaveBeenCalledExactlyOnceWith(undefined);
    expect(worker.queue).toHaveLength(1);
    redis.attemptId = null;
    await pass(A_LOOK_MS);
    expect(await worker.getNextJob('token')).toMatchObject({ id: 'second' });
  });
});

describe('the process of a dyno', () => {
  const dyno = { DYNO: 'worker.1', HEROKU_DYNO_ID: 'boot-1' };
  it.each([
    ['answers a drain where its app is known', { ...dyno, HEROKU_APP_NAME: 'shop' }, true],
    ['answers none where its app is unknown', dyno, false],
    ['answers none outside a dyno', { HEROKU_APP_NAME: 'shop' }, false],
  ])('%s', (_what, env, answers) => {
    expect(drainOfProcess(env, () => 0) !== null).toBe(answers);
  });
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
  it('11 s without the key every worker is as the application wants it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { redis, FakeWorker, drain, takes } = aProcess();
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
        await pass(KEY_LIFE_MS + 1_000);
        for (const { worker, wanted } of workers) {
          expect(await takes(worker)).toBe(wanted === 'runs' && !worker.closing);
          if (worker.closing) continue;
          if (wanted === 'never-started') expect(worker.runs).toBe(0);
          else expect(worker.isPaused() ? 'paused' : 'runs').toBe(wanted);
        }
        drain.stop();
      }),
      { numRuns: 500 },
    );
  });
});
