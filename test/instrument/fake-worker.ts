import type { WorkerMethods } from '../../src/instrument/bullmq/bullmq-patch.ts';
import type { DrainableWorker } from '../../src/instrument/drain/drainable-worker.ts';
import type { ProcessDrain } from '../../src/instrument/drain/worker-drain.ts';
import { type DrainAnswer, drainKeyNames } from '../../src/shared/drain-messages.ts';

const BOOT = { app: 'shop', bootId: 'boot-1' };

export function keysOf(boot = BOOT) {
  const keys = drainKeyNames(boot);
  if (keys === null) throw new Error('a boot without keys');
  return keys;
}

/**
 * A queue's Redis with the keys of one boot's drain, behind BullMQ's adapter. Time is that of `Date`, which tests
 * replace.
 */
export class FakeRedis {
  /** The value of the question's key. */
  attemptId: string | null = null;
  /** Of the question's key; -1: it does not expire. */
  ttlMs = 10_000;
  /** False: no command is answered. */
  answers = true;
  /** What every command is refused with. */
  refusal: Error | null = null;
  looks = 0;
  /** Ids of the jobs that are active; null: all are. */
  active: Set<string> | null = null;
  readonly given = new Map<string, DrainAnswer>();
  /** Names of the scripts that wrote, in order. */
  readonly writes: string[] = [];
  readonly #keys = keysOf();

  readonly status = 'ready';
  defineCommand(): void {}

  async runCommand(name: string, [key, ...args]: readonly string[]): Promise<unknown> {
    if (!this.answers) return new Promise(() => {});
    if (this.refusal !== null) throw this.refusal;
    if (name === 'tidemark:look' && key === this.#keys.question) {
      this.looks++;
      return [this.attemptId, this.attemptId === null ? -2 : this.ttlMs, Date.now()];
    }
    if (name === 'tidemark:not-active') {
      const active = this.active ?? new Set(args);
      return [args.filter((id) => !active.has(id)), [...active].filter((id) => !args.includes(id)).length];
    }
    this.writes.push(name);
    if (name === 'tidemark:report') return 1;
    if (name !== 'tidemark:answer' || (key !== this.#keys.answers && key !== this.#keys.formerAnswers)) {
      throw new Error(`unexpected ${name} ${key}`);
    }
    this.given.set(args[0] ?? '', JSON.parse(args[1] ?? ''));
    return 1;
  }
}

export interface FakeJob {
  readonly name: string;
  /** Its processor ends with this. */
  readonly until?: Promise<unknown>;
}

/** BullMQ's worker as far as a drain sees it: one job at a time, each of which fetches the next one with its result. */
export function makeWorkerClass(drain: ProcessDrain, redis: FakeRedis) {
  class FakeWorker implements DrainableWorker {
    readonly backend = {
      client: Promise.resolve(redis),
      blockingClient: Promise.resolve(),
      /** Replaced by tests that hold it up. */
      disconnectBlocking: async () => this.#endWait(),
      reconnectBlocking: async () => {},
    };
    readonly opts = { connection: { host: 'queue' } };
    abortDelayController: AbortController | null = null;
    waiting: Promise<void> | null = null;
    closing: Promise<void> | undefined;
    runs = 0;
    readonly queue: FakeJob[] = [];
    readonly begun: string[] = [];
    /** A fetch takes as long as this. */
    fetchDelay: Promise<void> = Promise.resolve();
    #endWait = () => {};
    #paused = false;
    #loop: Promise<void> | null = null;

    /** A job comes in; a worker that waits gets it. */
    add(name: string, until?: Promise<unknown>): void {
      this.queue.push({ name, ...(until === undefined ? {} : { until }) });
      this.#endWait();
    }

    isRunning(): boolean {
      return this.#loop !== null;
    }

    isPaused(): boolean {
      return this.#paused;
    }

    run(): Promise<void> {
      this.runs++;
      this.#loop = this.#mainLoop();
      drain.workerRuns(this);
      return this.#loop;
    }

    /** Resolves when nothing runs any more. */
    async pause(): Promise<void> {
      this.#paused = true;
      this.#endWait();
      await this.#loop;
    }

    async resume(): Promise<void> {
      this.#paused = false;
      if (!this.isRunning()) void this.run();
    }

    close(): Promise<void> {
      this.closing ??= (async () => {
        this.#endWait();
        await this.#loop;
        drain.workerClosed(this);
      })();
      drain.workerClosing(this);
      return this.closing;
    }

    async _getNextJob(_token: string, { block }: { block: boolean }): Promise<FakeJob | undefined> {
      if (this.#paused || this.closing) return undefined;
      if (block && this.queue.length === 0) {
        this.waiting = new Promise((resolve) => {
          this.#endWait = resolve;
        });
        await this.waiting;
        this.waiting = null;
      }
      return this.moveToActive();
    }

    async getNextJob(token: string, options = { block: true }): Promise<FakeJob | undefined> {
      return this._getNextJob(token, options);
    }

    async moveToActive(): Promise<FakeJob | undefined> {
      const job = this.queue.shift();
      await this.fetchDelay;
      return job;
    }

    async processJob(job: FakeJob, _token: string, mayFetch: () => boolean): Promise<FakeJob | undefined> {
      this.begun.push(job.name);
      await job.until;
      return mayFetch() ? this.moveToActive() : undefined;
    }

    async #mainLoop(): Promise<void> {
      await Promise.resolve();
      while (!this.#paused && !this.closing) {
        let job = await this._getNextJob('token', { block: true });
        while (job !== undefined) job = await this.processJob(job, 'token', () => !this.#paused && !this.closing);
      }
      this.#loop = null;
    }
  }
  const undo = drain.follow(FakeWorker.prototype as unknown as WorkerMethods);
  return { FakeWorker, undo };
}
