import type { Attributes } from '@opentelemetry/api';
import {
  ATTR_JOB_NAME,
  ATTR_MESSAGING_SYSTEM,
  ERROR_TYPE_OTHER,
  JOB_NAME_IDLE,
  JOB_NAME_OTHER,
  MESSAGING_SYSTEM_BULLMQ,
} from '../../semconv.ts';
import type { JobNameTotals } from '../attribution/job-name-totals.ts';
import type { MemoryReading } from '../attribution/memory-reading.ts';
import { ReadingBudget } from '../attribution/reading-budget.ts';
import { RssAttributor } from '../attribution/rss-attributor.ts';
import type { RunningJob } from '../attribution/running-job.ts';
import { reportFault } from '../diagnostics.ts';
import { BoundedNames } from './bounded-names.ts';
import type { JobEnd } from './job-end.ts';
import { JobEventBuffer } from './job-event-buffer.ts';
import { JobNameStats } from './job-name-stats.ts';
import type { JobOutcome } from './job-outcome.ts';
import { type JobIdentity, JobRun } from './job-run.ts';
import { newSandboxRun, type SandboxEnd } from './sandbox-children.ts';

/** Signed bytes to be added to one series. */
export interface NetChange {
  readonly attributes: Attributes;
  readonly netBytes: number;
}

export interface JobMonitorOptions {
  readonly maxJobNames: number;
  readonly readMemory: () => MemoryReading;
  /** Monotonic ms. */
  readonly nowMs: () => number;
  /** Called when a job begins, if none has begun since starts and ends were last processed. */
  readonly onBegin?: () => void;
  /** Called for every job that ended, some jobs later (`process`). */
  readonly onEnd: (end: JobEnd) => void;
}

/** In which a processor seldom takes more than some hundred kB. */
const JUST_MS = 0.1;
/** Classes of errors that are named: each may cost a histogram per job name. */
const MAX_ERROR_TYPES = 20;

interface QueueJobs {
  active: number;
  readonly statsByName: Map<string, JobNameStats>;
}

const IDLE_ATTRIBUTES: Attributes = {
  [ATTR_MESSAGING_SYSTEM]: MESSAGING_SYSTEM_BULLMQ,
  [ATTR_JOB_NAME]: JOB_NAME_IDLE,
};

/**
 * Follows the jobs of this process: which run, and what each did to the RSS. It knows neither BullMQ nor a meter. Net
 * change is gathered here and taken at collection time, so that a job costs an addition and not one more record. At a
 * start or an end only the clock and the RSS are read, and nothing is looked up; what they come to is worked out in
 * rows.
 */
export class JobMonitor {
  readonly #options: JobMonitorOptions;
  readonly #attributor: RssAttributor;
  readonly #names: BoundedNames;
  readonly #errorTypes = new BoundedNames(MAX_ERROR_TYPES, ERROR_TYPE_OTHER);
  readonly #budget = new ReadingBudget();
  readonly #events = new JobEventBuffer<JobRun>();
  readonly #queues = new Map<string, QueueJobs>();
  /** Jobs that run in child processes, oldest first. The attributor knows the others. */
  readonly #inChildren = new Set<JobRun>();
  #hasReportedBegin = false;
  /** Jobs in this process, also those whose start has not been worked out yet. */
  #running = 0;
  #readAtMs = Number.NEGATIVE_INFINITY;

