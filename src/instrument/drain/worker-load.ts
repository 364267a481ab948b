import { type DrainableWorker, endsWithItsJobs } from './drainable-worker.ts';

/** What one worker has in its hands. */
export class JobsInHand {
  /** Fetches under way, jobs fetched and not yet begun, and jobs being processed, the write of their result included. */
  #count = 0;
  /** Of these, jobs that were fetched and have not begun. */
  #fetched = 0;

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  fetchBegins(): void {
    this.#count += 1;
  }

  processingBegins(): void {
    if (this.#fetched > 0) this.#fetched -= 1;
    else this.#count += 1;
  }

  /** A fetch or the processing of a job has ended, with the job that comes next or without one. Bound: it is called as a promise's handler. */
  readonly ended = (nextJob?: unknown): void => {
    if (typeof nextJob === 'object' && nextJob !== null) this.#fetched += 1;
    else this.#count -= 1;
  };

  readonly failed = (): void => this.ended();
}

/**
 * How much each worker has in its hands, counted where its loop does not tell. The processors that run are not enough to know that a worker
 * is idle: a job's end fetches the next one in the same command.
 */
export class WorkerLoad {
  readonly #inHand = new WeakMap<DrainableWorker, JobsInHand>();

  of(worker: DrainableWorker): JobsInHand {
    const known = this.#inHand.get(worker);
    if (known !== undefined) return known;
    const made = new JobsInHand();
    this.#inHand.set(worker, made);
    return made;
  }

  /**
   * Whether no job is in hand, nor can come: the worker's loop has ended, or it fetches no more and has nothing left. In early BullMQ 5 the loop
   * of a worker that closes ends before its jobs do.
   */
  isIdle(worker: DrainableWorker): boolean {
    if (endsWithItsJobs(worker)) return !worker.isRunning();
    const { isEmpty } = this.of(worker);
    return worker.isRunning() ? worker.isPaused() && isEmpty : !worker.closing || isEmpty;
  }
}
