import { guarded, reportFault } from '../diagnostics.ts';
import { type DrainableWorker, endsWithItsJobs } from './drainable-worker.ts';

/**
 * Stops workers and lets them go on, and knows which ones it stopped: those that the application paused, never started or has closed
 * are left alone, and one that the application pauses or resumes in between is the application's from then on.
 */
export class WorkerBrake {
  readonly #stopped = new Set<DrainableWorker>();
  /** Workers that may still be waiting for a job. */
  readonly #waiting = new Set<DrainableWorker>();
  #acting = false;

  /** From here on the worker takes no job; those that run are not waited for. */
  stop(worker: DrainableWorker): void {
    if (worker.closing || !worker.isRunning() || worker.isPaused()) return;
    this.#stopped.add(worker);
    this.#act(worker, () => worker.pause(true));
    this.#waiting.add(worker);
    void this.#interruptWaiting(worker);
  }

  /** Whether the job that comes next might still go to this worker, although it is paused. */
  mayStillTake(worker: DrainableWorker): boolean {
    return this.#waiting.has(worker) && worker.isRunning();
  }

  /**
   * The loop of a paused worker sits out a rate limit, half a minute by default, before it ends; it may come to it after the pause too, with a job that
   * ends. Redis knows the limit and says it again when the worker goes on.
   */
  endRateLimitWait(worker: DrainableWorker): void {
    if (!endsWithItsJobs(worker) || !worker.isRunning() || !worker.isPaused()) return;
    guarded('ending the wait for a rate limit', () => worker.abortDelayController?.abort());
  }

  releaseAll(): void {
    for (const worker of [...this.#stopped]) {
      this.#stopped.delete(worker);
      if (!worker.closing) this.#act(worker, () => worker.resume());
    }
  }

  forget(worker: DrainableWorker): void {
    this.#stopped.delete(worker);
  }

  /** To be told of every `pause()` and `resume()` of a worker. */
  pausedOrResumed(worker: DrainableWorker): void {
    if (!this.#acting) this.#stopped.delete(worker);
  }

  /** To be told of every `run()`: where `resume()` began it nobody but us can handle its fault, as the constructor of a worker does. */
  runs(worker: DrainableWorker, running: unknown): void {
    if (this.#acting) Promise.resolve(running).catch((error: unknown) => worker.emit?.('error', error));
  }

  /** The worker's methods begin synchronously, so that `#acting` tells our calls from the application's. */
  #act(worker: DrainableWorker, call: () => Promise<void> | void): void {
    const failed = (error: unknown) => {
      this.#stopped.delete(worker);
      reportFault('stopping or resuming a worker', error);
    };
    this.#acting = true;
    try {
      Promise.resolve(call()).catch(failed);
    } catch (error) {
      failed(error);
    } finally {
      this.#acting = false;
    }
  }

  /**
   * A worker without jobs waits in a blocking command of up to `drainDelay`, and takes the job that ends the wait, paused or not. BullMQ's
   * own way out (in `close()` and in the `pause()` that waits) is to cut that connection, which serves nothing else. It is restored at once:
   * old versions never do it themselves for a worker that is resumed.
   */
  async #interruptWaiting(worker: DrainableWorker): Promise<void> {
    try {
      const { connected, disconnect, reconnect } = blockingSide(worker);
      // Cut before it was ever connected, it would stay so.
      await connected;
      if (!worker.closing) await disconnect();
      this.#waiting.delete(worker);
      if (!worker.closing) await reconnect();
    } catch (error) {
      reportFault('interrupting a worker that waits for jobs', error);
    } finally {
      this.#waiting.delete(worker);
    }
  }
}

function blockingSide({ backend, blockingConnection }: DrainableWorker) {
  return {
    connected: backend?.blockingClient ?? blockingConnection?.client,
    disconnect: async () => backend?.disconnectBlocking?.(true) ?? blockingConnection?.disconnect(true),
    reconnect: async () => backend?.reconnectBlocking?.() ?? blockingConnection?.reconnect(),
  };
}
