import type { Attributes } from '@opentelemetry/api';
import {
  ATTR_ATTRIBUTION,
  ATTR_JOB_NAME,
  ATTR_JOB_OUTCOME,
  ATTR_MESSAGING_DESTINATION_NAME,
  ATTR_MESSAGING_SYSTEM,
  JOB_NAME_IDLE,
  MESSAGING_SYSTEM_BULLMQ,
} from '../semconv.ts';
import { AttributionLedger, type JobTicket } from './attribution.ts';
import { JobNames } from './job-names.ts';
import type { JobOutcome } from './job-outcome.ts';
import { type ExitReason, newSandboxRun, type SandboxEnd, type SandboxRun } from './sandbox-children.ts';

export type Attribution = 'exclusive' | 'shared' | 'sandboxed';

export interface JobIdentity {
  readonly queue: string;
  readonly name: string;
  /** In a child process this process's memory does not tell of it; a thread shares it. Null: no sandboxed processor. */
  readonly sandbox: 'process' | 'thread' | null;
}

/** A job that runs now. Opaque to the caller. */
export interface JobRun {
  readonly queue: string;
  readonly name: string;
  readonly startedAtMs: number;
  /** Null for a job in a child process. */
  readonly ticket: JobTicket | null;
  /** Null for a job that is not sandboxed. */
  readonly sandbox: SandboxRun | null;
}

/** What is known when a job has ended. */
export interface JobEnd {
  readonly attributes: Attributes;
  readonly durationMs: number;
  /** RSS change that fell to the job; null where it is not known. */
  readonly netBytes: number | null;
  /** Why the job's child process or thread ended under it; null where none did. */
  readonly sandboxExit: ExitReason | null;
}

/** Signed bytes to be added to one series. */
export interface NetChange {
  readonly attributes: Attributes;
  readonly netBytes: number;
}

export interface JobMonitorOptions {
  readonly maxJobNames: number;
  readonly readRssBytes: () => number;
  /** Monotonic ms. */
  readonly nowMs: () => number;
}

const IDLE_ATTRIBUTES: Attributes = {
  [ATTR_MESSAGING_SYSTEM]: MESSAGING_SYSTEM_BULLMQ,
  [ATTR_JOB_NAME]: JOB_NAME_IDLE,
};

interface Series {
  readonly attributes: Attributes;
  pendingNetBytes: number;
}

/**
 * Follows the jobs of this process: which run, and what each did to the RSS. It knows neither BullMQ nor a meter. Net change is
 * gathered here and taken at collection time, so that a job costs an addition and not one more record.
 */
export class JobMonitor {
  readonly #options: JobMonitorOptions;
  readonly #ledger: AttributionLedger;
  readonly #names: JobNames;
  readonly #activeByQueue = new Map<string, number>();
  readonly #series = new Map<string, Series>();

  constructor(options: JobMonitorOptions) {
    this.#options = options;
    this.#ledger = new AttributionLedger(options.readRssBytes());
    this.#names = new JobNames(options.maxJobNames);
  }

  begin(job: JobIdentity): JobRun {
    const { queue } = job;
    this.#activeByQueue.set(queue, (this.#activeByQueue.get(queue) ?? 0) + 1);
    return {
      queue,
      name: this.#names.of(job.name),
      startedAtMs: this.#options.nowMs(),
      ticket: job.sandbox === 'process' ? null : this.#ledger.begin(this.#options.readRssBytes()),
      sandbox: job.sandbox === null ? null : newSandboxRun(),
    };
  }

  /** @param sandboxEnd what its child did; null for a job that is not sandboxed */
  end(run: JobRun, outcome: JobOutcome, sandboxEnd: SandboxEnd | null = null): JobEnd {
    this.#activeByQueue.set(run.queue, (this.#activeByQueue.get(run.queue) ?? 1) - 1);
    const durationMs = this.#options.nowMs() - run.startedAtMs;
    const sandboxExit = sandboxEnd?.exit ?? null;
    if (run.ticket === null) {
      const series = this.#seriesOf(run, outcome, 'sandboxed');
      const netBytes = sandboxEnd?.netBytes ?? null;
      series.pendingNetBytes += netBytes ?? 0;
      return { attributes: series.attributes, durationMs, netBytes, sandboxExit };
    }
    const { netBytes, exclusive } = this.#ledger.end(run.ticket, this.#options.readRssBytes());
    const series = this.#seriesOf(run, outcome, exclusive ? 'exclusive' : 'shared');
    series.pendingNetBytes += netBytes;
    return { attributes: series.attributes, durationMs, netBytes, sandboxExit };
  }

  /** Jobs running now, of every queue that ever ran one. */
  active(): ReadonlyMap<string, number> {
    return this.#activeByQueue;
  }

  /**
   * The net change since it was last taken. Together with the shares of the jobs still running, all changes ever taken sum up to the
   * process's own, RSS now less RSS at the start; those of sandboxed jobs are their children's, and beside it.
   */
  takeNetChanges(): readonly NetChange[] {
    this.#ledger.observe(this.#options.readRssBytes());
    const changes: NetChange[] = [];
    for (const series of this.#series.values()) {
      if (series.pendingNetBytes !== 0)
        changes.push({ attributes: series.attributes, netBytes: series.pendingNetBytes });
      series.pendingNetBytes = 0;
    }
    const idleBytes = this.#ledger.takeIdleBytes();
    if (idleBytes !== 0) changes.push({ attributes: IDLE_ATTRIBUTES, netBytes: idleBytes });
    return changes;
  }

  #seriesOf(run: JobRun, outcome: JobOutcome, attribution: Attribution): Series {
    const key = `${outcome} ${attribution} ${run.name.length} ${run.name}${run.queue}`;
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const series = {
      attributes: {
        [ATTR_MESSAGING_SYSTEM]: MESSAGING_SYSTEM_BULLMQ,
        [ATTR_MESSAGING_DESTINATION_NAME]: run.queue,
        [ATTR_JOB_NAME]: run.name,
        [ATTR_JOB_OUTCOME]: outcome,
        [ATTR_ATTRIBUTION]: attribution,
      },
      pendingNetBytes: 0,
    };
    this.#series.set(key, series);
    return series;
  }
}
