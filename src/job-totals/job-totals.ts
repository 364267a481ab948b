import { FairShares, ownerOf, type Reporter } from '../model/fair-shares.ts';
import type { JobPoint, JobShare } from '../model/job-point.ts';
import { type BootIdentity, bootKeyOf } from '../model/point.ts';
import { BootJobs } from './boot-jobs.ts';
import { sharesOf, type TargetJobs, targetJobs } from './figures.ts';
import { readJobs, writeJobs } from './saved-jobs.ts';

/** The process that measured its jobs, and its boot. */
export interface MeasuredProcess {
  readonly boot: BootIdentity;
  readonly processId: string;
}

/** A boot counts as long as it measured within this time: what `figures` says is of about a day. */
const KEPT_MS = 24 * 3_600_000;
/** A boot that was silent for this long may give way to one that measures. */
const MAY_GO_AFTER_MS = 10 * 60_000;
/** How much of the heap job figures may take; the rest is for boots, requests and answers. */
const MAX_HEAP_FRACTION = 0.08;
/** How much of that one boot may take. */
const BOOT_FRACTION = 1 / 32;

/** Bytes. */
export interface JobLimits {
  readonly maxBytes: number;
  readonly maxBytesOfBoot: number;
}

/** @param heapBytes how large the heap may grow */
export function jobLimitsFor(heapBytes: number): JobLimits {
  const maxBytes = Math.floor(heapBytes * MAX_HEAP_FRACTION);
  return { maxBytes, maxBytesOfBoot: Math.floor(maxBytes * BOOT_FRACTION) };
}

type BootMark = Pick<BootIdentity, 'app' | 'dyno' | 'bootId' | 'key'>;

interface Taking {
  readonly nowMs: number;
  readonly sender: Reporter;
}

/**
 * What jobs did to memory, by boot and job name: sums since each boot began, kept for a day after its last measurement.
 * The size is bounded and shared (`FairShares`): when all is full, the owner with the most gives room to one with less.
 * Whole boots are forgotten, never a single series: the next export brings the sums of a boot back as they were.
 */
export class JobTotals {
  readonly #maxBytesOfBoot: number;
  readonly #shares: FairShares<BootJobs>;
  readonly #boots = new Map<string, BootJobs>();

  constructor(limits: JobLimits) {
    this.#maxBytesOfBoot = limits.maxBytesOfBoot;
    this.#shares = new FairShares(limits.maxBytes);
  }

  /** What the kept sums take of the heap, at most. */
  get bytes(): number {
    return this.#shares.used;
  }

  /** @returns how many of the points found no room */
  take({ boot, processId }: MeasuredProcess, points: readonly JobPoint[], { nowMs, sender }: Taking): number {
    const key = bootKeyOf(boot);
    const jobs = this.#boots.get(key) ?? new BootJobs(key, boot, ownerOf(boot.app, sender));
    this.#shares.touch(jobs);
    const leftOut = jobs.take(processId, points, (bytes) => this.#give(jobs, bytes, nowMs));
    if (jobs.bytes > 0) this.#boots.set(key, jobs);
    return leftOut;
  }

  /** What `restore` brings back, as text of bounded length; null where the boot measured no jobs. */
  save(boot: BootMark): string | null {
    const jobs = this.#boots.get(bootKeyOf(boot));
    return jobs === undefined ? null : writeJobs(jobs);
  }

  /**
   * Shows what another process saved of a boot. Only where that boot's own measurements do not arrive: they would be
   * counted twice. Ignores what is damaged.
   */
  restore(boot: BootIdentity, json: string, latestMs: number): void {
    const saved = readJobs(json, latestMs);
    if (saved === null) return;
    const nowMs = latestMs;
    this.take({ boot, processId: 'saved' }, saved.points, { nowMs, sender: { id: 'saved', speaksForAll: true } });
    this.#boots.get(bootKeyOf(boot))?.leaveOutMore(saved.leftOut);
  }

  /** Forgets boots that have not measured for a day, in steps. Looks at those that are there at the first one. */
  *prune(nowMs: number): Generator<void, void> {
    for (const jobs of [...this.#boots.values()]) {
      // It may have given way since, and its boot have measured again.
      if (this.#boots.get(jobs.key) === jobs && nowMs - jobs.lastMs > KEPT_MS) this.#remove(jobs);
      yield;
    }
  }

  /** Of every target; its jobs by net growth. Made in steps, two for each boot: all together take long. */
  *addUp(nowMs: number): Generator<void, readonly TargetJobs[]> {
    const byTarget = new Map<string, BootJobs[]>();
    for (const jobs of [...this.#boots.values()]) {
      yield;
      if (nowMs - jobs.lastMs > KEPT_MS) continue;
      const key = `${jobs.identity.app ?? ''}|${jobs.identity.processType}`;
      const ofTarget = byTarget.get(key);
      if (ofTarget === undefined) byTarget.set(key, [jobs]);
      else ofTarget.push(jobs);
    }
    const targets: TargetJobs[] = [];
    for (const boots of byTarget.values()) targets.push(yield* targetJobs(boots, nowMs));
    return targets;
  }

  /** The job names that made a boot grow, the worst first; at most `count`. */
  suspects(boot: BootMark, count: number): readonly JobShare[] {
    const jobs = this.#boots.get(bootKeyOf(boot));
    return jobs === undefined ? [] : sharesOf(jobs).slice(0, count);
  }

  /** Whether a boot gets `bytes` more; negative: it gives them back. */
  #give(jobs: BootJobs, bytes: number, nowMs: number): boolean {
    if (bytes > 0 && (jobs.bytes + bytes > this.#maxBytesOfBoot || !this.#makeRoom(jobs, bytes, nowMs))) return false;
    this.#shares.grow(jobs, bytes);
    return true;
  }

  #makeRoom(asking: BootJobs, bytes: number, nowMs: number): boolean {
    for (;;) {
      const payer = this.#shares.payerFor(asking.owner, bytes);
      if (payer === null) return true;
      const silent = this.#shares.mostSilentOf(payer);
      if (silent === undefined || silent === asking) return false;
      if (payer === asking.owner && nowMs - silent.lastMs <= MAY_GO_AFTER_MS) return false;
      this.#remove(silent);
    }
  }

  #remove(jobs: BootJobs): void {
    this.#boots.delete(jobs.key);
    this.#shares.remove(jobs);
  }
}
