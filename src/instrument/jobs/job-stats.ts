import type { Attributes } from '@opentelemetry/api';
import { JOB_NAME_OTHER } from '../../semconv.ts';
import type { JobNameTotals } from '../attribution/job-name-totals.ts';
import { BoundedNames } from './bounded-names.ts';
import { JobNameStats } from './job-name-stats.ts';
import type { JobIdentity } from './job-run.ts';

/** Signed bytes to be added to one series. */
export interface NetChange {
  readonly attributes: Attributes;
  readonly netBytes: number;
}

interface QueueJobs {
  active: number;
  readonly statsByName: Map<string, JobNameStats>;
}

/** The statistics of all job names, by queue, and how many jobs of each queue run. */
export class JobStats {
  readonly #names: BoundedNames;
  readonly #newTotals: () => JobNameTotals;
  readonly #queues = new Map<string, QueueJobs>();

  /** @param maxJobNames further names share one */
  constructor(maxJobNames: number, newTotals: () => JobNameTotals) {
    this.#names = new BoundedNames(maxJobNames, JOB_NAME_OTHER);
    this.#newTotals = newTotals;
  }

  /** Counts a job as running, and returns the statistics of its name. */
  started(job: JobIdentity): JobNameStats {
    const queue = this.#queueOf(job.queue);
    queue.active += 1;
    return this.#statsOf(job, queue);
  }

  /** Counts a job as no longer running. */
  ended({ queue }: JobIdentity): void {
    this.#queueOf(queue).active -= 1;
  }

  /** A worker of the queue runs here: it has no job yet, which is zero and not unknown. */
  hasWorker(queue: string): void {
    this.#queueOf(queue);
  }

  /** Jobs running now, by queue: every queue that has had a worker or a job here. */
  active(): Map<string, number> {
    return new Map([...this.#queues].map(([queue, { active }]) => [queue, active]));
  }

  /** Bytes that the running jobs of each queue are estimated to hold. */
  held(): ReadonlyMap<string, number> {
    // Names beyond the attributor's limit share their totals, which count once.
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

  /** The net change of each series since it was last taken; series without any are left out. */
  takeNetChanges(): NetChange[] {
    const changes: NetChange[] = [];
    for (const { statsByName } of this.#queues.values()) {
      for (const stats of statsByName.values()) {
        stats.takeNetChanges(({ attributes }, netBytes) => changes.push({ attributes, netBytes }));
      }
    }
    return changes;
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
    // Names beyond the cap are not stored, or the map would grow with them.
    const name = this.#names.of(job.name);
    const capped = statsByName.get(name);
    if (capped !== undefined) return capped;
    const made = new JobNameStats({ queue: job.queue, name, totals: this.#newTotals() });
    statsByName.set(name, made);
    return made;
  }
}
