import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { A_LOOK_MS, aProcess, pass, promise } from './drained-process.ts';

const undo: (() => Promise<void>)[] = [];

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(async () => {
  for (const step of undo.splice(0)) await step();
  vi.useRealTimers();
});

describe('jobs that the application fetches by hand', () => {
  function byHand() {
    const made = aProcess();
    class Job {
      readonly queueQualifiedName = 'bull:queue';
      readonly id: string;
      readonly name: string;
      /** Redis answers after it. */
      delay: Promise<void> = Promise.resolve();
      constructor(id: string) {
        this.id = id;
        this.name = id;
      }
      async moveToCompleted(next?: string): Promise<unknown> {
        await this.delay;
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
    undo.push(() => worker.close());
    const fetch = (id: string) => {
      worker.queue.push(new Job(id));
      return worker.getNextJob('token') as Promise<Job | undefined>;
    };
    return { ...made, worker, fetch, Job };
  }

  it('are in hand until they have left `active`, and so is one that came with a result', async () => {
    const { redis, fetch, answer, running, Job } = byHand();
    running();
    redis.active = new Set(['first', 'second']);
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

  it('are in no hands once they have left `active` unseen, because another process has ended them', async () => {
    const { redis, fetch, answer, running, worker } = byHand();
    running();
    await fetch('first');
    await fetch('second');
    redis.active = new Set(['first', 'second']);
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    expect(answer()).toMatchObject({ idle: false });
    redis.active.delete('second');
    await pass(1_000);
    expect(answer()).toMatchObject({ idle: false });
    redis.active.delete('first');
    await pass(1_000);
    expect(answer()).toMatchObject({ idle: true });
    expect(worker.queue).toEqual([]);
  });

  it('are in hand while a call that ends one is unanswered, active or not: the next one comes', async () => {
    const { redis, fetch, answer, running, Job } = byHand();
    running();
    const first = await fetch('first');
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    const reply = promise();
    if (first !== undefined) first.delay = reply.promise;
    redis.active = new Set(['second']);
    void first?.moveToCompleted('second');
    await pass(1_000);
    expect(answer()).toMatchObject({ idle: false });
    reply.resolve();
    await pass(1_000);
    expect(answer()).toMatchObject({ idle: false });
    await new Job('second').moveToCompleted();
    await pass(1_000);
    expect(answer()).toMatchObject({ idle: true });
  });

  it('are in the hands of the worker that got them last, after they have stalled', async () => {
    const { redis, fetch, answer, FakeWorker, Job } = byHand();
    const other = new FakeWorker();
    undo.push(() => other.close());
    await fetch('first');
    other.queue.push(new Job('first'));
    const again = (await other.getNextJob('token')) as InstanceType<typeof Job>;
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    expect(answer()).toMatchObject({ idle: false });
    await again.moveToCompleted();
    await pass(1_000);
    expect(answer()).toMatchObject({ idle: true });
  });

  it('make room when others have ended them, however many there were, and the oldest still counts', async () => {
    const { redis, fetch, answer, running } = byHand();
    running();
    redis.active = new Set(['oldest', 'of another process']);
    const oldest = await fetch('oldest');
    for (let n = 0; n < 3_000; n++) await fetch(`ended elsewhere ${n}`);
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    expect(answer()).toMatchObject({ idle: false });
    await oldest?.moveToCompleted();
    await pass(1_000);
    expect(answer()).toMatchObject({ idle: true });
  });

  it('are not forgotten where too many are live: the process is idle when none is active any more', async () => {
    const { redis, fetch, answer, running, Job } = byHand();
    running();
    const names = Array.from({ length: 1_500 }, (_, n) => `live ${n}`);
    redis.active = new Set(names);
    for (const name of names) await fetch(name);
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    const end = async (name: string) => {
      redis.active?.delete(name);
      await new Job(name).moveToCompleted();
    };
    for (const name of names.slice(1, -1)) await end(name);
    for (const name of ['live 1499', 'live 0']) {
      await pass(1_000);
      expect(answer()).toMatchObject({ idle: false });
      await end(name);
    }
    await pass(1_000);
    expect(answer()).toMatchObject({ idle: true });
  });

  it('of a worker that has closed are counted no more, so that they leave room for those of others', async () => {
    const { redis, fetch, answer, running, FakeWorker, worker, Job } = byHand();
    running();
    redis.active = new Set(['of another process']);
    for (let n = 0; n < 200; n++) {
      redis.active.add(`closed ${n}`);
      await fetch(`closed ${n}`);
    }
    await worker.close();
    for (let n = 0; n < 5; n++) {
      const next = new FakeWorker();
      for (let m = 0; m < 200; m++) {
        redis.active.add(`next ${n} ${m}`);
        next.queue.push(new Job(`next ${n} ${m}`));
        await next.getNextJob('token');
      }
      await next.close();
    }
    const last = new FakeWorker();
    undo.push(() => last.close());
    last.queue.push(new Job('last'));
    const job = (await last.getNextJob('token')) as InstanceType<typeof Job>;
    await job.moveToCompleted();
    redis.attemptId = 'first';
    await pass(A_LOOK_MS);
    expect(answer()).toMatchObject({ idle: true });
  });

  it('are not given out by a process that begins during the drain, which is idle', async () => {
    const { redis, fetch, answer, worker } = byHand();
    redis.attemptId = 'first';
    const given = vi.fn();
    void fetch('first').then(given);
    await pass(A_LOOK_MS);
    expect(given).toHaveBeenCalledExactlyOnceWith(undefined);
    expect(answer()).toMatchObject({ attemptId: 'first', idle: true });
    redis.attemptId = null;
    await pass(A_LOOK_MS);
    expect(await worker.getNextJob('token')).toMatchObject({ id: 'first' });
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
