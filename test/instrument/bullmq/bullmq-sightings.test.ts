import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { type Queue, Worker } from 'bullmq';
import { afterEach, describe, expect, inject, it } from 'vitest';
import type { WorkerMethods } from '../../../src/instrument/bullmq/bullmq-patch.ts';
import { type Looker, lookForBullmq, type Sighting } from '../../../src/instrument/bullmq/bullmq-sightings.ts';

/** A copy of BullMQ that no loader brought: classes as its own are built. */
function copyOfBullmq() {
  class QueueBase extends EventEmitter {
    checkConnectionError(): void {}
  }
  class CopiedWorker extends QueueBase {
    /** What `callProcessJob` was when this worker's constructor ran. */
    readonly metMethod = CopiedWorker.prototype.callProcessJob;
    callProcessJob(): string {
      return 'plain';
    }
  }
  return { CopiedQueue: class extends QueueBase {}, CopiedWorker };
}

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** What is seen from now on; not the BullMQs that are loaded already. */
function looking(who: Looker = 'register') {
  const seen: Parameters<Sighting>[0][] = [];
  ends.push(lookForBullmq(who, (prototype) => seen.push(prototype)));
  seen.splice(0);
  return seen;
}

describe('looking for BullMQ', () => {
  it('sees the class of the first worker before its constructor runs, and once', () => {
    const { CopiedWorker } = copyOfBullmq();
    const patched = () => 'patched';
    const end = lookForBullmq(
      'register',
      (prototype) => prototype !== null && Object.assign(prototype, { callProcessJob: patched }),
    );
    ends.push(end);
    expect(new CopiedWorker().metMethod).toBe(patched);
    const seen = looking();
    new CopiedWorker();
    new CopiedWorker();
    expect(seen).toEqual([CopiedWorker.prototype]);
  });

  it('sees every copy', () => {
    const seen = looking();
    const copies = [copyOfBullmq(), copyOfBullmq()].map(({ CopiedWorker }) => CopiedWorker);
    for (const Copy of copies) new Copy();
    expect(seen).toEqual(copies.map(({ prototype }) => prototype));
  });

  it("names BullMQ's own class for subclasses, also those with a callProcessJob of their own", () => {
    const seen = looking();
    const { CopiedWorker } = copyOfBullmq();
    class Overriding extends CopiedWorker {
      override callProcessJob(): string {
        return super.callProcessJob();
      }
    }
    new Overriding();
    new CopiedWorker();
    expect(seen).toEqual([CopiedWorker.prototype]);
  });

  it('sees a queue as BullMQ without a worker, and no other emitter', () => {
    const seen = looking();
    new EventEmitter();
    expect(seen).toEqual([]);
    const { CopiedQueue } = copyOfBullmq();
    new CopiedQueue();
    expect(seen).toEqual([null]);
  });

  it('sees a BullMQ that has been required already', () => {
    const seen: Parameters<Sighting>[0][] = [];
    ends.push(lookForBullmq('register', (prototype) => seen.push(prototype)));
    // Not compared by the matcher: on a failure it would print a prototype whose getters throw.
    expect(seen.includes(Worker.prototype as unknown as WorkerMethods)).toBe(true);
  });

  it.each(['bullmq', 'bullmq5'])('knows the real classes of %s', async (name) => {
    const bullmq: { Worker: typeof Worker; Queue: typeof Queue } = createRequire(import.meta.url)(name);
    const seen = looking();
    const { hostname: host, port } = new URL(inject('redisUrl'));
    const connection = { host, port: Number(port) };
    const worker = new bullmq.Worker('sightings', async () => {}, { connection, autorun: false });
    // The worker's class was known before.
    expect(seen).toEqual([]);
    const queue = new bullmq.Queue('sightings', { connection });
    expect(seen).toEqual([null]);
    await Promise.all([worker.waitUntilReady(), queue.waitUntilReady()]);
    await Promise.all([worker.close(), queue.close()]);
  });

  it('lets another copy of this package look in its place, and stops on request', () => {
    const [first, second, other] = [looking(), looking(), looking('instrumentation')];
    const { CopiedWorker } = copyOfBullmq();
    new CopiedWorker();
    expect([first, second, other]).toEqual([[], [CopiedWorker.prototype], [CopiedWorker.prototype]]);
    for (const end of ends.splice(0)) end();
    new (copyOfBullmq().CopiedWorker)();
    expect(second).toEqual([CopiedWorker.prototype]);
  });

  it('leaves emitters as they are: their options count', () => {
    looking();
    const emitter = new EventEmitter({ captureRejections: true });
    emitter.on('fail', async () => Promise.reject(new Error('captured')));
    const captured = new Promise((resolve) => emitter.on('error', resolve));
    emitter.emit('fail');
    return expect(captured).resolves.toMatchObject({ message: 'captured' });
  });
});
