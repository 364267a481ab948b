import { type BorrowedRedis, borrowRedis } from './bullmq/borrowed-redis.ts';
import type { BullmqWorker, WorkerMethods, WorkerObserver } from './bullmq/bullmq-patch.ts';
import { patchWorker } from './bullmq/bullmq-patch.ts';
import { drainOfProcess } from './drain/drain-of-process.ts';
import type { DrainableWorker } from './drain/drainable-worker.ts';
import type { ProcessDrain } from './drain/worker-drain.ts';
import type { EmbeddedActuator } from './embedded/embedded-actuator.ts';
import { Telemetry } from './export/telemetry.ts';
import { processRole } from './identity/process-role.ts';
import { JobMonitor } from './jobs/job-monitor.ts';
import type { JobOutcome } from './jobs/job-outcome.ts';
import type { JobRun } from './jobs/job-run.ts';
import { MemorySampler } from './jobs/memory-sampler.ts';
import { SandboxChildren } from './jobs/sandbox-children.ts';
import { followThreadJobs } from './jobs/thread-jobs.ts';
import { DynoMemory } from './memory/dyno-memory.ts';
import { findMemoryLimit } from './memory/memory-limit.ts';
import { memoryReader } from './memory/memory-reader.ts';
import { logMemoryTuning, memoryTuning } from './memory/memory-tuning.ts';
import { ownRssReader } from './memory/own-memory.ts';
import { Procfs } from './memory/procfs.ts';
import { Voice } from './voice.ts';

export interface WatchOptions {
  /** Further job names share one name. */
  readonly maxJobNames: number;
  readonly env: Record<string, string | undefined>;
}

/** Connects BullMQ's workers with the measurement and the export. One per process: see `processWatch`. */
export class WorkerInstrumentation implements WorkerObserver {
  readonly telemetry: Telemetry;
  readonly voice = new Voice();
  readonly #monitor: JobMonitor;
  readonly #sampler: MemorySampler;
  readonly #sandboxes: SandboxChildren;
  /** Null if the boot is unknown: no drain can be addressed to it. */
  readonly #drain: ProcessDrain | null;
  readonly #workers = new Set<BullmqWorker>();
  readonly #closing = new Set<BullmqWorker>();
  /** The worker whose job began last: it need not be looked up. */
  #latest: BullmqWorker | null = null;
  readonly #undo: (() => void)[] = [];
  #needsOpenConnection = false;
  #embedded: Pick<EmbeddedActuator, 'start' | 'stop'> | null = null;

