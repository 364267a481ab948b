import type { Job, TargetJobs } from '../../web/schema/jobs.ts';
import { countWords, growthWords, sizeWords } from './words/sizes.ts';

/** A row of the jobs table in words. */
export interface JobView {
  readonly key: string;
  readonly job: Job;
  readonly net: string;
  readonly heldPerRun: string;
  readonly growth: string;
  readonly runs: string;
  readonly known: string;
  /** Length of its bar: net growth as a fraction of the largest of its target, 0 to 1. Zero where it does not grow. */
  readonly bar: number;
  /** The dyno with the most of it; null where none is named. */
  readonly dyno: string | null;
}

const KNOWN_WORDS: Readonly<Record<Job['known'], string>> = {
  exclusive: 'measured alone',
  estimated: 'estimated',
  sandboxed: 'own process',
};

export function jobViewsOf({ jobs }: TargetJobs): readonly JobView[] {
  const largest = Math.max(0, ...jobs.map((job) => job.net_bytes));
  return jobs.map((job) => ({
    key: `${job.queue}\n${job.name}`,
    job,
    net: growthWords(job.net_bytes),
    heldPerRun: sizeWords(job.held_per_run_bytes),
    growth: `${sizeWords(job.growth_median_bytes)} / ${sizeWords(job.growth_worst_bytes)}`,
    runs: job.runs === null ? '–' : countWords(job.runs),
    known: KNOWN_WORDS[job.known],
    bar: largest === 0 ? 0 : Math.max(0, job.net_bytes / largest),
    dyno: job.dynos[0]?.dyno ?? null,
  }));
}

/**
 * The targets, those first whose memory stayed most: what jobs took less what came back while none ran. A job that
 * gives everything back must not stand above one whose memory stays.
 */
export function byGrowth(targets: readonly TargetJobs[]): readonly TargetJobs[] {
  return [...targets].sort((a, b) => stayedBytes(b) - stayedBytes(a));
}

/** What stayed of the memory that the jobs of a target took, in bytes. */
export function stayedBytes({ jobs, idle_net_bytes }: TargetJobs): number {
  return jobs.reduce((sum, { net_bytes }) => sum + net_bytes, idle_net_bytes ?? 0);
}

/** The name of a job for people; `_other` collects what did not fit. */
export function jobName({ name }: Pick<Job, 'name'>): string {
  return name === '_other' ? 'all other names' : name;
}
