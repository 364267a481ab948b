import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Job, Queue, Worker, type WorkerOptions } from 'bullmq';
import { Worker as Worker5 } from 'bullmq5';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, inject, it, vi } from 'vitest';
import { createDrainKeys, type DrainKeys } from '../../src/adapters/redis/drain.ts';
import type { WorkerMethods } from '../../src/instrument/bullmq/bullmq-patch.ts';
import { WorkerWatch } from '../../src/instrument/worker-watch.ts';
import { drainAnswersKey } from '../../src/semconv.ts';

/** Far beyond what any step needs. */
const LIMIT = { timeout: 30_000, interval: 50 };

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
  readonly bootId = randomUUID();
  readonly started: string[] = [];
  readonly ended: string[] = [];
  readonly queueName = `queue-${randomUUID()}`;
  readonly queue = new Queue(this.queueName, { connection: connection() });
  readonly workers: (Worker | Worker5)[] = [];
  readonly #version: 5 | 6;

  constructor(version: 5 | 6) {
    this.#version = version;
    const watch = new WorkerWatch({ maxJobNames: 10, env: { DYNO: 'worker.1', HEROKU_DYNO_ID: this.bootId } });
    watch.follow((version === 6 ? Worker : Worker5).prototype as unknown as WorkerMethods);
    releases.push(() => watch.stop());
    releases.push(() => this.queue.close());
    releases.push(() => Promise.all(this.workers.map((worker) => worker.close())));
  }

  addWorker(limited: Pick<WorkerOptions, 'limiter'> = {}): Worker | Worker5 {
    const process = async (job: { id?: string; data: { ms: number } }) => {
      this.started.push(job.id ?? '');
      await delay(job.data.ms);
      this.ended.push(job.id ?? '');
    };
    const options = { connection: connection(), concurrency: 3, ...limited };
    const worker =
      this.#version === 6
        ? new Worker(this.queueName, process, options)
        : new Worker5(this.queueName, process, options);
    worker.on('error', () => {});
    this.workers.push(worker);
    return worker;
  }

  add(count: number, ms: (index: number) => number): Promise<Job[]> {
    return this.queue.addBulk(
      Array.from({ length: count }, (_, index) => ({ name: 'work', data: { ms: ms(index) } })),
    ) as Promise<Job[]>;
  }

  running(): number {
    return this.started.length - this.ended.length;
  }
}

function drainKeys(): DrainKeys {
  const keys = createDrainKeys({ url: inject('redisUrl') });
  releases.push(() => keys.close());
  return keys;
}

/** Refreshes the key until the test ends, or `stop`. */
function keepAsking(bootId: string, attemptId: string) {
  const keys = drainKeys();
  let stopped = false;
  let answers: ReadonlyMap<string, boolean> = new Map();
  const asking = (async () => {
    while (!stopped) {
      // Until it is connected there is nothing to ask.
      answers = await keys.refresh(bootId, attemptId).catch(() => new Map());
      await delay(200);
    }
  })();
  const stop = async () => {
    stopped = true;
    await asking;
  };
  releases.push(stop);
  /** Those that come after the ones that are there have been forgotten: another look of the workers later. */
  const nextAnswers = async () => {
    const redis = new Redis(inject('redisUrl'));
    releases.push(() => redis.disconnect());
    await redis.del(drainAnswersKey(bootId));
    await vi.waitUntil(() => answers.size === 0, LIMIT);
    await vi.waitUntil(() => answers.size > 0, LIMIT);
    return [...answers.values()];
  };
  return { keys, stop, nextAnswers, answers: () => [...answers.values()] };
}

describe.each([5, 6] as const)('workers of BullMQ %i', (version) => {
  it('under load take no jobs while they are asked to drain, end those that run, and go on when the key is gone', async () => {
    const dyno = new Dyno(version);
    dyno.addWorker();
    dyno.addWorker();
    await dyno.add(400, (index) => 100 + ((index * 137) % 1900));
    await vi.waitUntil(() => dyno.ended.length > 3, LIMIT);

    const asking = keepAsking(dyno.bootId, 'first');
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
    await asking.keys.clear(dyno.bootId, 'first');
    await vi.waitUntil(() => dyno.started.length > atIdle + 10, LIMIT);
    expect(new Set(dyno.started).size).toBe(dyno.started.length);
  });

  it('that wait for jobs are idle at once, and take none that comes in then', async () => {
    const dyno = new Dyno(version);
    dyno.addWorker();
    await dyno.add(1, () => 1);
    await vi.waitUntil(() => dyno.ended.length === 1, LIMIT);
    const asking = keepAsking(dyno.bootId, 'first');
    await vi.waitUntil(() => asking.answers().includes(true), LIMIT);
    await dyno.add(3, () => 1);
    await vi.waitUntil(async () => (await dyno.queue.getWaitingCount()) === 3, LIMIT);
    expect(await asking.nextAnswers()).toEqual([true]);
    expect(dyno.started).toHaveLength(1);
    await asking.stop();
    await asking.keys.clear(dyno.bootId, 'first');
    await vi.waitUntil(() => dyno.ended.length === 4, LIMIT);
  });

  it('that wait for a rate limit are idle at once', async () => {
    const dyno = new Dyno(version);
    dyno.addWorker({ limiter: { max: 1, duration: 25_000 } });
    await dyno.add(3, () => 1);
    await vi.waitUntil(() => dyno.ended.length === 1, LIMIT);
    const asking = keepAsking(dyno.bootId, 'first');
    await vi.waitUntil(() => asking.answers().includes(true), { ...LIMIT, timeout: 15_000 });
    expect(dyno.started).toHaveLength(1);
    expect(await dyno.queue.getActiveCount()).toBe(0);
  });

  it('go on by themselves when the one who asked has died', async () => {
    const dyno = new Dyno(version);
    dyno.addWorker();
    await dyno.add(1, () => 1);
    await vi.waitUntil(() => dyno.ended.length === 1, LIMIT);
    const asking = keepAsking(dyno.bootId, 'first');
    await vi.waitUntil(() => asking.answers().includes(true), LIMIT);
    await dyno.add(2, () => 1);
    await asking.stop();
    await vi.waitUntil(() => dyno.ended.length === 3, LIMIT);
  });
});
