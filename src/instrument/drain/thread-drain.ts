import { type Method, type WorkerMethods, wrap } from '../bullmq/bullmq-patch.ts';
import { guarded } from '../diagnostics.ts';
import { announceBullmq } from '../identity/threads.ts';
import { drainOfProcess } from './drain-of-process.ts';
import type { DrainableWorker } from './drainable-worker.ts';
import type { ProcessDrain } from './worker-drain.ts';

const DRAIN = Symbol.for('tidemark.thread-drain');

/**
 * Lets the workers of a class (its prototype) or one worker in a worker thread be drained. Nothing is measured there:
 * the main thread reports the process's memory. Does nothing if the boot is unknown, because no drain can then be
 * addressed to it.
 */
export function followInThread(target: WorkerMethods): void {
  const holder = globalThis as { [DRAIN]?: ProcessDrain | null };
  holder[DRAIN] ??= drainOfProcess(process.env, () => performance.now());
  const drain = holder[DRAIN];
  announceBullmq(target);
  if (drain === null || drain === undefined) return;
  drain.follow(target);
  wrap(target, 'run', (original) => notified(original, (worker) => drain.workerRuns(worker)));
  wrap(target, 'close', (original) => closing(original, drain));
}

function notified(original: Method, notify: (worker: DrainableWorker) => void): Method {
  return function observed(...args) {
    const result = original.apply(this, args);
    guarded('following a worker', () => notify(this as unknown as DrainableWorker));
    return result;
  };
}

function closing(original: Method, drain: ProcessDrain): Method {
  const begun = notified(original, (worker) => drain.workerClosing(worker));
  return async function close(...args) {
    try {
      return await begun.apply(this, args);
    } finally {
      drain.workerClosed(this as unknown as DrainableWorker);
    }
  };
}
