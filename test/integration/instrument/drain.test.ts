import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker as Thread } from 'node:worker_threads';
import { type Job, Queue, Worker, type WorkerOptions } from 'bullmq';
import { Worker as Worker5 } from 'bullmq5';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, inject, it, vi } from 'vitest';
import { createDrainKeys } from '../../../src/adapters/redis/queue/drain-keys.ts';
import type { WorkerMethods } from '../../../src/instrument/bullmq/bullmq-patch.ts';
import { WorkerInstrumentation } from '../../../src/instrument/worker-instrumentation.ts';
import type { DrainKeys } from '../../../src/ports.ts';
import { type DrainAnswer, type DrainedBoot, drainKeyNames } from '../../../src/shared/drain-messages.ts';

/** Far beyond what any step needs. */
const LIMIT = { timeout: 30_000, interval: 50 };

/**
 * Instead of a duration: a job that fails, one that is to run in an hour, and one that runs until the test lets it end.
 */
const FAILS = -1;
const PUTS_OFF = -2;
const HELD = -3;

const releases: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const release of releases.splice(0).reverse()) await release();
});

function connection() {
  const { hostname, port } = new URL(inject('redisUrl'));
  return { host: hostname, port: Number(port) };
}

/** A process of a dyno with two workers on one queue, and what its jobs did. */
class Dyno {
  readonly boot: DrainedBoot = { app: 'shop', bootId: randomUUID() };
  readonly started: string[] = [];
  readonly ended: string[] = [];
  readonly queueName = `queue-${randomUUID()}`;
  readonly queue = new Queue(this.queueName, { connection: connection() });
  readonly workers: Worker[] = [];
  readonly #Worker: typeof Worker;
  readonly #letGo = Promise.withResolvers<void>();

  constructor(WorkerClass: typeof Worker) {
    this.#Worker = WorkerClass;
    const watch = new WorkerInstrumentation({
      maxJobNames: 10,
      env: { DYNO: 'worker.1', HEROKU_DYNO_ID: this.boot.bootId, HEROKU_APP_NAME: this.boot.app },
    });
    watch.follow(WorkerClass.prototype as unknown as WorkerMethods);
    releases.push(() => watch.stop());
    releases.push(() => this.queue.close());
    releases.push(() => Promise.all(this.workers.map((worker) => worker.close())));
    releases.push(() => this.letGo());
  }

  addWorker({ byHandFrom, ...changes }: Partial<WorkerOptions> & { byHandFrom?: string } = {}): Worker {
    const process = async (job: Pick<Job, 'id' | 'data' | 'moveToDelayed'>, token?: string) => {
      this.started.push(job.id ?? '');
      if (job.data.ms === HELD) await this.#letGo.promise;
      else await delay(Math.max(0, job.data.ms));
      this.ended.push(job.id ?? '');
      if (job.data.ms === FAILS) throw new Error('a job that fails');
      if (job.data.ms !== PUTS_OFF) return;
      await job.moveToDelayed(Date.now() + 3_600_000, token);
      // By its name: each copy of BullMQ has a class of its own, and the oldest look at the message.
      throw Object.assign(new Error('DelayedError'), { name: 'DelayedError' });
    };
    const [name, processor] = byHandFrom === undefined ? [this.queueName, process] : [byHandFrom, null];
    const worker = new this.#Worker(name, processor, { connection: connection(), concurrency: 3, ...changes });
    worker.on('error', () => {});
    this.workers.push(worker);
    return worker;
  }

  add(count: number, ms: (index: number) => number): Promise<Job[]> {
    return this.queue.addBulk(
      Array.from({ length: count }, (_, index) => ({ name: 'work', data: { ms: ms(index) } })),
    ) as Promise<Job[]>;
  }

  /** Ends the jobs of `HELD`. */
  letGo(): void {
    this.#letGo.resolve();
  }

  running(): number {
    return this.started.length - this.ended.length;
  }
}

function drainKeys(): DrainKeys {
  const keys = createDrainKeys({ url: inject('redisUrl'), holdMs: 300_000 });
  releases.push(() => keys.close());
  return keys;
}

