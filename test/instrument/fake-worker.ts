import type { WorkerMethods } from '../../src/instrument/bullmq/bullmq-patch.ts';
import type { ProcessDrain } from '../../src/instrument/drain/drain.ts';
import type { DrainableWorker } from '../../src/instrument/drain/drainable-worker.ts';
import { type DrainAnswer, drainAnswersKey, drainKey } from '../../src/semconv.ts';

/** A queue's Redis with the two keys of one boot, behind BullMQ's adapter. Time is that of `Date`, which tests replace. */
export class FakeRedis {
  attemptId: string | null = null;
  /** False: no command is answered. */
  answers = true;
  readonly given = new Map<string, DrainAnswer>();
  readonly #bootId: string;

  constructor(bootId: string) {
    this.#bootId = bootId;
  }

  readonly status = 'ready';
  defineCommand(): void {}

  async runCommand(name: string, [key, ...args]: readonly string[]): Promise<unknown> {
    if (!this.answers) return new Promise(() => {});
    if (name === 'tidemark:look') return [key === drainKey(this.#bootId) ? this.attemptId : null, Date.now()];
    if (name !== 'tidemark:answer' || key !== drainAnswersKey(this.#bootId)) throw new Error(`unexpected ${name}`);
    this.given.set(args[0] ?? '', JSON.parse(args[1] ?? ''));
    return 1;
  }
}

/** Whether it can be told that the loop ends with its jobs: of BullMQ from 5.53.3 on, or of those before. */
export type Loop = 'ends with its jobs' | 'may end before';

/** BullMQ's worker as far as a drain sees it: a loop that ends when it is paused and nothing is left to do. */
export function makeWorkerClass(drain: ProcessDrain, redis: FakeRedis, loop: Loop) {
  class FakeWorker implements DrainableWorker {
    readonly backend = {
      client: Promise.resolve(redis),
      blockingClient: Promise.resolve(),
      /** Replaced by tests that hold it up. */
      disconnectBlocking: async () => {},
      reconnectBlocking: async () => {},
    };
    readonly opts = { connection: { host: 'queue' } };
    abortDelayController: AbortController | null = null;
    closing: Promise<void> | undefined;
    runs = 0;
    resumedAfterClose = false;
    #paused = false;
    #running = false;
    #inHand = 0;

    isRunning(): boolean {
      return this.#running;
    }

    isPaused(): boolean {
      return this.#paused;
    }

    run(): Promise<void> {
      this.runs++;
      this.#running = true;
      drain.workerRuns(this, Promise.resolve());
      this.#endLoop();
      return Promise.resolve();
    }

    async pause(_doNotWait?: boolean): Promise<void> {
      this.#paused = true;
      this.#endLoop();
    }

    async resume(): Promise<void> {
      if (this.closing) this.resumedAfterClose = true;
      this.#paused = false;
      if (!this.#running) void this.run();
    }

    async close(): Promise<void> {
      this.closing = Promise.resolve();
      this.#running = false;
      drain.workerClosed(this);
    }

    /** A fetch that gives `job` when `until` settles. */
    async moveToActive(until: Promise<void>, job?: object): Promise<object | undefined> {
      return this.#hold(until, job);
    }

    /** The processing of a job, with whose end `next` is fetched. */
    async processJob(_job: object, until: Promise<void>, next?: object): Promise<object | undefined> {
      return this.#hold(until, next);
    }

    /** Until it is aborted. */
    async waitForRateLimit(): Promise<void> {
      this.abortDelayController = new AbortController();
      const { signal } = this.abortDelayController;
      await this.#hold(new Promise((resolve) => signal.addEventListener('abort', () => resolve())));
    }

    async #hold(until: Promise<void>, result?: object): Promise<object | undefined> {
      this.#inHand++;
      await until;
      this.#inHand--;
      if (result === undefined) this.#endLoop();
      return result;
    }

    #endLoop(): void {
      if (this.#paused && this.#inHand === 0) this.#running = false;
    }
  }
  if (loop === 'may end before') delete (FakeWorker.prototype as { waitForRateLimit?: unknown }).waitForRateLimit;
  const undo = drain.follow(FakeWorker.prototype as unknown as WorkerMethods);
  return { FakeWorker, undo };
}
