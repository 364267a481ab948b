import { ERROR_TYPE_OTHER } from '../../semconv.ts';
import type { BullmqJob, BullmqWorker, JobObserver } from '../bullmq/bullmq-patch.ts';
import { guarded } from '../diagnostics.ts';
import { senderToMain, type ThreadMessage, takeFromThreads } from '../identity/threads.ts';
import type { JobOutcome } from './job-outcome.ts';
import type { JobIdentity } from './job-run.ts';

/** A job of a worker thread. */
interface ThreadJob extends JobIdentity {
  /** Unique in its thread. */
  readonly id: number;
}

export interface ThreadJobEnd {
  readonly outcome: JobOutcome;
  /** The class of the error that a failed job ended with; null for other outcomes. */
  readonly errorType: string | null;
  /** In its thread; null if it ended with its thread. */
  readonly durationMs: number | null;
}

interface Message {
  readonly job: ThreadJob;
  /** Null: it has begun. */
  readonly end: ThreadJobEnd | null;
}

interface RunInThread {
  readonly job: ThreadJob;
  readonly startedAtMs: number;
}

/**
 * The thread's half: reports its jobs to the main thread, which measures the process. Two messages for each job, 3 to
 * 20 us each.
 */
export class ThreadJobReporter implements JobObserver<RunInThread> {
  readonly #send: (message: Message) => void = senderToMain();
  #jobs = 0;

  jobBegins(worker: BullmqWorker, { name }: BullmqJob): RunInThread {
    this.#jobs += 1;
    const isThread = worker.childPool === undefined || worker.opts?.useWorkerThreads === true;
    const job: ThreadJob = { id: this.#jobs, queue: worker.name, name, sandbox: isThread ? null : 'process' };
    this.#send({ job, end: null });
    return { job, startedAtMs: performance.now() };
  }

  processes<T>(_worker: BullmqWorker, _run: RunInThread, work: () => T): T {
    return work();
  }

  jobEnds({ job, startedAtMs }: RunInThread, outcome: JobOutcome, errorType: string | null): void {
    const durationMs = performance.now() - startedAtMs;
    this.#send({ job, end: { outcome, errorType, durationMs } });
  }
}

/** What the main thread does with the jobs of its threads. */
export interface ThreadJobsOptions<Run> {
  readonly begin: (job: JobIdentity) => Run;
  readonly end: (run: Run, end: ThreadJobEnd) => void;
}

/**
 * The main thread's half: follows the jobs of the threads that it has started and will start. A job that runs when its
 * thread ends has failed.
 */
export function followThreadJobs<Run>({ begin, end }: ThreadJobsOptions<Run>): void {
  const running = new Map<number, Map<number, Run>>();

  const take = (threadId: number, { job: { id, ...job }, end: ending }: Message) => {
    const ofThread = running.get(threadId) ?? new Map<number, Run>();
    running.set(threadId, ofThread);
    const run = ofThread.get(id) ?? begin(job);
    if (ending === null) ofThread.set(id, run);
    else {
      ofThread.delete(id);
      end(run, ending);
    }
  };
  const endAll = (threadId: number) => {
    for (const run of running.get(threadId)?.values() ?? []) end(run, ENDED_WITH_THREAD);
    running.delete(threadId);
  };
  takeFromThreads(({ threadId, data }: ThreadMessage) => {
    guarded('following the jobs of a thread', () =>
      data === null ? endAll(threadId) : take(threadId, data as Message),
    );
  });
}

const ENDED_WITH_THREAD: ThreadJobEnd = { outcome: 'failed', errorType: ERROR_TYPE_OTHER, durationMs: null };