/** Refreshes the key until the test ends, or `stop`. */
function keepAsking(boot: DrainedBoot, attemptId: string) {
  const keys = drainKeys();
  let stopped = false;
  let answers: ReadonlyMap<string, boolean> = new Map();
  const asking = (async () => {
    while (!stopped) {
      // Until it is connected there is nothing to ask.
      answers = await keys.refresh(boot, attemptId).catch(() => new Map());
      await delay(200);
    }
  })();
  const stop = async () => {
    stopped = true;
    await asking;
  };
  releases.push(stop);
  /** Whether each process is idle, by a look that it made after this call. */
  const nextAnswers = async () => {
    const redis = new Redis(inject('redisUrl'));
    releases.push(() => redis.disconnect());
    const [seconds, microseconds] = (await redis.time()).map(Number) as [number, number];
    const sinceMs = seconds * 1000 + microseconds / 1000;
    const name = drainKeyNames(boot)?.answers ?? '';
    const read = async () => (await redis.hvals(name)).map((answer) => JSON.parse(answer) as DrainAnswer);
    const isNew = (given: readonly DrainAnswer[]) => given.length > 0 && given.every(({ atMs }) => atMs > sinceMs);
    await vi.waitUntil(async () => isNew(await read()), LIMIT);
    return (await read()).map(({ idle }) => idle);
  };
  return { keys, stop, nextAnswers, answers: () => [...answers.values()] };
}

const VERSIONS: readonly (readonly [version: number, WorkerClass: typeof Worker])[] = [
  [5, Worker5 as unknown as typeof Worker],
  [6, Worker],
];

