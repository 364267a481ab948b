import type { Attributes } from '@opentelemetry/api';
import {
  ATTR_JOB_NAME,
  ATTR_MESSAGING_SYSTEM,
  ERROR_TYPE_OTHER,
  JOB_NAME_IDLE,
  MESSAGING_SYSTEM_BULLMQ,
} from '../../semconv.ts';
import type { MemoryReading } from '../attribution/memory-reading.ts';
import { ReadingBudget } from '../attribution/reading-budget.ts';
import { RssAttributor } from '../attribution/rss-attributor.ts';
import type { RunningJob } from '../attribution/running-job.ts';
import { reportFault } from '../diagnostics.ts';
import { BoundedNames } from './bounded-names.ts';
import type { JobEnd } from './job-end.ts';
import { JobEventBuffer } from './job-event-buffer.ts';
import type { JobNameStats } from './job-name-stats.ts';
import type { JobOutcome } from './job-outcome.ts';
import { type JobIdentity, JobRun } from './job-run.ts';
import { JobStats, type NetChange } from './job-stats.ts';
import { newSandboxRun, type SandboxEnd } from './sandbox-children.ts';
import type { ThreadJobEnd } from './thread-jobs.ts';

export interface JobMonitorOptions {
  readonly maxJobNames: number;
  readonly readMemory: () => MemoryReading;
  /** Monotonic ms. */
  readonly nowMs: () => number;
  /** How long the event loop has waited for work so far, in ms. It stands still while JavaScript runs. */
  readonly waitedMs: () => number;
  /** Called when a job begins, if none has begun since starts and ends were last processed. */
  readonly onBegin?: () => void;
  /** Called for every job that ended, some jobs later (`process`). */
  readonly onEnd: (end: JobEnd) => void;
}

/** A processor seldom allocates more than some hundred kB in this time. */
const JUST_MS = 0.1;
/** Shorter jobs hardly delay an export, and there may be many of them: `waitedMs` is not read for each. */
const MIN_BLOCK_MS = 1;
/** Classes of errors that keep their name: each may add a histogram per job name. */
const MAX_ERROR_TYPES = 20;

const IDLE_ATTRIBUTES: Attributes = {
  [ATTR_MESSAGING_SYSTEM]: MESSAGING_SYSTEM_BULLMQ,
  [ATTR_JOB_NAME]: JOB_NAME_IDLE,
};

/**
 * Follows the jobs of this process: which run, and what each did to the RSS. It knows neither BullMQ nor a meter. Net
 * change is summed here and taken at each collection, so a job costs an addition instead of a record. The start or end
 * of a job only reads the clock and the memory; everything else is done later, in batches (`process`).
 */
export class JobMonitor {
  readonly #options: JobMonitorOptions;
  readonly #attributor: RssAttributor;
  readonly #stats: JobStats;
  readonly #errorTypes = new BoundedNames(MAX_ERROR_TYPES, ERROR_TYPE_OTHER);
  readonly #budget = new ReadingBudget();
  readonly #events = new JobEventBuffer<JobRun>();
  /** Jobs that run in child processes, oldest first. The attributor knows the others. */
  readonly #inChildren = new Set<JobRun>();
  #hasReportedBegin = false;
  /** Jobs running in this process, including those whose start has not been processed yet. */
  #running = 0;
  #readAtMs = Number.NEGATIVE_INFINITY;
  /** The job of at least `MIN_BLOCK_MS` in this process that ended last, and `waitedMs` at its end. */
  #lastLong: JobRun | null = null;
  #waitedAtEndMs = 0;

