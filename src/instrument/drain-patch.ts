import { type BullmqWorker, type Method, type WorkerMethods, wrap } from './bullmq-patch.ts';
import { guarded } from './diagnostics.ts';
import type { DrainableWorker } from './drainable-worker.ts';
import type { WorkerBrake } from './worker-brake.ts';
import type { WorkerLoad } from './worker-load.ts';

/** Lets load and brake follow the workers of a class (its prototype) or one worker, as `patchWorker` does. Returns what undoes it. */
export function patchForDrain(target: WorkerMethods, load: WorkerLoad, brake: WorkerBrake): () => void {
  const undo = [
    wrap(target, 'moveToActive', (original) => counted(original, load, (worker) => load.fetchBegins(worker))),
    wrap(target, 'processJob', (original) =>
      counted(original, load, (worker, job) => load.processingBegins(worker, job as object)),
    ),
    wrap(target, 'pause', (original) => told(original, brake)),
    wrap(target, 'resume', (original) => told(original, brake)),
  ];
  return () => {
    for (const restore of undo) restore();
  };
}

/** Both methods give a promise of the next job. */
function counted(
  original: Method,
  load: WorkerLoad,
  begins: (worker: DrainableWorker, first: unknown) => void,
): Method {
  return function observed(...args) {
    const worker = drainable(this);
    begins(worker, args[0]);
    let result: unknown;
    try {
      result = original.apply(this, args);
    } catch (error) {
      load.ended(worker, undefined);
      throw error;
    }
    // Attached before BullMQ's own handlers, so that a job is counted before it begins.
    void Promise.resolve(result).then(
      (nextJob) => load.ended(worker, nextJob),
      () => load.ended(worker, undefined),
    );
    return result;
  };
}

function told(original: Method, brake: WorkerBrake): Method {
  return function observed(...args) {
    guarded('following the pause of a worker', () => brake.pausedOrResumed(drainable(this)));
    return original.apply(this, args);
  };
}

function drainable(worker: BullmqWorker): DrainableWorker {
  return worker as unknown as DrainableWorker;
}
