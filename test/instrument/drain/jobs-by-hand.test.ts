import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { A_LOOK_MS, aProcess, pass } from './drained-process.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
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
