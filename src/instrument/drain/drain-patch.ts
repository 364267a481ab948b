import { type BullmqWorker, type Method, type WorkerMethods, wrap } from '../bullmq/bullmq-patch.ts';
import { guarded } from '../diagnostics.ts';
import { canBeHeld, type DrainableWorker } from './drainable-worker.ts';
import type { HeldWorker } from './held-worker.ts';
import { followHandedOutJob } from './manual-jobs.ts';

/** What the patched methods need from the drain. */
export interface DrainObserver {
  of(worker: DrainableWorker): HeldWorker;
  /** Whether the last check of the drain key is so old that the next fetch must wait for a new one. */
  isLookOverdue(): boolean;
  /** Checks the drain key, and gives up waiting after a moment. Never rejects. */
  lookFirst(): Promise<void>;
}

/**
 * How long `getNextJob` waits for the end of a drain before it returns no job, if the worker does not set `drainDelay`.
 */
const DEFAULT_DRAIN_DELAY_S = 5;

/**
 * Lets the drain follow the workers of a class (its prototype) or one worker, as `patchWorker` does. Returns a function
 * that undoes it.
 */
export function patchForDrain(target: WorkerMethods, drain: DrainObserver): () => void {
  if (!canBeHeld(target)) return () => {};
  const undo = [
    wrap(target, '_getNextJob', (original) => heldFetch(original, drain)),
    wrap(target, 'moveToActive', (original) => refusedFetch(original, drain)),
    wrap(target, 'processJob', (original) => countedProcessing(original, drain, !('mainLoop' in target))),
    wrap(target, 'getNextJob', (original) => manualFetch(original, drain)),
    wrap(target, 'pause', (original) => after(original, drain, (worker) => worker.stopsByItself())),
    // The application decides: a worker that it resumes during a drain takes jobs.
    wrap(target, 'resume', (original) => after(original, drain, (worker) => worker.release())),
  ];
  return () => {
    for (const restore of undo) restore();
  };
}

/** The loop calls it for each job that did not come with a result. */
function heldFetch(original: Method, drain: DrainObserver): Method {
  return function _getNextJob(...args) {
    const held = drain.of(drainable(this));
    if (held.mustWait || drain.isLookOverdue()) return fetchLater({ original, drain, worker: this, args });
    return counted(original.apply(this, args), held);
  };
}

interface LaterFetch {
  readonly original: Method;
  readonly drain: DrainObserver;
  readonly worker: BullmqWorker;
  readonly args: unknown[];
}

/**
 * Resolves with undefined, like a fetch that found no job, if the loop has something else to do before the hold ends.
 */
async function fetchLater({ original, drain, worker, args }: LaterFetch): Promise<unknown> {
  const held = drain.of(drainable(worker));
  if (drain.isLookOverdue()) await drain.lookFirst();
  while (held.mustWait) {
    if (!(await held.park())) return undefined;
  }
  return counted(original.apply(worker, args.map(withoutBlocking)), held);
}

/**
 * A late fetch does not use the blocking command. The loop decided earlier whether it may block while other jobs of its
 * worker run, and the due time of a delayed job may have been lost with the interrupted command.
 */
function withoutBlocking(arg: unknown): unknown {
  return typeof arg === 'object' && arg !== null && 'block' in arg ? { ...arg, block: false } : arg;
}

function counted(fetch: unknown, held: HeldWorker): unknown {
  held.fetchBegins();
  // Attached before BullMQ's own handlers, so that the job is counted before anything happens to it.
  void Promise.resolve(fetch).then(held.fetchEnded, held.fetchFailed);
  return fetch;
}

function refusedFetch(original: Method, drain: DrainObserver): Method {
  return function moveToActive(...args) {
    if (drain.of(drainable(this)).refusesFetch) return Promise.resolve(undefined);
    return original.apply(this, args);
  };
}

/**
 * Runs for every job, so it creates one closure and no array. (BullMQ's loop links each job to the next, so what a job
 * references survives until V8's next major collection.) BullMQ calls the third argument of `processJob` right before
 * it writes the job's result, to ask whether to fetch the next job in the same command. Some versions pass a fourth.
 *
 * @param failureFetches whether a failing job fetches the next one without asking (for example in BullMQ 5.30)
 */
function countedProcessing(original: Method, drain: DrainObserver, failureFetches: boolean): Method {
  return function processJob(job, token, asked, fourth) {
    const held = drain.of(drainable(this));
    held.processingBegins();
    if (failureFetches) followFailure(job, held, drain);
    const mayFetch = () => mayFetchNext(held, drain) && (typeof asked !== 'function' || asked());
    let result: unknown;
    try {
      result = original.call(this, job, token, mayFetch, fourth);
    } catch (error) {
      held.processingFailed();
      throw error;
    }
    void Promise.resolve(result).then(held.processingEnded, held.processingFailed);
    return result;
  };
}

function mayFetchNext(held: HeldWorker, drain: DrainObserver): boolean {
  return held.mayFetchWithResult && !drain.isLookOverdue();
}

function followFailure(job: unknown, held: HeldWorker, drain: DrainObserver): void {
  guarded('following a job that may fail', () => askBeforeFailureFetches(job, () => mayFetchNext(held, drain)));
}

interface FailingJob {
  moveToFailed(error: unknown, token: string, fetchNext?: boolean): unknown;
}

function askBeforeFailureFetches(job: unknown, mayFetch: () => boolean): void {
  const { moveToFailed } = job as FailingJob;
  const value = function (this: FailingJob, error: unknown, token: string, fetchNext = false) {
    return moveToFailed.call(this, error, token, fetchNext && mayFetch());
  };
  // Not enumerable: a processor may copy or print its job.
  Object.defineProperty(job, 'moveToFailed', { value, configurable: true, writable: true });
}

/**
 * An application that fetches its jobs by hand gets none during a drain. It waits as long as an empty queue would make
 * it wait.
 */
function manualFetch(original: Method, drain: DrainObserver): Method {
  return async function getNextJob(...args) {
    const worker = drainable(this);
    const held = drain.of(worker);
    const { block = true } = (args[1] ?? {}) as { readonly block?: boolean };
    const limitMs = (worker.opts?.drainDelay ?? DEFAULT_DRAIN_DELAY_S) * 1000;
    if (held.mustWait && !(block && (await held.park(limitMs)))) return undefined;
    held.fetchByHandBegins();
    try {
      const job = await original.apply(this, args);
      if (job !== undefined) held.fetchedJobLeaves();
      guarded('following a job that was fetched by hand', () => followHandedOutJob(job, worker, held));
      return job;
    } finally {
      held.fetchByHandEnded();
    }
  };
}

/**
 * Notifies the drain once the original method has done its synchronous part, in which BullMQ marks a worker as paused.
 */
function after(original: Method, drain: DrainObserver, notify: (worker: HeldWorker) => void): Method {
  return function observed(...args) {
    const result = original.apply(this, args);
    guarded('following the pause of a worker', () => notify(drain.of(drainable(this))));
    return result;
  };
}

function drainable(worker: BullmqWorker): DrainableWorker {
  return worker as unknown as DrainableWorker;
}
