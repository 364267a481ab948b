import { ERROR_TYPE_OTHER } from '../../semconv.ts';
import type { BullmqJob, BullmqWorker, JobObserver } from '../bullmq/bullmq-patch.ts';
import { guarded } from '../diagnostics.ts';
import type { Lineage } from '../identity/thread-lineage.ts';
import { senderToMain, takeFromThreads } from '../identity/threads.ts';
import { warnOnce } from '../warn-once.ts';
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

interface ThreadRuns<Run> {
  readonly lineage: Lineage;
  readonly byId: Map<number, Run>;
}

/**
 * The main thread's half: follows the jobs of the threads that it or its threads have started and will start. A job
 * that runs when its thread ends has failed. Jobs of a thread whose end nobody would report are not counted, and that
 * is printed.
 */
export function followThreadJobs<Run>({ begin, end }: ThreadJobsOptions<Run>): void {
  const running = new Map<number, ThreadRuns<Run>>();

  const take = (lineage: Lineage, { job: { id, ...job }, end: ending }: Message) => {
    const threadId = lineage.at(-1) ?? 0;
    const { byId } = running.get(threadId) ?? { byId: new Map<number, Run>() };
    const run = byId.get(id) ?? begin(job);
    if (ending === null) byId.set(id, run);
    else {
      byId.delete(id);
      end(run, ending);
    }
    if (byId.size > 0) running.set(threadId, { lineage, byId });
    else running.delete(threadId);
  };
  const endAll = (ended: number) => {
    for (const [threadId, { lineage, byId }] of running) {
      if (!lineage.includes(ended)) continue;
      running.delete(threadId);
      for (const run of byId.values()) end(run, ENDED_WITH_THREAD);
    }
  };
  takeFromThreads((arrival) => {
    guarded('following the jobs of a thread', () => {
      if ('threadId' in arrival) endAll(arrival.threadId);
      else if ('unfollowed' in arrival) warnOnce(STARTER_NOT_FOLLOWED);
      else take(arrival.lineage, arrival.data as Message);
    });
  });
}

const STARTER_NOT_FOLLOWED =
  'the jobs of a worker thread that another worker thread has started are not measured: that one has to load ' +
  'Tidemark before it starts threads. Start the process with "node --import tidemark/register".';

const ENDED_WITH_THREAD: ThreadJobEnd = { outcome: 'failed', errorType: ERROR_TYPE_OTHER, durationMs: null };
