import type { DrainableWorker } from './drainable-worker.ts';

/**
 * How much each worker has in its hands: fetches under way, jobs fetched and not yet begun, and jobs being processed, the write of their
 * result included. The processors that run are not enough to know that a worker is idle: a job's end fetches the next one in the same
 * command.
 */
export class WorkerLoad {
  readonly #inHand = new WeakMap<DrainableWorker, number>();
  /** Jobs that were fetched and are counted, and whose processing has not begun. */
  readonly #fetched = new WeakSet<object>();

  fetchBegins(worker: DrainableWorker): void {
    this.#add(worker, 1);
  }

  processingBegins(worker: DrainableWorker, job: object): void {
    if (!this.#fetched.delete(job)) this.#add(worker, 1);
  }

  /** A fetch or the processing of a job has ended, with the job that comes next or without one. */
  ended(worker: DrainableWorker, nextJob: unknown): void {
    if (typeof nextJob === 'object' && nextJob !== null) this.#fetched.add(nextJob);
    else this.#add(worker, -1);
  }

  /**
   * Whether no job is in hand, nor can come: the worker's loop has ended, or it fetches no more and has nothing left. In early BullMQ 5 the loop
   * of a worker that closes ends before its jobs do.
   */
  isIdle(worker: DrainableWorker): boolean {
    const isEmpty = (this.#inHand.get(worker) ?? 0) === 0;
    return worker.isRunning() ? worker.isPaused() && isEmpty : !worker.closing || isEmpty;
  }

  #add(worker: DrainableWorker, count: number): void {
    this.#inHand.set(worker, (this.#inHand.get(worker) ?? 0) + count);
  }
}