  readonly #take = (run: JobRun): void => {
    try {
      this.#processOne(run);
    } catch (error) {
      reportFault('processing what a job did', error);
    }
  };

  constructor(options: JobMonitorOptions) {
    this.#options = options;
    this.#attributor = new RssAttributor(options.readMemory(), options.nowMs());
    this.#stats = new JobStats(options.maxJobNames, () => this.#attributor.addName());
  }

  /** A worker of this queue runs in this process, and may not have a job for hours. */
  hasWorker(queue: string): void {
    this.#stats.hasWorker(queue);
  }

  begin(job: JobIdentity): JobRun {
    if (!this.#hasReportedBegin) {
      this.#hasReportedBegin = true;
      this.#options.onBegin?.();
    }
    const startedAtMs = this.#options.nowMs();
    const sandbox = job.sandbox === null ? null : newSandboxRun();
    if (job.sandbox === 'process') {
      const run = new JobRun(job, sandbox, startedAtMs, null, false);
      // Names get their place under the cap in the order in which they came.
      this.process();
      this.#start(run);
      this.#inChildren.add(run);
      return run;
    }
    const atLastReading = this.#hasJustRead(startedAtMs);
    const reading = atLastReading ? null : this.#readAtStartOrEnd(startedAtMs);
    const run = new JobRun(job, sandbox, startedAtMs, reading, atLastReading);
    this.#running += 1;
    if (this.#events.add(run)) this.process();
    return run;
  }

  /**
   * Ends a run. Call it once for each.
   *
   * @param sandboxEnd what its child did; null for a job that is not sandboxed
   * @param errorType the class of the error that a failed job ended with; null for other outcomes
   */
  end(run: JobRun, outcome: JobOutcome, sandboxEnd: SandboxEnd | null = null, errorType: string | null = null): void {
    run.outcome = outcome;
    if (errorType !== null) run.errorType = this.#errorTypes.of(errorType);
    run.endedAtMs = this.#options.nowMs();
    if (sandboxEnd !== null) run.sandboxExit = sandboxEnd.exit;
    if (run.job.sandbox === 'process') {
      this.#endInChild(run, outcome, sandboxEnd?.netBytes ?? null);
      return;
    }
    run.endReading = this.#readAtStartOrEnd(run.endedAtMs);
    this.#running -= 1;
    // A job of another thread does not block this one's event loop.
    if (run.threadMs === null && run.durationMs >= MIN_BLOCK_MS) {
      this.#lastLong = run;
      this.#waitedAtEndMs = this.#options.waitedMs();
    }
    if (this.#events.add(run)) this.process();
  }

  /** Ends a run of another thread, which `begin` was called for when this thread heard of it. */
  endInThread(run: JobRun, { outcome, errorType, durationMs }: ThreadJobEnd): void {
    run.threadMs = durationMs ?? this.#options.nowMs() - run.startedAtMs;
    this.end(run, outcome, null, errorType);
  }

  /**
   * The job that has just blocked the event loop; null if none has. A timer cannot fire while a job blocks the loop. It
   * fires in the gap behind the job, in which no job runs, so without this a worker that computes all the time would
   * always report 0 running jobs. If the loop has not waited since the job ended, the timer was due before: most
   * likely while that job ran, if it took longer than everything since.
   */
  #blocker(): JobRun | null {
    const run = this.#lastLong;
    if (run === null || this.#options.waitedMs() !== this.#waitedAtEndMs) return null;
    return run.endedAtMs - run.startedAtMs > this.#options.nowMs() - run.endedAtMs ? run : null;
  }

  /**
   * Call it before a collection that no timer begins, such as one that a job's end brings about: no job has delayed it.
   */
  forgetBlocker(): void {
    this.#lastLong = null;
  }

  /** Processes the starts and ends since it was last called, and reports the jobs that ended. Never throws. */
  process(): void {
    this.#hasReportedBegin = false;
    this.#events.drain(this.#take);
  }

  /**
   * Jobs running now, by queue: every queue that has had a worker or a job here. Includes the job that delayed this
   * call, if one did.
   */
  active(): ReadonlyMap<string, number> {
    this.process();
    const active = this.#stats.active();
    const blocker = this.#blocker();
    if (blocker !== null) active.set(blocker.job.queue, (active.get(blocker.job.queue) ?? 0) + 1);
    return active;
  }

  /**
   * How long the oldest running job of all queues has run, in ms; 0 if none runs. Includes the job that delayed this
   * call, if one did.
   */
  oldestAgeMs(): number {
    this.process();
    const [inChild] = this.#inChildren;
    const startMs = Math.min(this.#attributor.oldestStartMs, inChild?.startedAtMs ?? Number.POSITIVE_INFINITY);
    const blocker = this.#blocker();
    const blockedMs = blocker === null ? 0 : blocker.endedAtMs - blocker.startedAtMs;
    return Math.max(0, blockedMs, this.#options.nowMs() - startMs);
  }

  /**
   * Bytes that the running jobs of each queue are estimated to hold, by the effects known since the last
   * `takeNetChanges`. Sandboxed jobs in processes of their own count nothing.
   */
  held(): ReadonlyMap<string, number> {
    return this.#stats.held();
  }

  /** RSS at the newest reading, in bytes: all changes reported so far add up to it. */
  get lastRssBytes(): number {
    return this.#attributor.lastRssBytes;
  }

  /** Reads the memory between starts and ends of jobs, if any runs. Returns whether any does. */
  sample(): boolean {
    // Also if no job runs: the sampler stops then, and relies on `onBegin` for the next job.
    this.process();
    if (this.#running === 0) return false;
    this.#observe();
    this.#attributor.notePeaks();
    return true;
  }

  /**
   * The net change since it was last taken: new changes, and corrections of earlier reports. Once a job of each name
   * has ended, all changes ever taken add up to the process's own: RSS now minus RSS at the start. Those of sandboxed
   * jobs are of their child processes, and in addition.
   */
  takeNetChanges(): readonly NetChange[] {
    const nowMs = this.#observe();
    this.#attributor.split(nowMs);
    const changes = this.#stats.takeNetChanges();
    const idleBytes = this.#attributor.takeIdleBytes();
    if (idleBytes !== 0) changes.push({ attributes: IDLE_ATTRIBUTES, netBytes: idleBytes });
    return changes;
  }

  /** Reads the memory between starts and ends. Returns the time of the reading. */
  #observe(): number {
    this.process();
    const nowMs = this.#options.nowMs();
    this.#attributor.observe(this.#options.readMemory(), nowMs);
    this.#readAtMs = nowMs;
    return nowMs;
  }

  /** Called twice for each run: for its start, and for its end. */
  #processOne(run: JobRun): void {
    if (run.hasStarted) this.#options.onEnd(this.#endHere(run));
    else run.running = this.#runningJobOf(run, this.#start(run));
  }

  #start(run: JobRun): JobNameStats {
    run.hasStarted = true;
    const stats = this.#stats.started(run.job);
    run.stats = stats;
    return stats;
  }

  #runningJobOf({ startsAtLastReading, startReading, startedAtMs }: JobRun, { totals }: JobNameStats): RunningJob {
    if (startsAtLastReading) return this.#attributor.beginAtLastReading(totals, startedAtMs);
    return this.#attributor.begin(totals, startReading, startedAtMs);
  }

  #endHere(run: JobRun): JobEnd {
    const { durationMs, endedAtMs, endReading, sandboxExit, errorType } = run;
    this.#stats.ended(run.job);
    const share = this.#attributor.end(run.running as RunningJob, endReading, endedAtMs);
    const series = (run.stats as JobNameStats).ended(
      run.outcome as JobOutcome,
      share.exclusive ? 'exclusive' : 'shared',
    );
    const { netBytes } = share;
    const growthBytes = Math.max(0, netBytes, share.peakBytes);
    return { series, durationMs, errorType, growthBytes, reclaimedBytes: growthBytes - netBytes, sandboxExit };
  }

  /** @param netBytes the RSS change of its child; null if unknown */
  #endInChild(run: JobRun, outcome: JobOutcome, netBytes: number | null): void {
    this.#inChildren.delete(run);
    this.#stats.ended(run.job);
    const { durationMs, sandboxExit, errorType } = run;
    const series = (run.stats as JobNameStats).ended(outcome, 'sandboxed');
    series.pendingNetBytes += netBytes ?? 0;
    const growthBytes = netBytes === null ? null : Math.max(0, netBytes);
    const reclaimedBytes = netBytes === null ? null : Math.max(0, -netBytes);
    this.#options.onEnd({ series, durationMs, errorType, growthBytes, reclaimedBytes, sandboxExit });
  }

  /**
   * Whether a job that starts now counts as started at the last reading, which saves a reading: when Redis has
   * answered, many jobs start within a tenth of a millisecond. False if no other job runs, because what changed while
   * none ran is no job's.
   */
  #hasJustRead(nowMs: number): boolean {
    return nowMs - this.#readAtMs <= JUST_MS && this.#running > 0;
  }

  #readAtStartOrEnd(nowMs: number): MemoryReading | null {
    if (!this.#budget.take(nowMs)) return null;
    this.#readAtMs = nowMs;
    return this.#options.readMemory();
  }
}
