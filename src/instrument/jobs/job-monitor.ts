import type { Attributes } from '@opentelemetry/api';
import { ATTR_JOB_NAME, ATTR_MESSAGING_SYSTEM, JOB_NAME_IDLE, MESSAGING_SYSTEM_BULLMQ } from '../../semconv.ts';
import type { JobTicket } from '../attribution/job-ticket.ts';
import { AttributionLedger } from '../attribution/ledger.ts';
import type { NameAccount } from '../attribution/name-account.ts';
import { ReadingBudget } from '../attribution/reading-budget.ts';
import { JobNames } from './job-names.ts';
import type { JobOutcome } from './job-outcome.ts';
import { JobKind, type JobSeries } from './job-series.ts';
import { type ExitReason, newSandboxRun, type SandboxEnd, type SandboxRun } from './sandbox-children.ts';

export interface JobIdentity {
  readonly queue: string;
  readonly name: string;
  /** In a child process this process's memory does not tell of it; a thread shares it. Null: no sandboxed processor. */
  readonly sandbox: 'process' | 'thread' | null;
}

/** A job that runs now. Opaque to the caller. */
export interface JobRun {
  readonly kind: JobKind;
  readonly ofQueue: QueueJobs;
  readonly startedAtMs: number;
  /** Null for a job in a child process. */
  readonly ticket: JobTicket | null;
  /** Null for a job that is not sandboxed. */
  readonly sandbox: SandboxRun | null;
}

/** What is known when a job has ended. */
export interface JobEnd {
  readonly series: JobSeries;
  readonly durationMs: number;
  /** How far its share of the RSS change rose over where it started, at its highest; null where it is not known. */
  readonly growthBytes: number | null;
  /** What of that it had given back by its end. */
  readonly reclaimedBytes: number | null;
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

interface QueueJobs {
  active: number;
  readonly kinds: Map<string, JobKind>;
}

const IDLE_ATTRIBUTES: Attributes = {
  [ATTR_MESSAGING_SYSTEM]: MESSAGING_SYSTEM_BULLMQ,
  [ATTR_JOB_NAME]: JOB_NAME_IDLE,
};

/**
 * Follows the jobs of this process: which run, and what each did to the RSS. It knows neither BullMQ nor a meter. Net change is
 * gathered here and taken at collection time, so that a job costs an addition and not one more record.
 */
export class JobMonitor {
  readonly #options: JobMonitorOptions;
  readonly #ledger: AttributionLedger;
  readonly #names: JobNames;
  readonly #budget = new ReadingBudget();
  readonly #queues = new Map<string, QueueJobs>();

  constructor(options: JobMonitorOptions) {
    this.#options = options;
    this.#ledger = new AttributionLedger(options.readRssBytes(), options.nowMs());
    this.#names = new JobNames(options.maxJobNames);
  }

  begin(job: JobIdentity): JobRun {
    const ofQueue = this.#queueOf(job.queue);
    const kind = this.#kindOf(job, ofQueue);
    ofQueue.active += 1;
    const startedAtMs = this.#options.nowMs();
    return {
      kind,
      ofQueue,
      startedAtMs,
      ticket: job.sandbox === 'process' ? null : this.#beginShare(kind.account, startedAtMs),
      sandbox: job.sandbox === null ? null : newSandboxRun(),
    };
  }

  /** @param sandboxEnd what its child did; null for a job that is not sandboxed */
  end(run: JobRun, outcome: JobOutcome, sandboxEnd: SandboxEnd | null = null): JobEnd {
    run.ofQueue.active -= 1;
    const endedAtMs = this.#options.nowMs();
    const durationMs = endedAtMs - run.startedAtMs;
    const sandboxExit = sandboxEnd?.exit ?? null;
    if (run.ticket === null) {
      const series = run.kind.ended(outcome, 'sandboxed');
      const netBytes = sandboxEnd?.netBytes ?? null;
      series.pendingNetBytes += netBytes ?? 0;
      const growthBytes = netBytes === null ? null : Math.max(0, netBytes);
      const reclaimedBytes = netBytes === null ? null : Math.max(0, -netBytes);
      return { series, durationMs, growthBytes, reclaimedBytes, sandboxExit };
    }
    const share = this.#ledger.end(run.ticket, this.#readAtBoundary(endedAtMs), endedAtMs);
    const series = run.kind.ended(outcome, share.exclusive ? 'exclusive' : 'shared');
    series.pendingNetBytes += share.ownBytes;
    const { netBytes } = share;
    const growthBytes = Math.max(0, netBytes, share.peakBytes);
    return { series, durationMs, growthBytes, reclaimedBytes: growthBytes - netBytes, sandboxExit };
  }

  /** Jobs running now, of every queue that ever ran one. */
  active(): ReadonlyMap<string, number> {
    return new Map([...this.#queues].map(([queue, { active }]) => [queue, active]));
  }

  /** The newest reading: what all changes told so far add up to. */
  get lastRssBytes(): number {
    return this.#ledger.lastRssBytes;
  }

  /** Looks at the memory while jobs run, between their starts and ends. Tells whether any runs. */
  sample(): boolean {
    if (this.#ledger.runningJobs === 0) return false;
    this.#ledger.observe(this.#options.readRssBytes(), this.#options.nowMs());
    this.#ledger.notePeaks();
    return true;
  }

  /**
   * The net change since it was last taken: what was found out since, and corrections of what was told before. Together with what the jobs still
   * running hold for themselves, all changes ever taken sum up to the process's own, RSS now less RSS at the start; those of sandboxed
   * jobs are their children's, and beside it.
   */
  takeNetChanges(): readonly NetChange[] {
    const nowMs = this.#options.nowMs();
    this.#ledger.observe(this.#options.readRssBytes(), nowMs);
    this.#ledger.part(nowMs);
    const changes: NetChange[] = [];
    for (const { kinds } of this.#queues.values()) {
      for (const kind of kinds.values()) {
        kind.takeNetChanges(({ attributes }, netBytes) => changes.push({ attributes, netBytes }));
      }
    }
    const idleBytes = this.#ledger.takeIdleBytes();
    if (idleBytes !== 0) changes.push({ attributes: IDLE_ATTRIBUTES, netBytes: idleBytes });
    return changes;
  }

  #beginShare(account: NameAccount, nowMs: number): JobTicket {
    if (this.#ledger.hasJustRead(nowMs)) return this.#ledger.beginAtLastReading(account, nowMs);
    return this.#ledger.begin(account, this.#readAtBoundary(nowMs), nowMs);
  }

  #readAtBoundary(nowMs: number): number | null {
    return this.#budget.take(nowMs) ? this.#options.readRssBytes() : null;
  }

  #queueOf(queue: string): QueueJobs {
    const known = this.#queues.get(queue);
    if (known !== undefined) return known;
    const made: QueueJobs = { active: 0, kinds: new Map() };
    this.#queues.set(queue, made);
    return made;
  }

  #kindOf(job: JobIdentity, { kinds }: QueueJobs): JobKind {
    const known = kinds.get(job.name);
    if (known !== undefined) return known;
    // Of names beyond the cap none is kept, or the map would grow with them.
    const name = this.#names.of(job.name);
    const capped = kinds.get(name);
    if (capped !== undefined) return capped;
    const made = new JobKind({ queue: job.queue, name, account: this.#ledger.open() });
    kinds.set(name, made);
    return made;
  }
}
