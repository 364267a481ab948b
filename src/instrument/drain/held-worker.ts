import { guarded, reportFault } from '../diagnostics.ts';
import { canBeHeld, type DrainableWorker } from './drainable-worker.ts';

/** How long a parked fetch delays what waits for its answer: a job that was fetched before it, or the application. */
const AWAITED_PARK_MS = 5;

/**
 * One worker as the drain sees it: the jobs it has, and whether it may take more. A held worker is not paused: its loop
 * runs on and asks for its next job, and only that fetch has to wait. So BullMQ drops no fetched job, and the
 * application's own `pause()`, `resume()`, `run()` and `close()` keep their meaning. Releasing the worker lets the
 * fetch through.
 */
export class HeldWorker {
  readonly #worker: DrainableWorker;
  #isHeld = false;
  /** Fetches on their way to Redis, or waiting there in a blocking command. */
  #fetching = 0;
  /** Those of them that the application began itself. */
  #fetchingByHand = 0;
  /** Jobs that were fetched and have not begun. */
  #fetched = 0;
  /** Jobs being processed, including the write of their result. */
  #processing = 0;
  /** Jobs that the application fetched itself (`getNextJob`) and has not finished or moved yet. */
  readonly #handedOut = new Set<string>();
  /** Fetches that wait for the end of the hold. Each is called with whether the hold has ended. */
  readonly #parked = new Set<(mayFetch: boolean) => void>();
  #interrupting = false;

  constructor(worker: DrainableWorker) {
    this.#worker = worker;
  }

  /** Whether the worker's next fetch must wait. A worker that is paused or closing gets no job from BullMQ anyway. */
  get mustWait(): boolean {
    return this.#isHeld && !this.#worker.closing && !this.#worker.isPaused();
  }

  /** Whether the end of a job may fetch the next one in the same command. */
  get mayFetchWithResult(): boolean {
    return !this.#isHeld;
  }

  /**
   * Whether to refuse a fetch that neither the loop nor `getNextJob` began: BullMQ 5.70, for example, fetches whenever
   * a job delays itself.
   */
  get refusesFetch(): boolean {
    return this.#isHeld && this.#fetching === 0;
  }

  /** From now on the worker takes no job, and finishes the jobs it has. */
  hold(): void {
    this.#isHeld = true;
    this.interrupt();
  }

  /** Lets the worker take jobs again. */
  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#wake(true);
  }

  /**
   * Call it when BullMQ answers the parked fetches itself: the application paused the worker, or the worker is closing.
   */
  stopsByItself(): void {
    this.#wake(false);
  }

  /** A new loop begins. Before BullMQ 5.57, a paused loop drops the jobs it had fetched, so they no longer count. */
  loopBegins(): void {
    this.#fetched = 0;
  }

  /**
   * Waits until the hold ends (true: fetch now), or until the worker has something else to do (false: no job this
   * time): one of its jobs has ended and may have brought the next one, it was paused or closed, or `limitMs` has
   * passed. It does not wait long if the application fetches by hand, or `isIdle` would be false for the whole hold.
   */
  park(limitMs?: number): Promise<boolean> {
    // The loop begins the job that it has fetched only once this fetch is answered. The answer is delayed: if a counted
    // job is not in the loop, an immediate answer would make the loop ask again and again in one turn of the event
    // loop.
    const waitMs = this.#fetched > 0 || this.#fetchingByHand > 0 ? AWAITED_PARK_MS : limitMs;
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

  fetchByHandBegins(): void {
    this.#fetchingByHand += 1;
    this.#fetching += 1;
  }

  fetchByHandEnded(): void {
    this.#fetchingByHand -= 1;
    this.#fetching -= 1;
  }

  /** Bound, like those that follow: they are called as handlers of promises for every job. */
  readonly fetchEnded = (job?: unknown): void => {
    this.#fetching -= 1;
    if (isJob(job)) this.#fetched += 1;
  };

  readonly fetchFailed = (): void => this.fetchEnded();

  /** A fetched job begins, or is passed to the application. */
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

  /**
   * The application got a job, which it must finish under this name: from `getNextJob`, or with the result of another
   * job.
   */
  jobHandedOut(name: string): void {
    this.#handedOut.add(name);
  }

  handedOutJobEnded(name: string): void {
    this.#handedOut.delete(name);
  }

  /** Whether the worker has no job and cannot get one. */
  isIdle(): boolean {
    const worker = this.#worker;
    const mayTakeMore = !this.#isHeld && !worker.closing && worker.isRunning() && !worker.isPaused();
    if (!canBeHeld(worker)) return !worker.isRunning();
    if (mayTakeMore || this.#processing > 0 || this.#handedOut.size > 0) return false;
    // If the loop has ended, nobody will begin them.
    if (this.#fetched > 0 && worker.isRunning()) return false;
    // Before BullMQ 5.40, a fetch waits for the end of the application's pause, outside Redis.
    return this.#fetching === 0 || (worker.isPaused() && !worker.waiting);
  }

  /**
   * Ends a fetch that waits. Call it until no fetch waits. A worker without jobs waits in a blocking command of up to
   * `drainDelay` and takes the job that ends the wait; or it waits for a rate limit, which Redis reports again at the
   * next fetch.
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
   * BullMQ's own way to leave the blocking command (in `close()` and `pause()`): that connection serves nothing else.
   * It is restored at once, because BullMQ 5 does not do so itself.
   */
  async #cutBlockingConnection(): Promise<void> {
    if (this.#interrupting) return;
    this.#interrupting = true;
    const worker = this.#worker;
    try {
      const { connected, disconnect, reconnect } = blockingSide(worker);
      // A connection that is cut before it was ever connected would stay disconnected.
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