  constructor({ maxJobNames, env }: WatchOptions) {
    const readMemory = memoryReader(ownRssReader());
    const nowMs = () => performance.now();
    this.#monitor = new JobMonitor({
      maxJobNames,
      readMemory,
      nowMs,
      // 0.03 us. `eventLoopUtilization` gives the same figure for 0.17 us.
      waitedMs: () => performance.nodeTiming.idleTime,
      onBegin: () => {
        this.telemetry.jobBegins();
        this.#sampler.jobBegins();
      },
      onEnd: (end) => this.telemetry.jobEnds(end),
    });
    this.#sampler = new MemorySampler(() => this.#monitor.sample());
    followThreadJobs({
      begin: (job) => this.#monitor.begin(job),
      end: (run, end) => this.#monitor.endInThread(run, end),
    });
    const procfs = new Procfs();
    this.#sandboxes = new SandboxChildren((pid) => procfs.unsharedMemory(pid)?.residentBytes ?? null);
    this.#drain = drainOfProcess(env, nowMs);
    const knownChildren = () => [...this.#workers].flatMap(sandboxPids);
    const canSend = () => this.telemetry.canSend();
    const limitBytes = findMemoryLimit({ env });
    logMemoryTuning(memoryTuning({ env, procfs }), limitBytes);
    const say = (sentence: string) => this.voice.say(sentence);
    const dynoMemory =
      processRole() === 'sandbox' ? null : new DynoMemory({ procfs, env, knownChildren, canSend, say });
    this.telemetry = new Telemetry({ monitor: this.#monitor, dynoMemory, limitBytes }, this.voice);
  }

  /** Follows the workers of a class (its prototype) or one worker. */
  follow(target: WorkerMethods): void {
    this.#undo.push(patchWorker(target, this));
    if (this.#drain !== null) this.#undo.push(this.#drain.follow(target));
  }

  /** Undoes `follow` and stops measuring. */
  stop(): void {
    this.#drain?.stop();
    this.#embedded?.stop();
    this.#sampler.stop();
    for (const undo of this.#undo.splice(0)) undo();
    this.#monitor.process();
    this.telemetry.release();
  }

  workerRuns(worker: BullmqWorker): void {
    // BullMQ's `run()` does nothing then, and no `close()` would follow.
    if (worker.closing) return;
    this.#workers.add(worker);
    this.#monitor.hasWorker(worker.name);
    this.voice.workerRuns();
    this.#drain?.workerRuns(worker as BullmqWorker & DrainableWorker);
    this.#embedded?.start();
  }

  jobBegins(worker: BullmqWorker, job: { readonly name: string }): JobRun {
    if (worker !== this.#latest) this.#meet(worker);
    return this.#monitor.begin({ queue: worker.name, name: job.name, sandbox: sandboxOf(worker) });
  }

  #meet(worker: BullmqWorker): void {
    this.#latest = worker;
    // It may have begun to run before it was followed.
    if (!this.#workers.has(worker)) this.workerRuns(worker);
  }

  processes<T>(worker: BullmqWorker, { sandbox }: JobRun, work: () => T): T {
    if (sandbox === null || worker.childPool === undefined) return work();
    return this.#sandboxes.within(sandbox, worker.childPool, work);
  }

  jobEnds(run: JobRun, outcome: JobOutcome, errorType: string | null): void {
    const sandboxEnd = run.sandbox === null ? null : this.#sandboxes.end(run.sandbox);
    this.#monitor.end(run, outcome, sandboxEnd, errorType);
  }

  /** Runs with the workers of this process. */
  embed(actuator: Pick<EmbeddedActuator, 'start' | 'stop'>): void {
    this.#embedded = actuator;
    if (this.#workers.size > 0) actuator.start();
  }

  /**
   * From now on the last flush begins while the last worker's connection is still open, because the flush uses that
   * connection.
   */
  flushBeforeClosing(): void {
    this.#needsOpenConnection = true;
  }

  workerClosing(worker: BullmqWorker): void {
    this.#drain?.workerClosing(worker as BullmqWorker & DrainableWorker);
  }

  async workerCloses(worker: BullmqWorker): Promise<void> {
    if (!this.#workers.has(worker)) return;
    this.#closing.add(worker);
    if (this.#needsOpenConnection && this.#closing.size === this.#workers.size) await this.telemetry.flush();
  }

  /** A connection of a worker of this process, preferably of one that is not closing; null if there is none. */
  workerRedis(): BorrowedRedis | null {
    const isClosing = (worker: BullmqWorker) => (worker.closing ? 1 : 0);
    for (const worker of [...this.#workers].sort((a, b) => isClosing(a) - isClosing(b))) {
      const redis = borrowRedis(worker);
      if (redis !== null) return redis;
    }
    return null;
  }

  /** Only the last worker's close waits for the flush. */
  async workerClosed(worker: BullmqWorker): Promise<void> {
    this.#latest = null;
    this.#workers.delete(worker);
    this.#closing.delete(worker);
    this.#drain?.workerClosed(worker as BullmqWorker & DrainableWorker);
    if (this.#workers.size > 0) return;
    this.#embedded?.stop();
    await this.telemetry.flush();
  }
}

const WATCH = Symbol.for('tidemark.watch');

interface WatchHolder {
  [WATCH]?: WorkerInstrumentation;
}

/**
 * The process's instrumentation, created at the first call. It is on `globalThis` because an application may load this
 * package twice (`register` from its dependencies, the API bundled), and jobs and memory must not be counted twice.
 */
export function processWatch(options: WatchOptions): WorkerInstrumentation {
  const holder = globalThis as WatchHolder;
  holder[WATCH] ??= new WorkerInstrumentation(options);
  return holder[WATCH];
}

function sandboxOf(worker: BullmqWorker): 'process' | 'thread' | null {
  if (worker.childPool === undefined) return null;
  return worker.opts?.useWorkerThreads === true ? 'thread' : 'process';
}

function sandboxPids(worker: BullmqWorker): readonly number[] {
  if (sandboxOf(worker) !== 'process') return [];
  const { retained = {}, free = {} } = worker.childPool ?? {};
  const children = [...Object.values(retained), ...Object.values(free).flat()] as { readonly pid?: number }[];
  return children.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
}
