import { AsyncLocalStorage } from 'node:async_hooks';
import type { EventEmitter } from 'node:events';
import { guarded } from '../diagnostics.ts';

/**
 * Why a sandboxed child ended during its job. `memory`: V8 ran out of heap, which ends a process by SIGABRT (exit code
 * 134 behind a shell) and a thread by a specific error. `signal`: killed, by the kernel's out-of-memory killer or
 * anybody else: SIGKILL does not say which. `code`: it exited by itself.
 */
export type ExitReason = 'memory' | 'signal' | 'code';

/** BullMQ's `Child`: a process or a thread that runs sandboxed jobs, one at a time. */
interface SandboxChild extends EventEmitter {
  readonly childProcess?: { readonly pid?: number };
  /** A `Worker` of node:worker_threads. */
  readonly worker?: EventEmitter;
}

/** BullMQ's `ChildPool`, as far as it is followed. */
export interface SandboxPool {
  readonly retained?: object;
  readonly free?: object;
  retain?: (...args: unknown[]) => Promise<SandboxChild>;
}

/** One job in a child. */
export interface SandboxRun {
  child: SandboxChild | null;
  rssAtStartBytes: number | null;
  exit: ExitReason | null;
}

/** What is known of a sandboxed job when it has ended. */
export interface SandboxEnd {
  /** RSS change of the child in bytes; null if it died, is a thread, or cannot be read. */
  readonly netBytes: number | null;
  /** Null if the child still runs. */
  readonly exit: ExitReason | null;
}

const OUT_OF_HEAP = { signal: 'SIGABRT', code: 134, error: 'ERR_WORKER_OUT_OF_MEMORY' };

/**
 * Finds out which child runs which job. BullMQ has no public way (https://github.com/taskforcesh/bullmq/issues/275),
 * but its pool hands out a child within the asynchronous call of the job, so an `AsyncLocalStorage` identifies the job.
 */
export class SandboxChildren {
  readonly #readRssBytes: (pid: number) => number | null;
  readonly #calls = new AsyncLocalStorage<SandboxRun>();
  readonly #pools = new WeakSet<SandboxPool>();
  readonly #children = new WeakMap<SandboxChild, { run: SandboxRun | null }>();

  /** @param readRssBytes reads the RSS of another process; null if it cannot be read */
  constructor(readRssBytes: (pid: number) => number | null) {
    this.#readRssBytes = readRssBytes;
  }

  /** Runs the work of a job, and notes which child it gets. */
  within<T>(run: SandboxRun, pool: SandboxPool, work: () => T): T {
    guarded('following a sandbox', () => this.#follow(pool));
    return this.#calls.run(run, work);
  }

  end(run: SandboxRun): SandboxEnd {
    const { child, rssAtStartBytes, exit } = run;
    const known = child === null ? undefined : this.#children.get(child);
    if (known?.run === run) known.run = null;
    const rssBytes = exit === null ? this.#rssOf(child) : null;
    return { netBytes: rssBytes === null || rssAtStartBytes === null ? null : rssBytes - rssAtStartBytes, exit };
  }

  #follow(pool: SandboxPool): void {
    const original = pool.retain;
    if (original === undefined || this.#pools.has(pool)) return;
    this.#pools.add(pool);
    const ours = this;
    pool.retain = async function retain(...args) {
      const run = ours.#calls.getStore();
      const child = await original.apply(this, args);
      if (run !== undefined) guarded('following a sandboxed child', () => ours.#give(child, run));
      return child;
    };
  }

  #give(child: SandboxChild, run: SandboxRun): void {
    run.child = child;
    run.rssAtStartBytes = this.#rssOf(child);
    const known = this.#children.get(child);
    if (known !== undefined) {
      known.run = run;
      return;
    }
    const followed: { run: SandboxRun | null } = { run };
    this.#children.set(child, followed);
    let outOfHeap = false;
    child.worker?.on('error', (error: { readonly code?: string }) => {
      outOfHeap ||= error.code === OUT_OF_HEAP.error;
    });
    // Runs before BullMQ's own listener, which fails the job.
    child.on('exit', (code: number | null, signal: string | null) => {
      if (followed.run !== null) followed.run.exit = outOfHeap ? 'memory' : exitReason(code, signal);
    });
  }

  #rssOf(child: SandboxChild | null): number | null {
    const pid = child?.childProcess?.pid;
    return pid === undefined ? null : this.#readRssBytes(pid);
  }
}

export function newSandboxRun(): SandboxRun {
  return { child: null, rssAtStartBytes: null, exit: null };
}

function exitReason(code: number | null, signal: string | null): ExitReason {
  if (signal === OUT_OF_HEAP.signal || code === OUT_OF_HEAP.code) return 'memory';
  return signal === null ? 'code' : 'signal';
}
