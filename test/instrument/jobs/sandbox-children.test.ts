import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { newSandboxRun, SandboxChildren, type SandboxPool } from '../../../src/instrument/jobs/sandbox-children.ts';

/** A child process of BullMQ's, as far as it is followed. */
class FakeChild extends EventEmitter {
  readonly childProcess: { readonly pid: number };
  constructor(pid: number) {
    super();
    this.childProcess = { pid };
  }
}

class FakeThread extends EventEmitter {
  readonly worker = new EventEmitter();
}

function harness() {
  const rss = new Map<number, number>();
  const children = new SandboxChildren((pid) => rss.get(pid) ?? null);
  /** Hands out the children given, one after the other, each after a turn of the event loop. */
  const poolOf = (...free: EventEmitter[]) => {
    const pool: SandboxPool = {
      retain: async () => {
        await new Promise((resolve) => setImmediate(resolve));
        return free.shift() as FakeChild;
      },
    };
    return { pool, retain: () => pool.retain?.() ?? Promise.reject(new Error('no pool')) };
  };
  return { rss, children, poolOf };
}

describe('a sandboxed job', () => {
  it('is distinguished from others that run at the same time by its child', async () => {
    const { rss, children, poolOf } = harness();
    rss.set(11, 1_000).set(12, 2_000);
    const { pool, retain } = poolOf(new FakeChild(11), new FakeChild(12));
    const [first, second] = [newSandboxRun(), newSandboxRun()];
    await Promise.all([children.within(first, pool, retain), children.within(second, pool, retain)]);
    rss.set(11, 1_700).set(12, 1_500);
    expect(children.end(first)).toEqual({ netBytes: 700, exit: null });
    expect(children.end(second)).toEqual({ netBytes: -500, exit: null });
  });

  it.each([
    ['memory', null, 'SIGABRT'],
    ['memory', 134, null],
    ['signal', null, 'SIGKILL'],
    ['signal', null, 'SIGTERM'],
    ['code', 1, null],
    ['code', 0, null],
  ])('reports that its child died: %s, by code %s and signal %s', async (reason, code, signal) => {
    const { rss, children, poolOf } = harness();
    const child = new FakeChild(11);
    rss.set(11, 1_000);
    const { pool, retain } = poolOf(child);
    const run = newSandboxRun();
    await children.within(run, pool, retain);
    child.emit('exit', code, signal);
    expect(children.end(run)).toEqual({ netBytes: null, exit: reason });
  });

  it('reports a thread that ran out of heap, and knows no memory of its own for it', async () => {
    const { children, poolOf } = harness();
    const thread = new FakeThread();
    const { pool, retain } = poolOf(thread);
    const run = newSandboxRun();
    await children.within(run, pool, retain);
    thread.worker.on('error', () => undefined);
    thread.worker.emit('error', Object.assign(new Error('heap'), { code: 'ERR_WORKER_OUT_OF_MEMORY' }));
    thread.emit('exit', 1, null);
    expect(children.end(run)).toEqual({ netBytes: null, exit: 'memory' });
  });

  it('has nothing to do with the end of an idle child, nor with the jobs that its child ran before', async () => {
    const { rss, children, poolOf } = harness();
    const child = new FakeChild(11);
    rss.set(11, 1_000);
    const { pool, retain } = poolOf(child, child);
    const [first, second] = [newSandboxRun(), newSandboxRun()];
    await children.within(first, pool, retain);
    children.end(first);
    await children.within(second, pool, retain);
    expect(children.end(second).exit).toBeNull();
    child.emit('exit', 0, null);
    expect([first.exit, second.exit]).toEqual([null, null]);
    expect(child.listenerCount('exit')).toBe(1);
  });

  it('that never got a child ends without a word of one', () => {
    const { children, poolOf } = harness();
    const run = newSandboxRun();
    expect(children.within(run, poolOf().pool, () => 'result')).toBe('result');
    expect(children.end(run)).toEqual({ netBytes: null, exit: null });
  });
});
