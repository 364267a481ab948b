import { type Method, patchProcessing, type WorkerMethods, wrap } from '../bullmq/bullmq-patch.ts';
import { guarded } from '../diagnostics.ts';
import { ownLineage } from '../identity/thread-lineage.ts';
import { announceBullmq, startedThreads } from '../identity/threads.ts';
import { ThreadJobReporter } from '../jobs/thread-jobs.ts';
import { warnOnce } from '../warn-once.ts';
import { drainOfProcess } from './drain-of-process.ts';
import type { DrainableWorker } from './drainable-worker.ts';
import type { ProcessDrain } from './worker-drain.ts';

const DRAIN = Symbol.for('tidemark.thread-drain');
const JOBS = Symbol.for('tidemark.thread-jobs');

/**
 * Lets the workers of a class (its prototype) or one worker in a worker thread be drained, and reports their jobs to
 * the main thread, which measures the process. Drains nothing if the boot is unknown, because no drain can then be
 * addressed to it.
 */
export function followInThread(target: WorkerMethods): void {
  const holder = globalThis as { [DRAIN]?: ProcessDrain | null; [JOBS]?: ThreadJobReporter };
  if (ownLineage() === null) warnOnce(NOT_FOLLOWED);
  // From now on it reports the ends of the threads that it starts, for example those of a sandboxed processor.
  startedThreads();
  holder[JOBS] ??= new ThreadJobReporter();
  patchProcessing(target, holder[JOBS]);
  holder[DRAIN] ??= drainOfProcess(process.env, () => performance.now());
  const drain = holder[DRAIN];
  announceBullmq(target);
  if (drain === null || drain === undefined) return;
  drain.follow(target);
  wrap(target, 'run', (original) => notified(original, (worker) => drain.workerRuns(worker)));
  wrap(target, 'close', (original) => closing(original, drain));
}

const NOT_FOLLOWED =
  'the BullMQ workers of this worker thread are not measured: the main thread has to load Tidemark before it starts ' +
  'the thread. Start the process with "node --import tidemark/register".';

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
