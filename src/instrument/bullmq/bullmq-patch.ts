import { guarded, reportFault } from '../diagnostics.ts';
import { type JobOutcome, outcomeOfError } from '../jobs/job-outcome.ts';
import type { JobRun } from '../jobs/job-run.ts';
import type { SandboxPool } from '../jobs/sandbox-children.ts';

/** What is used of BullMQ's `Worker`; typed here because its own types must not be needed where it is not installed. */
export interface BullmqWorker {
  readonly name: string;
  readonly opts?: { readonly useWorkerThreads?: boolean };
  /** Set where the processor is a file. */
  readonly childPool?: SandboxPool;
  /** Set from the call of `close()` on. */
  readonly closing?: unknown;
}

interface BullmqJob {
  readonly name: string;
}

/** Told of everything that the patched methods see. */
export interface WorkerObserver {
  /** Its loop has begun. */
  workerRuns(worker: BullmqWorker): void;
  /** Returns what `jobEnds` gets. */
  jobBegins(worker: BullmqWorker, job: BullmqJob): JobRun;
  /** Does the work of a sandboxed job by calling `work` once, and returns or throws what it does. */
  processes<T>(worker: BullmqWorker, run: JobRun, work: () => T): T;
  jobEnds(run: JobRun, outcome: JobOutcome): void;
  /** `close()` of the worker has just been called. */
  workerClosing(worker: BullmqWorker): void;
  /** A worker that is to close has finished its jobs; its connections are open until this settles. Must not reject. */
  workerCloses(worker: BullmqWorker): Promise<void>;
  /** The worker has closed; awaited by the caller of `close()`. Must not reject. */
  workerClosed(worker: BullmqWorker): Promise<void>;
}

export type Method = (this: BullmqWorker, ...args: unknown[]) => unknown;

/** A worker's prototype, or a worker. */
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

/** On every patched method, so that a second copy of this package does not follow the same jobs again. */
const PATCHED = Symbol.for('tidemark.patched');

/**
 * Wraps the methods of a worker or of its class's prototype (never the class itself: BullMQ exports it by a getter that cannot be
 * replaced, and subclasses inherit from the prototype). Returns what undoes it.
 *
 * `callProcessJob` is the narrowest place around the processor, in BullMQ 5 and 6 alike. All its arguments are passed on: the third
 * is the AbortSignal, which BullMQ gives to processors by the number of parameters that the original function declares.
 */
export function patchWorker(target: WorkerMethods, observer: WorkerObserver): () => void {
  const undo = [
    wrap(target, 'callProcessJob', (original) => observedProcessing(original, observer)),
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

/** Replaces a method once, whoever asks; returns what restores it. A method that is not there is left so. */
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
    // Someone may have wrapped it since; then it stays, and passes everything through.
    if (target[name] !== wrapped) return;
    if (own) target[name] = original;
    else delete target[name];
  };
}

/** On the way of every job: as few closures and promises as can be. */
function observedProcessing(original: Method, observer: WorkerObserver): Method {
  return function callProcessJob(...args) {
    const signal = args[2] as AbortSignal | undefined;
    const run = begun(observer, this, args[0] as BullmqJob);
    if (run === null) return original.apply(this, args);
    let result: unknown;
    try {
      result =
        this.childPool === undefined
          ? original.apply(this, args)
          : observer.processes(this, run, () => original.apply(this, args));
    } catch (error) {
      ended(observer, run, outcomeOfError(error, signal));
      throw error;
    }
    if (!isThenable(result)) ended(observer, run, 'completed');
    // Attached before BullMQ's own handlers, so it runs before them; the promise that BullMQ gets is the original one.
    else
      result.then(
        () => ended(observer, run, 'completed'),
        (error) => ended(observer, run, outcomeOfError(error, signal)),
      );
    return result;
  };
}

function begun(observer: WorkerObserver, worker: BullmqWorker, job: BullmqJob): JobRun | null {
  try {
    return observer.jobBegins(worker, job);
  } catch (error) {
    reportFault('following the start of a job', error);
    return null;
  }
}

function ended(observer: WorkerObserver, run: JobRun, outcome: JobOutcome): void {
  try {
    observer.jobEnds(run, outcome);
  } catch (error) {
    reportFault('following the end of a job', error);
  }
}

/** Within `close()` this is the last moment with an open connection; `pause()` comes by here too. A forced close does not. */
function observedLastJobs(original: Method, observer: WorkerObserver): Method {
  return async function whenCurrentJobsFinished(...args) {
    try {
      return await original.apply(this, args);
    } finally {
      if (this.closing) await observer.workerCloses(this);
    }
  };
}

/** `await worker.close(); process.exit(0)` is how workers end: what is not delivered before `close()` resolves never is. */
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
