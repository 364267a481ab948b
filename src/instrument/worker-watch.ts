import type { BullmqWorker, WorkerMethods, WorkerObserver } from './bullmq-patch.ts';
import { patchWorker } from './bullmq-patch.ts';
import { JobMonitor, type JobRun } from './job-monitor.ts';
import type { JobOutcome } from './job-outcome.ts';
import { findMemoryLimit } from './memory-limit.ts';
import { ownRssReader, sparing } from './own-memory.ts';
import { processRole } from './process-role.ts';
import { Procfs } from './procfs.ts';
import { Telemetry } from './telemetry.ts';
import { TreeMemory } from './tree-memory.ts';

/** Of the order of what a no-op job takes; a job that allocates anything of note takes longer. */
const READING_GOOD_FOR_MS = 0.05;

export interface WatchOptions {
  /** Job names beyond this many share one. */
  readonly maxJobNames: number;
  readonly env: Record<string, string | undefined>;
}

/** Binds what BullMQ's workers do to what is measured and to where it goes. One per process: see `processWatch`. */
export class WorkerWatch implements WorkerObserver {
  readonly telemetry: Telemetry;
  readonly #monitor: JobMonitor;
  readonly #workers = new Set<BullmqWorker>();
  readonly #undo: (() => void)[] = [];

  constructor({ maxJobNames, env }: WatchOptions) {
    const readRssBytes = ownRssReader();
    const nowMs = () => performance.now();
    const readBoundary = sparing(readRssBytes, READING_GOOD_FOR_MS, nowMs);
    this.#monitor = new JobMonitor({ maxJobNames, readRssBytes: readBoundary, nowMs });
    const knownChildren = () => [...this.#workers].flatMap(sandboxPids);
    this.telemetry = new Telemetry({
      monitor: this.#monitor,
      readRssBytes,
      tree: processRole() === 'sandbox' ? null : new TreeMemory({ procfs: new Procfs(), env, knownChildren }),
      limitBytes: findMemoryLimit({ env }),
    });
  }

  /** Follows the workers of a class (its prototype) or one worker. */
  follow(target: WorkerMethods): void {
    this.#undo.push(patchWorker(target, this));
  }

  /** Undoes `follow` and stops measuring. */
  stop(): void {
    for (const undo of this.#undo.splice(0)) undo();
    this.telemetry.release();
  }

  workerRuns(worker: BullmqWorker): void {
    this.#workers.add(worker);
  }

  jobBegins(worker: BullmqWorker, job: { readonly name: string }): JobRun {
    this.#workers.add(worker);
    this.telemetry.jobBegins();
    return this.#monitor.begin({ queue: worker.name, name: job.name, sandboxed: hasOwnProcess(worker) });
  }

  jobEnds(run: JobRun, outcome: JobOutcome): void {
    this.telemetry.jobEnds(this.#monitor.end(run, outcome));
  }

  /** Only the last worker's close waits for the flush. */
  async workerClosed(worker: BullmqWorker): Promise<void> {
    this.#workers.delete(worker);
    if (this.#workers.size === 0) await this.telemetry.flush();
  }
}

const WATCH = Symbol.for('tidemark.watch');

interface WatchHolder {
  [WATCH]?: WorkerWatch;
}

/**
 * The process's watch, made at the first call. It hangs on `globalThis` because an application may load this package twice (`register`
 * from its dependencies, the API bundled), and jobs and memory must not be counted twice.
 */
export function processWatch(options: WatchOptions): WorkerWatch {
  const holder = globalThis as WatchHolder;
  holder[WATCH] ??= new WorkerWatch(options);
  return holder[WATCH];
}

/** A sandboxed processor that runs in a thread shares this process's memory, one in a child process does not. */
function hasOwnProcess(worker: BullmqWorker): boolean {
  return worker.childPool !== undefined && worker.opts?.useWorkerThreads !== true;
}

function sandboxPids(worker: BullmqWorker): readonly number[] {
  if (!hasOwnProcess(worker)) return [];
  const { retained = {}, free = {} } = worker.childPool ?? {};
  const children = [...Object.values(retained), ...Object.values(free).flat()] as { readonly pid?: number }[];
  return children.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
}
