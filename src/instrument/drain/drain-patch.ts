import { type BullmqWorker, type Method, type WorkerMethods, wrap } from '../bullmq/bullmq-patch.ts';
import { guarded } from '../diagnostics.ts';
import { type DrainableWorker, endsWithItsJobs } from './drainable-worker.ts';
import type { WorkerBrake } from './worker-brake.ts';
import type { JobsInHand, WorkerLoad } from './worker-load.ts';

/** Lets load and brake follow the workers of a class (its prototype) or one worker, as `patchWorker` does. Returns what undoes it. */
export function patchForDrain(target: WorkerMethods, load: WorkerLoad, brake: WorkerBrake): () => void {
  const undo = [
    wrap(target, 'pause', (original) => told(original, brake)),
    wrap(target, 'resume', (original) => told(original, brake)),
  ];
  // A promise more for each job (2 us where one job runs at a time): only where it must be.
  if (!endsWithItsJobs(target)) {
    undo.push(
      wrap(target, 'moveToActive', (original) => counted(original, load, (inHand) => inHand.fetchBegins())),
      wrap(target, 'processJob', (original) => counted(original, load, (inHand) => inHand.processingBegins())),
    );
  }
  return () => {
    for (const restore of undo) restore();
  };
}

/** Both methods give a promise of the next job. On the way of every job: no closure is made for one. */
function counted(original: Method, load: WorkerLoad, begins: (inHand: JobsInHand) => void): Method {
  return function observed(...args) {
    const inHand = load.of(drainable(this));
    begins(inHand);
    let result: unknown;
    try {
      result = original.apply(this, args);
    } catch (error) {
      inHand.failed();
      throw error;
    }
    // Attached before BullMQ's own handlers, so that a job is counted before it begins.
    void Promise.resolve(result).then(inHand.ended, inHand.failed);
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
