import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { drainOfProcess } from '../../../src/instrument/drain/drain-of-process.ts';
import { FakeRedis, makeWorkerClass } from '../fake-worker.ts';
import { A_LOOK_MS, aProcess, KEY_LIFE_MS, pass, promise } from './drained-process.ts';

const undo: (() => void)[] = [];

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  for (const step of undo.splice(0)) step();
  vi.useRealTimers();
});

describe('a process that is asked to drain', () => {
  it('stops its workers from taking jobs, answers idle, and lets them continue when the key is gone', async () => {
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

  it('takes no job if it begins during the drain, and takes them when that is over', async () => {
    const { redis, running, answer } = aProcess();
    redis.attemptId = 'first';
    const worker = running();
    worker.add('waiting');
    await pass(A_LOOK_MS);
    expect(worker.begun).toEqual([]);
    expect(answer()).toMatchObject({ attemptId: 'first', idle: true });
    redis.attemptId = null;
    await pass(A_LOOK_MS);
    expect(worker.begun).toEqual(['waiting']);
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
    // It waits for a job, after its first look.
    await pass(0);
    worker.fetchDelay = fetch.promise;
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
    await pass(0);
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

  it('does not restore the connection of a worker that closes in the meantime', async () => {
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

  it('obeys an attempt once: workers that continued stay running, and the answer says so', async () => {
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

  it('continues when the drain ends while a job runs, without waiting for that job', async () => {
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

  it('continues once the attempt must be over, whatever the key says, and obeys the next one', async () => {
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

  it.each(['', '\0\ufffd', 'x'.repeat(101)])(
    'ignores a key whose value is %j, which no actuator writes',
    async (value) => {
      const { redis, running, takes } = aProcess();
      const worker = running();
      redis.attemptId = value;
      await pass(A_LOOK_MS);
      expect(await takes(worker)).toBe(true);
    },
  );

  it('stops a worker that starts during the drain, but none that the application resumes', async () => {
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

  it('leaves a worker paused that the application pauses during a drain; pause() awaits the running job', async () => {
    const { redis, running, answer } = aProcess();
    const worker = running();
    const job = promise();
    const paused = vi.fn();
    worker.add('job', job.promise);
    await pass(0);
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

  it('lets the workers continue when it is stopped itself, and stops polling', async () => {
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

  it.each([1_000, 30_000])('holds a worker that is created %i ms after its last one has closed', async (ms) => {
    const { redis, running, answer } = aProcess();
    const closed = running();
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    await closed.close();
    redis.given.clear();
    await pass(ms);
    const worker = running();
    worker.add('waiting');
    await pass(A_LOOK_MS);
    expect(worker.begun).toEqual([]);
    expect(answer()).toMatchObject({ attemptId: 'first', idle: true });
    redis.attemptId = null;
    await pass(A_LOOK_MS);
    expect(worker.begun).toEqual(['waiting']);
  });

  it('takes jobs with a worker that is created when the drain is over, after its last one has closed', async () => {
    const { redis, running } = aProcess();
    const closed = running();
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    await closed.close();
    redis.attemptId = null;
    const worker = running();
    worker.add('waiting');
    await pass(A_LOOK_MS);
    expect(worker.begun).toEqual(['waiting']);
  });

  it('does not follow a worker that is run once it is closed', async () => {
    const { drain, FakeWorker } = aProcess();
    const worker = new FakeWorker();
    await worker.close();
    drain.workerRuns(worker);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([
    ['at once', null, 0],
    ['during a drain as soon as that is over', 'first', KEY_LIFE_MS],
  ])('has no timer left when its last worker has closed: %s', async (_when, attemptId, ms) => {
    const { redis, running } = aProcess();
    const worker = running();
    redis.attemptId = attemptId;
    await pass(A_LOOK_MS);
    await worker.close();
    await pass(ms);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('asks each Redis of its workers, and believes a missing key only where it had been', async () => {
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
