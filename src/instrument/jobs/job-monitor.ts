import type { Attributes } from '@opentelemetry/api';
import { ATTR_JOB_NAME, ATTR_MESSAGING_SYSTEM, JOB_NAME_IDLE, MESSAGING_SYSTEM_BULLMQ } from '../../semconv.ts';
import type { JobTicket } from '../attribution/job-ticket.ts';
import { AttributionLedger } from '../attribution/ledger.ts';
import { ReadingBudget } from '../attribution/reading-budget.ts';
import { reportFault } from '../diagnostics.ts';
import { AT_LAST_READING, BoundaryLog, UNREAD } from './boundary-log.ts';
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
  /** Where its memory is not this process's. */
  readonly isInChild: boolean;
  /** Null until its start has been worked out, and for a job in a child process. */
  ticket: JobTicket | null;
  /** Null for a job that is not sandboxed. */
  readonly sandbox: SandboxRun | null;
  /** Known at its end. */
  sandboxExit: ExitReason | null;
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
  /** Told of every job that ended, some jobs later (`workOut`). */
  readonly tellEnd: (end: JobEnd) => void;
}

/** In which a processor seldom takes more than some hundred kB. */
const JUST_MS = 0.1;

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
 * gathered here and taken at collection time, so that a job costs an addition and not one more record. At a start or an end only the clock and the
 * RSS are read; what they come to is worked out in rows.
 */
export class JobMonitor {
  readonly #options: JobMonitorOptions;
  readonly #ledger: AttributionLedger;
  readonly #names: JobNames;
  readonly #budget = new ReadingBudget();
  readonly #log = new BoundaryLog<JobRun>();
  readonly #queues = new Map<string, QueueJobs>();
  /** Jobs in this process, also those whose start has not been worked out yet. */
  #running = 0;
  #readAtMs = Number.NEGATIVE_INFINITY;

  readonly #take = (run: JobRun, outcome: JobOutcome | null, rssBytes: number, atMs: number): void => {
    try {
      this.#workOutOne(run, outcome, rssBytes, atMs);
    } catch (error) {
      reportFault('working out what a job did', error);
    }
  };

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
    const run: JobRun = {
      kind,
      ofQueue,
      startedAtMs,
      isInChild: job.sandbox === 'process',
      ticket: null,
      sandbox: job.sandbox === null ? null : newSandboxRun(),
      sandboxExit: null,
    };
    if (!run.isInChild) {
      const rssBytes = this.#hasJustRead(startedAtMs) ? AT_LAST_READING : this.#readAtBoundary(startedAtMs);
      this.#running += 1;
      this.#note(run, null, rssBytes, startedAtMs);
    }
    return run;
  }

  /**
   * Once for each run.
   *
   * @param sandboxEnd what its child did; null for a job that is not sandboxed
   */
  end(run: JobRun, outcome: JobOutcome, sandboxEnd: SandboxEnd | null = null): void {
    run.ofQueue.active -= 1;
    run.sandboxExit = sandboxEnd?.exit ?? null;
    const endedAtMs = this.#options.nowMs();
    if (run.isInChild) {
      this.#options.tellEnd(endOfChilds(run, outcome, sandboxEnd?.netBytes ?? null, endedAtMs));
      return;
    }
    const rssBytes = this.#readAtBoundary(endedAtMs);
    this.#running -= 1;
    this.#note(run, outcome, rssBytes, endedAtMs);
  }

  /** Works out what starts and ends came to since it was last done, and tells of the jobs that ended. Never throws. */
  workOut(): void {
    this.#log.drain(this.#take);
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
    if (this.#running === 0) return false;
    this.#observe();
    this.#ledger.notePeaks();
    return true;
  }

  /**
   * The net change since it was last taken: what was found out since, and corrections of what was told before. Together with what the jobs still
   * running hold for themselves, all changes ever taken sum up to the process's own, RSS now less RSS at the start; those of sandboxed
   * jobs are their children's, and beside it.
   */
  takeNetChanges(): readonly NetChange[] {
    const nowMs = this.#observe();
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

  /** A reading apart from starts and ends. Returns its time. */
  #observe(): number {
    this.workOut();
    const nowMs = this.#options.nowMs();
    this.#ledger.observe(this.#options.readRssBytes(), nowMs);
    this.#readAtMs = nowMs;
    return nowMs;
  }

  #note(run: JobRun, outcome: JobOutcome | null, rssBytes: number, atMs: number): void {
    if (this.#log.add(run, outcome, rssBytes, atMs)) this.workOut();
  }

  #workOutOne(run: JobRun, outcome: JobOutcome | null, rssBytes: number, atMs: number): void {
    const { account } = run.kind;
    const readBytes = rssBytes === UNREAD ? null : rssBytes;
    if (outcome !== null) this.#options.tellEnd(this.#endHere(run, outcome, readBytes, atMs));
    else if (rssBytes === AT_LAST_READING) run.ticket = this.#ledger.beginAtLastReading(account, atMs);
    else run.ticket = this.#ledger.begin(account, readBytes, atMs);
  }

  #endHere(run: JobRun, outcome: JobOutcome, rssBytes: number | null, endedAtMs: number): JobEnd {
    const { kind, startedAtMs, sandboxExit } = run;
    const share = this.#ledger.end(run.ticket as JobTicket, rssBytes, endedAtMs);
    const series = kind.ended(outcome, share.exclusive ? 'exclusive' : 'shared');
    series.pendingNetBytes += share.ownBytes;
    const { netBytes } = share;
    const growthBytes = Math.max(0, netBytes, share.peakBytes);
    const durationMs = endedAtMs - startedAtMs;
    return { series, durationMs, growthBytes, reclaimedBytes: growthBytes - netBytes, sandboxExit };
  }

  /**
   * Whether a job that starts now may be taken to have started when RSS was read last, which spares a reading: jobs start in a row, many in a tenth of a
   * millisecond, when Redis has answered. Not where it would be the only one: what changed while none ran is nobody's.
   */
  #hasJustRead(nowMs: number): boolean {
    return nowMs - this.#readAtMs <= JUST_MS && this.#running > 0;
  }

  #readAtBoundary(nowMs: number): number {
    if (!this.#budget.take(nowMs)) return UNREAD;
    this.#readAtMs = nowMs;
    return this.#options.readRssBytes();
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

/** @param netBytes what its child did, null where it is not known */
function endOfChilds(run: JobRun, outcome: JobOutcome, netBytes: number | null, endedAtMs: number): JobEnd {
  const { kind, startedAtMs, sandboxExit } = run;
  const series = kind.ended(outcome, 'sandboxed');
  series.pendingNetBytes += netBytes ?? 0;
  const growthBytes = netBytes === null ? null : Math.max(0, netBytes);
  const reclaimedBytes = netBytes === null ? null : Math.max(0, -netBytes);
  return { series, durationMs: endedAtMs - startedAtMs, growthBytes, reclaimedBytes, sandboxExit };
}