  readonly #take = (run: JobRun): void => {
    try {
      this.#processOne(run);
    } catch (error) {
      reportFault('working out what a job did', error);
    }
  };

  constructor(options: JobMonitorOptions) {
    this.#options = options;
    this.#attributor = new RssAttributor(options.readMemory(), options.nowMs());
    this.#names = new BoundedNames(options.maxJobNames, JOB_NAME_OTHER);
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
      // Names are known in the order in which they came.
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
   * Once for each run.
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
    if (this.#events.add(run)) this.process();
  }

  /** Processes the starts and ends since it was last called, and reports the jobs that ended. Never throws. */
  process(): void {
    this.#hasReportedBegin = false;
    this.#events.drain(this.#take);
  }

  /** Jobs running now, of every queue that ever ran one. */
  active(): ReadonlyMap<string, number> {
    this.process();
    return new Map([...this.#queues].map(([queue, { active }]) => [queue, active]));
  }

  /** How long the oldest of the jobs running now, of all queues, has run; 0 while none runs. */
  oldestAgeMs(): number {
    this.process();
    const [inChild] = this.#inChildren;
    const startMs = Math.min(this.#attributor.oldestStartMs, inChild?.startedAtMs ?? Number.POSITIVE_INFINITY);
    return Math.max(0, this.#options.nowMs() - startMs);
  }

  /**
   * Bytes that the running jobs of each queue are estimated to hold, by the effects known since the last
   * `takeNetChanges`. Sandboxed jobs in processes of their own count nothing.
   */
  held(): ReadonlyMap<string, number> {
    // Names beyond the cap share their totals: those count once.
    const counted = new Set<JobNameTotals>();
    const heldBytes = new Map<string, number>();
    for (const [queue, { statsByName }] of this.#queues) {
      let bytes = 0;
      for (const { totals } of statsByName.values()) {
        if (!counted.has(totals)) bytes += totals.effect.heldBytes * totals.running;
        counted.add(totals);
      }
      heldBytes.set(queue, Math.round(bytes));
    }
    return heldBytes;
  }

  /** RSS at the newest reading: all changes reported so far add up to it. */
  get lastRssBytes(): number {
    return this.#attributor.lastRssBytes;
  }

  /** Looks at the memory while jobs run, between their starts and ends. Returns whether any runs. */
  sample(): boolean {
    // Also if no job runs: the sampler stops then, and relies on `onBegin` for the next job.
    this.process();
    if (this.#running === 0) return false;
    this.#observe();
    this.#attributor.notePeaks();
    return true;
  }

  /**
   * The net change since it was last taken: what was found out since, and corrections of earlier reports. Once a job of
   * each name has ended, all changes ever taken sum up to the process's own, RSS now less RSS at the start; those of
   * sandboxed jobs are those of their child processes and come on top.
   */
  takeNetChanges(): readonly NetChange[] {
    const nowMs = this.#observe();
    this.#attributor.split(nowMs);
    const changes: NetChange[] = [];
    for (const { statsByName } of this.#queues.values()) {
      for (const stats of statsByName.values()) {
        stats.takeNetChanges(({ attributes }, netBytes) => changes.push({ attributes, netBytes }));
      }
    }
    const idleBytes = this.#attributor.takeIdleBytes();
    if (idleBytes !== 0) changes.push({ attributes: IDLE_ATTRIBUTES, netBytes: idleBytes });
    return changes;
  }

  /** A reading apart from starts and ends. Returns its time. */
  #observe(): number {
    this.process();
    const nowMs = this.#options.nowMs();
    this.#attributor.observe(this.#options.readMemory(), nowMs);
    this.#readAtMs = nowMs;
    return nowMs;
  }

  /** A run comes here twice: with its start, and with its end. */
  #processOne(run: JobRun): void {
    if (run.hasStarted) this.#options.onEnd(this.#endHere(run));
    else run.running = this.#runningJobOf(run, this.#start(run));
  }

  #start(run: JobRun): JobNameStats {
    run.hasStarted = true;
    const ofQueue = this.#queueOf(run.job.queue);
    ofQueue.active += 1;
    const stats = this.#statsOf(run.job, ofQueue);
    run.stats = stats;
    return stats;
  }

  #runningJobOf({ startsAtLastReading, startReading, startedAtMs }: JobRun, { totals }: JobNameStats): RunningJob {
    if (startsAtLastReading) return this.#attributor.beginAtLastReading(totals, startedAtMs);
    return this.#attributor.begin(totals, startReading, startedAtMs);
  }

  #endHere(run: JobRun): JobEnd {
    const { startedAtMs, endedAtMs, endReading, sandboxExit, errorType } = run;
    this.#queueOf(run.job.queue).active -= 1;
    const share = this.#attributor.end(run.running as RunningJob, endReading, endedAtMs);
    const series = (run.stats as JobNameStats).ended(
      run.outcome as JobOutcome,
      share.exclusive ? 'exclusive' : 'shared',
    );
    const { netBytes } = share;
    const growthBytes = Math.max(0, netBytes, share.peakBytes);
    const durationMs = endedAtMs - startedAtMs;
    return { series, durationMs, errorType, growthBytes, reclaimedBytes: growthBytes - netBytes, sandboxExit };
  }

  /** @param netBytes what its child did, null where it is not known */
  #endInChild(run: JobRun, outcome: JobOutcome, netBytes: number | null): void {
    this.#inChildren.delete(run);
    this.#queueOf(run.job.queue).active -= 1;
    const { startedAtMs, endedAtMs, sandboxExit, errorType } = run;
    const durationMs = endedAtMs - startedAtMs;
    const series = (run.stats as JobNameStats).ended(outcome, 'sandboxed');
    series.pendingNetBytes += netBytes ?? 0;
    const growthBytes = netBytes === null ? null : Math.max(0, netBytes);
    const reclaimedBytes = netBytes === null ? null : Math.max(0, -netBytes);
    this.#options.onEnd({ series, durationMs, errorType, growthBytes, reclaimedBytes, sandboxExit });
  }

  /**
   * Whether a job that starts now may be taken to have started when RSS was read last, which spares a reading: jobs
   * start in a row, many in a tenth of a millisecond, when Redis has answered. Not where it would be the only one: what
   * changed while none ran is nobody's.
   */
  #hasJustRead(nowMs: number): boolean {
    return nowMs - this.#readAtMs <= JUST_MS && this.#running > 0;
  }

  #readAtStartOrEnd(nowMs: number): MemoryReading | null {
    if (!this.#budget.take(nowMs)) return null;
    this.#readAtMs = nowMs;
    return this.#options.readMemory();
  }

  #queueOf(queue: string): QueueJobs {
    const known = this.#queues.get(queue);
    if (known !== undefined) return known;
    const made: QueueJobs = { active: 0, statsByName: new Map() };
    this.#queues.set(queue, made);
    return made;
  }

  #statsOf(job: JobIdentity, { statsByName }: QueueJobs): JobNameStats {
    const known = statsByName.get(job.name);
    if (known !== undefined) return known;
    // Of names beyond the cap none is kept, or the map would grow with them.
    const name = this.#names.of(job.name);
    const capped = statsByName.get(name);
    if (capped !== undefined) return capped;
    const made = new JobNameStats({ queue: job.queue, name, totals: this.#attributor.addName() });
    statsByName.set(name, made);
    return made;
  }
}