describe.each(VERSIONS)('workers of BullMQ %i', (_version, WorkerClass) => {
  it('under load take no jobs during a drain, finish the running ones, and continue when the key is gone', async () => {
    const dyno = new Dyno(WorkerClass);
    dyno.addWorker();
    dyno.addWorker();
    await dyno.add(400, (index) => 100 + ((index * 137) % 1900));
    await vi.waitUntil(() => dyno.ended.length > 3, LIMIT);

    const asking = keepAsking(dyno.boot, 'first');
    await vi.waitUntil(() => asking.answers().includes(true), LIMIT);
    expect(dyno.running()).toBe(0);
    expect(await dyno.queue.getActiveCount()).toBe(0);
    const atIdle = dyno.started.length;

    // One that begins now stops too.
    await dyno.addWorker().waitUntilReady();
    await dyno.add(5, () => 10);
    expect(await asking.nextAnswers()).toEqual([true]);
    expect(dyno.started).toHaveLength(atIdle);

    await asking.stop();
    await asking.keys.clear(dyno.boot, 'first');
    await vi.waitUntil(() => dyno.started.length > atIdle + 10, LIMIT);
    expect(new Set(dyno.started).size).toBe(dyno.started.length);
  });

  it('that wait for jobs are idle at once, and take none that comes in then', async () => {
    const dyno = new Dyno(WorkerClass);
    dyno.addWorker();
    await dyno.add(1, () => 1);
    await vi.waitUntil(() => dyno.ended.length === 1, LIMIT);
    const asking = keepAsking(dyno.boot, 'first');
    await vi.waitUntil(() => asking.answers().includes(true), LIMIT);
    await dyno.add(3, () => 1);
    await vi.waitUntil(async () => (await dyno.queue.getWaitingCount()) === 3, LIMIT);
    expect(await asking.nextAnswers()).toEqual([true]);
    expect(dyno.started).toHaveLength(1);
    await asking.stop();
    await asking.keys.clear(dyno.boot, 'first');
    await vi.waitUntil(() => dyno.ended.length === 4, LIMIT);
  });

  it('that wait for a rate limit are idle at once', async () => {
    const dyno = new Dyno(WorkerClass);
    dyno.addWorker({ limiter: { max: 1, duration: 25_000 } });
    await dyno.add(3, () => 1);
    await vi.waitUntil(() => dyno.ended.length === 1, LIMIT);
    const asking = keepAsking(dyno.boot, 'first');
    await vi.waitUntil(() => asking.answers().includes(true), { ...LIMIT, timeout: 15_000 });
    expect(dyno.started).toHaveLength(1);
    expect(await dyno.queue.getActiveCount()).toBe(0);
  });

  it('continue by themselves when the actuator that asked has died', async () => {
    const dyno = new Dyno(WorkerClass);
    dyno.addWorker();
    await dyno.add(1, () => 1);
    await vi.waitUntil(() => dyno.ended.length === 1, LIMIT);
    const asking = keepAsking(dyno.boot, 'first');
    await vi.waitUntil(() => asking.answers().includes(true), LIMIT);
    await dyno.add(2, () => 1);
    await asking.stop();
    await vi.waitUntil(() => dyno.ended.length === 3, LIMIT);
  });

  it('continue when the drain ends while a job runs, before that job is done', async () => {
    const dyno = new Dyno(WorkerClass);
    const worker = dyno.addWorker();
    await dyno.add(1, () => HELD);
    await vi.waitUntil(() => dyno.started.length === 1, LIMIT);
    const asking = keepAsking(dyno.boot, 'first');
    await vi.waitUntil(() => asking.answers().includes(false), LIMIT);
    await dyno.add(3, () => 1);
    await asking.stop();
    await asking.keys.clear(dyno.boot, 'first');
    await vi.waitUntil(() => dyno.ended.length === 3, LIMIT);
    expect(dyno.running()).toBe(1);
    expect(worker.isPaused()).toBe(false);
  });

  it('keep their promises to the application: pause() waits for the jobs, run() does not end', async () => {
    const dyno = new Dyno(WorkerClass);
    const worker = dyno.addWorker({ autorun: false });
    const ran = vi.fn();
    void worker.run().then(ran);
    await dyno.add(1, () => HELD);
    await vi.waitUntil(() => dyno.started.length === 1, LIMIT);
    const asking = keepAsking(dyno.boot, 'first');
    await vi.waitUntil(() => asking.answers().includes(false), LIMIT);
    expect(ran).not.toHaveBeenCalled();
    const paused = vi.fn();
    void worker.pause().then(paused);
    expect(await asking.nextAnswers()).toEqual([false]);
    expect(paused).not.toHaveBeenCalled();
    dyno.letGo();
    await vi.waitUntil(() => paused.mock.calls.length === 1, LIMIT);
    expect(dyno.running()).toBe(0);
    await vi.waitUntil(() => asking.answers().includes(true), LIMIT);
    await asking.stop();
    await asking.keys.clear(dyno.boot, 'first');
    expect(worker.isPaused()).toBe(true);
  });

  it('close during a drain as without one: with the job that runs, and at once without any', async () => {
    const dyno = new Dyno(WorkerClass);
    const [busy, idle] = [dyno.addWorker({ concurrency: 1 }), dyno.addWorker({ concurrency: 1 })];
    await dyno.add(1, () => HELD);
    await vi.waitUntil(() => dyno.started.length === 1, LIMIT);
    const asking = keepAsking(dyno.boot, 'first');
    await vi.waitUntil(() => asking.answers().includes(false), LIMIT);
    await Promise.race([busy.close(), idle.close()]);
    expect(dyno.running()).toBe(1);
    dyno.letGo();
    await Promise.all([busy.close(), idle.close()]);
    expect(dyno.running()).toBe(0);
  });

  it('that fail or put their jobs off take no others during a drain, and leave none behind', async () => {
    const dyno = new Dyno(WorkerClass);
    dyno.addWorker();
    await dyno.add(300, (index) => (index % 3 === 0 ? 20 : index % 3 === 1 ? FAILS : PUTS_OFF));
    await vi.waitUntil(() => dyno.started.length > 30, LIMIT);
    const asking = keepAsking(dyno.boot, 'first');
    await vi.waitUntil(() => asking.answers().includes(true), LIMIT);
    expect(await dyno.queue.getActiveCount()).toBe(0);
    const atIdle = dyno.started.length;
    expect(await asking.nextAnswers()).toEqual([true]);
    expect(dyno.started).toHaveLength(atIdle);
  });

  it('whose application fetches jobs by hand are idle when those have left `active`', async () => {
    const dyno = new Dyno(WorkerClass);
    dyno.addWorker();
    const queue = new Queue(`by-hand-${randomUUID()}`, { connection: connection() });
    releases.push(() => queue.close());
    const manual = dyno.addWorker({ byHandFrom: queue.name });
    await queue.addBulk([1, 2].map((n) => ({ name: `${n}`, data: {} })));
    const job = await manual.getNextJob('token');
    const asking = keepAsking(dyno.boot, 'first');
    await vi.waitUntil(() => asking.answers().length > 0, LIMIT);
    expect(await asking.nextAnswers()).toEqual([false]);
    await job?.moveToCompleted('done', 'token', false);
    await vi.waitUntil(() => asking.answers().includes(true), LIMIT);
    expect(await manual.getNextJob('token', { block: false })).toBeUndefined();
  });

  it('whose application fetched a job by hand are idle when another process has ended it', async () => {
    const dyno = new Dyno(WorkerClass);
    const queue = new Queue(`by-hand-${randomUUID()}`, { connection: connection() });
    releases.push(() => queue.close());
    const manual = dyno.addWorker({ byHandFrom: queue.name });
    await queue.addBulk([1, 2].map((n) => ({ name: `${n}`, data: {} })));
    const [first, second] = [await manual.getNextJob('token'), await manual.getNextJob('token')];
    const asking = keepAsking(dyno.boot, 'first');
    await vi.waitUntil(() => asking.answers().length > 0, LIMIT);
    const redis = new Redis(inject('redisUrl'));
    releases.push(() => redis.disconnect());
    await redis.lrem(queue.toKey('active'), 1, first?.id ?? '');
    expect(await asking.nextAnswers()).toEqual([false]);
    await redis.lrem(queue.toKey('active'), 1, second?.id ?? '');
    await vi.waitUntil(() => asking.answers().includes(true), LIMIT);
  });
});

