import { guarded, reportFault } from '../diagnostics.ts';
import { canBeHeld, type DrainableWorker } from './drainable-worker.ts';

/** How soon a parked fetch makes way for a job that was fetched before. */
const FETCHED_JOB_FIRST_MS = 5;

/**
 * One worker in the eyes of a drain: what it has in its hands, and whether it may take more. A held worker is not paused: its loop runs on
 * and asks for its next job, and that question alone has to wait. So BullMQ drops no fetched job, what the application means by `pause()`,
 * `resume()`, `run()` and `close()` stays, and to let the worker go on is to answer the question.
 */
export class HeldWorker {
  readonly #worker: DrainableWorker;
  #isHeld = false;
  /** Fetches on their way to Redis, or waiting there in a blocking command. */
  #fetching = 0;
  /** Jobs that were fetched and have not begun. */
  #fetched = 0;
  /** Jobs being processed, the write of their result included. */
  #processing = 0;
  /** Jobs that the application fetched itself (`getNextJob`) and has not yet moved on. */
  readonly #handedOut = new Set<string>();
  /** Fetches that wait for the hold's end; called with whether it has come. */
  readonly #parked = new Set<(mayFetch: boolean) => void>();
  #interrupting = false;

  constructor(worker: DrainableWorker) {
    this.#worker = worker;
  }

  /** Whether its next fetch must wait. One that is paused or closes gets its answer from BullMQ itself: no job. */
  get mustWait(): boolean {
    return this.#isHeld && !this.#worker.closing && !this.#worker.isPaused();
  }

  /** Whether the end of a job may fetch the next one in the same command. */
  get mayFetchWithResult(): boolean {
    return !this.#isHeld;
  }

  /** Whether a fetch that no loop and no `getNextJob` began must be refused: BullMQ 5.70, for one, fetches whenever a job puts itself off. */
  get refusesFetch(): boolean {
    return this.#isHeld && this.#fetching === 0;
  }

  /** From here on it takes no job; those in its hands are finished. */
  hold(): void {
    this.#isHeld = true;
    this.interrupt();
  }

  /** Lets it take jobs again. */
  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#wake(true);
  }

  /** To be told when BullMQ answers the parked fetches itself: the worker was paused by the application, or closes. */
  stopsByItself(): void {
    this.#wake(false);
  }

  /** A new loop begins. What the last one had fetched and left behind (BullMQ before 5.57, when it is paused) is nobody's any more. */
  loopBegins(): void {
    this.#fetched = 0;
  }

  /**
   * Waits until the hold ends (true: fetch now), or until the worker has something else to see to (false: no job this time): a job of its own that
   * has ended, whose successor may be in its hands, a pause, its close, or `limitMs`.
   */
  park(limitMs?: number): Promise<boolean> {
    // The loop would not begin the job that it has fetched before this fetch is answered. Not at once: a job counted that the loop does
    // not have would make it ask again and again in one turn of the event loop.
    const waitMs = this.#fetched > 0 ? FETCHED_JOB_FIRST_MS : limitMs;
    return new Promise((resolve) => {
      const timer = waitMs === undefined ? undefined : setTimeout(() => settle(false), waitMs).unref();
      const settle = (mayFetch: boolean) => {
        clearTimeout(timer);
        this.#parked.delete(settle);
        resolve(mayFetch);
      };
      this.#parked.add(settle);
    });
  }

  fetchBegins(): void {
    this.#fetching += 1;
  }

  /** Bound, as are those that follow: they are called as handlers of promises, on the way of every job. */
  readonly fetchEnded = (job?: unknown): void => {
    this.#fetching -= 1;
    if (isJob(job)) this.#fetched += 1;
  };

  readonly fetchFailed = (): void => this.fetchEnded();

  /** A fetched job begins, or goes to the application. */
  fetchedJobLeaves(): void {
    if (this.#fetched > 0) this.#fetched -= 1;
  }

  processingBegins(): void {
    this.fetchedJobLeaves();
    this.#processing += 1;
  }

  readonly processingEnded = (nextJob?: unknown): void => {
    this.#processing -= 1;
    if (isJob(nextJob)) this.#fetched += 1;
    if (this.#parked.size > 0) this.#wake(false);
  };

  readonly processingFailed = (): void => this.processingEnded();

  /** The application got a job, by a name of its own, and is to finish it: from `getNextJob`, or with the result of another. */
  jobHandedOut(name: string): void {
    this.#handedOut.add(name);
  }

  handedOutJobEnded(name: string): void {
    this.#handedOut.delete(name);
  }

  /** Whether no job is in its hands, nor can come. */
  isIdle(): boolean {
    const worker = this.#worker;
    const mayTakeMore = !this.#isHeld && !worker.closing && worker.isRunning() && !worker.isPaused();
    if (!canBeHeld(worker)) return !worker.isRunning();
    if (mayTakeMore || this.#processing > 0 || this.#handedOut.size > 0) return false;
    // Where the loop has ended nobody will begin them.
    if (this.#fetched > 0 && worker.isRunning()) return false;
    // Before BullMQ 5.40 a fetch waits for the end of the application's pause, outside Redis.
    return this.#fetching === 0 || (worker.isPaused() && !worker.waiting);
  }

  /**
   * Ends a fetch that waits, to be called until none does. A worker without jobs sits in a blocking command of up to `drainDelay`, and takes the job
   * that ends the wait; or it sits out a rate limit, which Redis knows and says again.
   */
  interrupt(): void {
    if (this.#fetching === 0) return;
    if (this.#worker.waiting) void this.#cutBlockingConnection();
    else guarded('ending the wait for a rate limit', () => this.#worker.abortDelayController?.abort());
  }

  #wake(mayFetch: boolean): void {
    for (const settle of [...this.#parked]) settle(mayFetch);
  }

  /**
   * BullMQ's own way out of the blocking command (in `close()` and `pause()`): that connection serves nothing else. It is restored at once, for
   * BullMQ 5 never does it itself.
   */
  async #cutBlockingConnection(): Promise<void> {
    if (this.#interrupting) return;
    this.#interrupting = true;
    const worker = this.#worker;
    try {
      const { connected, disconnect, reconnect } = blockingSide(worker);
      // Cut before it was ever connected, it would stay so.
      await connected;
      if (!worker.closing && worker.waiting) {
        await disconnect();
        if (!worker.closing) await reconnect();
      }
    } catch (error) {
      reportFault('interrupting a worker that waits for jobs', error);
    } finally {
      this.#interrupting = false;
    }
  }
}

function isJob(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function blockingSide({ backend, blockingConnection }: DrainableWorker) {
  return {
    connected: backend?.blockingClient ?? blockingConnection?.client,
    disconnect: async () => backend?.disconnectBlocking?.(true) ?? blockingConnection?.disconnect(true),
    reconnect: async () => backend?.reconnectBlocking?.() ?? blockingConnection?.reconnect(),
  };
}
