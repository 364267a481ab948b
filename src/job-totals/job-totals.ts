import type { JobPoint, JobShare } from '../model/job-point.ts';
import type { BootIdentity } from '../model/point.ts';
import { BootJobs } from './boot-jobs.ts';
import { sharesOf, type TargetJobs, targetJobs } from './figures.ts';

/** Of whom measurements of jobs are. */
export interface MeasuredProcess {
  readonly boot: BootIdentity;
  readonly processId: string;
}

export interface JobTotalsLimits {
  readonly maxBoots: number;
  /** Over all boots; about 200 bytes each. */
  readonly maxSeries: number;
}

const LIMITS: JobTotalsLimits = { maxBoots: 20_000, maxSeries: 250_000 };
/** A boot counts as long as it measured within this time: what `figures` says is of about a day. */
const KEPT_MS = 24 * 3_600_000;
/** A boot that was silent for this long may give way to one that measures. */
const MAY_GO_AFTER_MS = 10 * 60_000;

type BootMark = Pick<BootIdentity, 'app' | 'dyno' | 'bootId'>;

/**
 * What jobs did to memory, by boot and job name: sums since each boot began, kept for a day after its last measurement.
 * A full house takes no new series, rather than forget one that goes on: its sum would be counted twice.
 */
export class JobTotals {
  readonly #limits: JobTotalsLimits;
  readonly #boots = new Map<string, BootJobs>();
  #series = 0;

  constructor(limits: Partial<JobTotalsLimits> = {}) {
    this.#limits = { ...LIMITS, ...limits };
  }

  /** How many series are kept. */
  get size(): number {
    return this.#series;
  }

  take({ boot, processId }: MeasuredProcess, points: readonly JobPoint[], nowMs: number): void {
    const jobs = this.#bootOf(boot, nowMs);
    if (jobs === null) return;
    if (this.#series >= this.#limits.maxSeries) this.#makeRoom(nowMs);
    const before = jobs.size;
    jobs.take(processId, points, this.#limits.maxSeries - this.#series);
    this.#series += jobs.size - before;
  }

  /** Forgets boots that have not measured for a day. */
  prune(nowMs: number): void {
    this.#forget(({ lastMs }) => nowMs - lastMs > KEPT_MS);
  }

  /** Of every target, by net growth. */
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

  #bootOf(boot: BootIdentity, nowMs: number): BootJobs | null {
    const key = keyOf(boot);
    const known = this.#boots.get(key);
    if (known !== undefined) return known;
    if (this.#boots.size >= this.#limits.maxBoots) this.#makeRoom(nowMs);
    if (this.#boots.size >= this.#limits.maxBoots) return null;
    const made = new BootJobs(boot);
    this.#boots.set(key, made);
    return made;
  }

  #makeRoom(nowMs: number): void {
    this.#forget(({ lastMs }) => nowMs - lastMs > MAY_GO_AFTER_MS);
  }

  #forget(isOver: (jobs: BootJobs) => boolean): void {
    for (const [key, jobs] of this.#boots) {
      if (!isOver(jobs)) continue;
      this.#boots.delete(key);
      this.#series -= jobs.size;
    }
  }
}

/** With app and dyno: senders choose boot ids. */
function keyOf({ app, dyno, bootId }: BootMark): string {
  return `${app ?? ''}|${dyno}|${bootId}`;
}
