import type { JobPoint, JobShare } from '../model/job-point.ts';
import type { BootIdentity } from '../model/point.ts';
import { BootJobs } from './boot-jobs.ts';
import { sharesOf, type TargetJobs, targetJobs } from './figures.ts';
import { type JobLimits, JobShares } from './job-shares.ts';

/** Of whom measurements of jobs are. */
export interface MeasuredProcess {
  readonly boot: BootIdentity;
  readonly processId: string;
}

/** A boot counts as long as it measured within this time: what `figures` says is of about a day. */
const KEPT_MS = 24 * 3_600_000;
/** A boot that was silent for this long may give way to one that measures. */
const MAY_GO_AFTER_MS = 10 * 60_000;
/** Looking at all boots for some that are silent takes time. */
const LOOKS_EVERY_MS = 1_000;
/** How much of what the largest owner has is given to others at once. */
const GIVEN_FRACTION = 0.05;

type BootMark = Pick<BootIdentity, 'app' | 'dyno' | 'bootId'>;

/** Who sends measurements. */
interface JobSender {
  /** The same for every request with the same token. */
  readonly id: string;
  readonly speaksForAll: boolean;
}

interface Taking {
  readonly nowMs: number;
  readonly sender: JobSender;
}

/**
 * What jobs did to memory, by boot and job name: sums since each boot began, kept for a day after its last measurement.
 * The size is bounded, and nobody can take all of it: an owner (a token, or an app of a token that speaks for all) has
 * at most a quarter, and when all is full, one with less than a fair share gets room from the one with the most. There
 * whole boots are forgotten, never a single series: the next export brings the sums of a boot back as they were.
 */
export class JobTotals {
  readonly #maxBytesOfBoot: number;
  readonly #shares: JobShares;
  readonly #boots = new Map<string, BootJobs>();

  constructor(limits: JobLimits) {
    this.#maxBytesOfBoot = limits.maxBytesOfBoot;
    this.#shares = new JobShares(limits);
  }

  /** What is kept takes so much of the heap, at most. */
  get bytes(): number {
    return this.#shares.bytes;
  }

  /** @returns how many of the points found no room */
  take({ boot, processId }: MeasuredProcess, points: readonly JobPoint[], { nowMs, sender }: Taking): number {
    const key = keyOf(boot);
    const jobs = this.#boots.get(key) ?? new BootJobs(boot, ownerOf(boot, sender));
    const leftOut = jobs.take(processId, points, (bytes) => this.#give(jobs, bytes, nowMs));
    if (jobs.bytes > 0) this.#boots.set(key, jobs);
    return leftOut;
  }

  /** Forgets boots that have not measured for a day. */
  prune(nowMs: number): void {
    this.#forget(({ lastMs }) => nowMs - lastMs > KEPT_MS);
  }

  /** Of every target; its jobs by net growth. */
  targets(nowMs: number): readonly TargetJobs[] {
    const all = [...this.#boots.values()].filter(({ lastMs }) => nowMs - lastMs <= KEPT_MS);
    const byTarget = Map.groupBy(all, ({ identity }) => `${identity.app ?? ''}|${identity.processType}`);
    return [...byTarget.values()].map((boots) => targetJobs(boots, nowMs));
  }

  /** The job names that made a boot grow, the worst first; at most so many. */
  suspects(boot: BootMark, count: number): readonly JobShare[] {
    const jobs = this.#boots.get(keyOf(boot));
    return jobs === undefined ? [] : sharesOf(jobs).slice(0, count);
  }

  /** Whether a boot gets so many bytes; negative: it gives them back. */
  #give(jobs: BootJobs, bytes: number, nowMs: number): boolean {
    const { owner } = jobs;
    if (bytes > 0) {
      if (jobs.bytes + bytes > this.#maxBytesOfBoot) return false;
      if (!this.#shares.hasRoomFor(owner, bytes)) this.#makeRoom(jobs, bytes, nowMs);
      if (!this.#shares.hasRoomFor(owner, bytes)) return false;
    }
    this.#shares.add(owner, bytes);
    return true;
  }

  #makeRoom(asking: BootJobs, bytes: number, nowMs: number): void {
    const { owner } = asking;
    if (this.#shares.mayMakeRoom(owner, nowMs, LOOKS_EVERY_MS)) {
      const all = this.#shares.isFullFor(bytes);
      this.#forget((jobs) => jobs !== asking && (all || jobs.owner === owner) && nowMs - jobs.lastMs > MAY_GO_AFTER_MS);
    }
    const from = this.#shares.isFullFor(bytes) ? this.#shares.mayTakeFrom(owner, bytes) : null;
    if (from !== null) this.#takeFrom(from, bytes);
  }

  /** The boots that were silent the longest go first. */
  #takeFrom(owner: string, bytes: number): void {
    const before = this.#shares.bytesOf(owner);
    const enough = before - Math.max(bytes, before * GIVEN_FRACTION);
    const boots = [...this.#boots].filter(([, jobs]) => jobs.owner === owner);
    for (const [key, jobs] of boots.sort(([, a], [, b]) => a.lastMs - b.lastMs)) {
      if (this.#shares.bytesOf(owner) <= enough) return;
      this.#remove(key, jobs);
    }
  }

  #forget(isOver: (jobs: BootJobs) => boolean): void {
    for (const [key, jobs] of this.#boots) if (isOver(jobs)) this.#remove(key, jobs);
  }

  #remove(key: string, jobs: BootJobs): void {
    this.#boots.delete(key);
    this.#shares.add(jobs.owner, -jobs.bytes);
  }
}

/** A token for some apps is one owner, however many apps it names. */
function ownerOf({ app }: BootIdentity, { id, speaksForAll }: JobSender): string {
  return speaksForAll ? `app ${app ?? ''}` : `token ${id}`;
}

/** With app and dyno: senders choose boot ids. */
function keyOf({ app, dyno, bootId }: BootMark): string {
  return `${app ?? ''}|${dyno}|${bootId}`;
}