/** A thread of this process, which belongs to the dyno, with a worker on a queue of its own. */
function startWorkerThread({ app, bootId }: DrainedBoot, by: 'register' | 'instrumentWorker') {
  const queue = new Queue(`in-thread-${randomUUID()}`, { connection: connection() });
  releases.push(() => queue.close());
  const thread = new Thread(new URL('../../fixtures/instrument/processes/worker-in-thread.ts', import.meta.url), {
    workerData: { queueName: queue.name, connection: connection(), by },
    env: { DYNO: 'worker.1', HEROKU_DYNO_ID: bootId, HEROKU_APP_NAME: app },
  });
  releases.push(() => thread.terminate());
  return { queue, thread };
}

async function beginJob({ queue, thread }: ReturnType<typeof startWorkerThread>): Promise<void> {
  // Before the job is added: the thread may be faster than the answer about it.
  const begun = once(thread, 'message');
  await queue.add('job', {});
  await begun;
}

it.each(['register', 'instrumentWorker'] as const)(
  'a process is idle only when its threads are, too (by %s)',
  async (by) => {
    const dyno = new Dyno(Worker);
    dyno.addWorker();
    const { queue, thread } = startWorkerThread(dyno.boot, by);
    await beginJob({ queue, thread });
    const asking = keepAsking(dyno.boot, 'first');
    await vi.waitUntil(() => asking.answers().length === 2, LIMIT);
    expect(asking.answers()).toEqual([false, false]);
    thread.postMessage('let go');
    await vi.waitUntil(() => asking.answers().join() === 'true,true', LIMIT);
    expect(await queue.getActiveCount()).toBe(0);
  },
);

it('a process is idle when its other threads are, after one of them has ended', async () => {
  const dyno = new Dyno(Worker);
  dyno.addWorker();
  const [ending, staying] = [startWorkerThread(dyno.boot, 'register'), startWorkerThread(dyno.boot, 'register')];
  for (const one of [ending, staying]) await beginJob(one);
  const asking = keepAsking(dyno.boot, 'first');
  await vi.waitUntil(() => asking.answers().length === 3, LIMIT);
  staying.thread.postMessage('let go');
  await ending.thread.terminate();
  // The answer of the thread that has ended becomes too old to count.
  await vi.waitUntil(() => asking.answers().join() === 'true,true', LIMIT);
});
