import { guarded, reportFault } from '../diagnostics.ts';
import { type JobEnding, type JobOutcome, rejectionOf } from '../jobs/job-outcome.ts';
import type { JobRun } from '../jobs/job-run.ts';
import type { SandboxPool } from '../jobs/sandbox-children.ts';

/** What Tidemark uses of BullMQ's `Worker`. Typed here because BullMQ's types are absent if it is not installed. */
export interface BullmqWorker {
  readonly name: string;
  readonly opts?: { readonly useWorkerThreads?: boolean };
  /** Set if the processor is a file. */
  readonly childPool?: SandboxPool;
  /** Set once `close()` was called. */
  readonly closing?: unknown;
}

export interface BullmqJob {
  readonly name: string;
}

/** Notified of jobs. */
export interface JobObserver<Run> {
  /** Its result is passed to `jobEnds`. */
  jobBegins(worker: BullmqWorker, job: BullmqJob): Run;
  /** Runs a sandboxed job by calling `work` once, and returns or throws what `work` does. */
  processes<T>(worker: BullmqWorker, run: Run, work: () => T): T;
  /** @param errorType the class of the error that a failed job ended with; null for other outcomes */
  jobEnds(run: Run, outcome: JobOutcome, errorType: string | null): void;
}

/** Notified of everything that the patched methods see. */
export interface WorkerObserver extends JobObserver<JobRun> {
  /** The worker's loop has begun. */
  workerRuns(worker: BullmqWorker): void;
  /** `close()` of the worker has just been called. */
  workerClosing(worker: BullmqWorker): void;
  /** A closing worker has finished its jobs. Its connections stay open until this promise settles. Must not reject. */
  workerCloses(worker: BullmqWorker): Promise<void>;
  /** The worker has closed. The caller of `close()` waits for this promise. Must not reject. */
  workerClosed(worker: BullmqWorker): Promise<void>;
}

export type Method = (this: BullmqWorker, ...args: unknown[]) => unknown;

/** A worker, or the prototype of its class. */
export type WorkerMethods = {
  [name in
    | 'callProcessJob'
    | 'whenCurrentJobsFinished'
    | 'close'
    | 'run'
    | '_getNextJob'
    | 'getNextJob'
    | 'moveToActive'
    | 'processJob'
    | 'pause'
    | 'resume']?: Method;
};

/** Marks every patched method, so that a second copy of this package does not follow the same jobs again. */
const PATCHED = Symbol.for('tidemark.patched');

/**
 * Wraps the methods of a worker or of its class's prototype. The class itself cannot be replaced (BullMQ exports it by
 * a getter), and subclasses inherit from the prototype. Returns a function that undoes it.
 *
 * `callProcessJob` is the narrowest method around the processor in BullMQ 5 and 6. All its arguments are passed on: the
 * third is the AbortSignal, which BullMQ passes to processors depending on the number of parameters that the original
 * function declares.
 */
export function patchWorker(target: WorkerMethods, observer: WorkerObserver): () => void {
  const undo = [
    patchProcessing(target, observer),
    wrap(target, 'whenCurrentJobsFinished', (original) => observedLastJobs(original, observer)),
    wrap(target, 'close', (original) => observedClose(original, observer)),
    wrap(target, 'run', (original) => {
      return function run(...args) {
        const running = original.apply(this, args);
        guarded('following a worker', () => observer.workerRuns(this));
        return running;
      };
    }),
  ];
  return () => {
    for (const restore of undo) restore();
  };
}

/** Follows the jobs only. */
export function patchProcessing<Run>(target: WorkerMethods, observer: JobObserver<Run>): () => void {
  return wrap(target, 'callProcessJob', (original) => observedProcessing(original, observer));
}

/**
 * Replaces a method once, whoever asks; returns a function that restores it. Does nothing if the method does not exist.
 */
export function wrap(
  target: WorkerMethods,
  name: keyof WorkerMethods,
  wrapper: (original: Method) => Method,
): () => void {
  const original = target[name];
  if (original === undefined || PATCHED in original) return () => {};
  const wrapped = Object.assign(wrapper(original), { [PATCHED]: true });
  const own = Object.hasOwn(target, name);
  target[name] = wrapped;
  return () => {
    // Another library may have wrapped it since. Then it stays, and only forwards calls.
    if (target[name] !== wrapped) return;
    if (own) target[name] = original;
    else delete target[name];
  };
}

/** Runs for every job, so it creates as few closures and promises as possible. */
function observedProcessing<Run>(original: Method, observer: JobObserver<Run>): Method {
  return function callProcessJob(...args) {
    const signal = args[2] as AbortSignal | undefined;
    const run = begun(observer, this, args[0] as BullmqJob);
    if (run === null) return original.apply(this, args);
    let result: unknown;
    try {
      result =
        this.childPool === undefined
          ? original.apply(this, args)
          : processedInSandbox(original, observer, { worker: this, run, args });
    } catch (error) {
      ended(observer, run, rejectionOf(error, signal));
      throw error;
    }
    if (!isThenable(result)) ended(observer, run, COMPLETED);
    // Attached before BullMQ's own handlers, so it runs before them. BullMQ gets the original promise.
    else
      result.then(
        () => ended(observer, run, COMPLETED),
        (error) => ended(observer, run, rejectionOf(error, signal)),
      );
    return result;
  };
}

interface SandboxedCall<Run> {
  readonly worker: BullmqWorker;
  readonly run: Run;
  readonly args: unknown[];
}

/** A function of its own: a closure over the arguments would keep an array of them for every job. */
function processedInSandbox<Run>(
  original: Method,
  observer: JobObserver<Run>,
  { worker, run, args }: SandboxedCall<Run>,
): unknown {
  return observer.processes(worker, run, () => original.apply(worker, args));
}

function begun<Run>(observer: JobObserver<Run>, worker: BullmqWorker, job: BullmqJob): Run | null {
  try {
    return observer.jobBegins(worker, job);
  } catch (error) {
    reportFault('following the start of a job', error);
    return null;
  }
}

const COMPLETED: JobEnding = { outcome: 'completed', errorType: null };

function ended<Run>(observer: JobObserver<Run>, run: Run, { outcome, errorType }: JobEnding): void {
  try {
    observer.jobEnds(run, outcome, errorType);
  } catch (error) {
    reportFault('following the end of a job', error);
  }
}

/** The last moment within `close()` with an open connection. `pause()` also calls it; a forced close does not. */
function observedLastJobs(original: Method, observer: WorkerObserver): Method {
  return async function whenCurrentJobsFinished(...args) {
    try {
      return await original.apply(this, args);
    } finally {
      if (this.closing) await observer.workerCloses(this);
    }
  };
}

/**
 * Workers end with `await worker.close(); process.exit(0)`: what is not delivered before `close()` resolves is lost.
 */
function observedClose(original: Method, observer: WorkerObserver): Method {
  return async function close(...args) {
    try {
      const closing = original.apply(this, args);
      guarded('following the close of a worker', () => observer.workerClosing(this));
      return await closing;
    } finally {
      await observer.workerClosed(this);
    }
  };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}
