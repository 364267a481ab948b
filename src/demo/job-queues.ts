import { setTimeout as sleep } from 'node:timers/promises';
import type { Queue, QueueEvents } from 'bullmq';
import { BadInputError } from '../model/errors.ts';
import type { JobData, JobResult } from './jobs/job.ts';
import type { PlannedJob } from './jobs/supply.ts';
import type { JobTally } from './jobs/tally.ts';

/** If Redis is killed during the call, it is back within a second or two. */
const ADD_TRIES = 10;
const ADD_PAUSE_MS = 500;
const CLOSE_DEADLINE_MS = 2_000;

type JobQueue = Queue<JobData, JobResult>;

/** Jobs of all queues together, as BullMQ counts them. */
export interface QueueCounts {
  readonly completed: number;
  readonly failed: number;
  readonly open: number;
}

/** The queues of the demo, one for each process type and each bloating dyno, and what becomes of their jobs. */
export class JobQueues {
  readonly #queues: ReadonlyMap<string, JobQueue>;
  readonly #events: readonly QueueEvents<JobResult>[];
  readonly #tally: JobTally;

  /**
   * Loads BullMQ, which is the application's and no dependency of this package. Throws a message that says how to
   * install it.
   */
  static async open(names: readonly string[], options: { url: string; prefix: string; tally: JobTally }) {
    const { Queue, QueueEvents } = await loadBullmq();
    const { url, prefix, tally } = options;
    const connection = { url, maxRetriesPerRequest: null };
    const queues = names.map((name) => new Queue<JobData, JobResult>(name, { connection, prefix }));
    // '0' reads from the first event on, also after Redis was away.
    const events = names.map((name) => new QueueEvents<JobResult>(name, { connection, prefix, lastEventId: '0' }));
    return new JobQueues(queues, events, tally);
  }

  private constructor(queues: readonly JobQueue[], events: readonly QueueEvents<JobResult>[], tally: JobTally) {
    this.#queues = new Map(queues.map((queue) => [queue.name, queue]));
    this.#events = events;
    this.#tally = tally;
    // Redis may be killed; queues reconnect by themselves.
    for (const queue of queues) queue.on('error', () => {});
    for (const source of events) this.#follow(source);
  }

  /** Job ids are the plan's, so that adding them again after a lost answer changes nothing. */
  async add(queueName: string, jobs: readonly PlannedJob[]): Promise<void> {
    const queue = this.#queues.get(queueName);
    if (queue === undefined) throw new Error(`there is no queue "${queueName}"`);
    for (const job of jobs) this.#tally.added(`${queueName}/${job.id}`);
    const bulk = jobs.map(({ id, name, data, delayMs }) => ({ name, data, opts: { jobId: id, delay: delayMs } }));
    for (let tries = 1; ; tries++) {
      try {
        await queue.addBulk(bulk);
        return;
      } catch (error) {
        if (tries === ADD_TRIES) throw error;
        await sleep(ADD_PAUSE_MS);
      }
    }
  }

  async counts(): Promise<QueueCounts> {
    const all = await Promise.all([...this.#queues.values()].map((queue) => queue.getJobCounts()));
    const sum = (...states: string[]) =>
      all.reduce((total, counts) => total + states.reduce((part, state) => part + (counts[state] ?? 0), 0), 0);
    return {
      completed: sum('completed'),
      failed: sum('failed'),
      open: sum('active', 'waiting', 'delayed', 'prioritized', 'paused', 'waiting-children'),
    };
  }

  /** Waits at most `CLOSE_DEADLINE_MS`: Redis may be gone. */
  async close(): Promise<void> {
    const parts = [...this.#queues.values(), ...this.#events];
    await Promise.race([
      Promise.allSettled(parts.map((part) => part.close())),
      sleep(CLOSE_DEADLINE_MS, undefined, { ref: false }),
    ]);
    await Promise.allSettled(parts.map((part) => part.disconnect()));
  }

  #follow(source: QueueEvents<JobResult>): void {
    const idOf = ({ jobId }: { readonly jobId: string }) => `${source.name}/${jobId}`;
    source.on('error', () => {});
    source.on('completed', (event) => this.#tally.completed(idOf(event), event.returnvalue));
    source.on('failed', (event) => this.#tally.failed(idOf(event), event.failedReason));
    source.on('stalled', () => this.#tally.rescued());
  }
}

/** Throws an error that says what to do if it is not installed. */
export async function loadBullmq(): Promise<typeof import('bullmq')> {
  try {
    return await import('bullmq');
  } catch (error) {
    throw new BadInputError('The demo runs BullMQ workers, and bullmq is not installed: npm install bullmq', {
      cause: error,
    });
  }
}
