import type { JobSeries } from './job-name-stats.ts';
import type { ExitReason } from './sandbox-children.ts';

/** What is known when a job has ended. */
export interface JobEnd {
  readonly series: JobSeries;
  readonly durationMs: number;
  /** `error.type` of a failed job; null for other outcomes. */
  readonly errorType: string | null;
  /** The highest rise of the job's share of the RSS change over its start; null if unknown. */
  readonly growthBytes: number | null;
  /** The part of that rise that was gone at the job's end; null if unknown. */
  readonly reclaimedBytes: number | null;
  /** Why the job's child process or thread ended during the job; null if it did not. */
  readonly sandboxExit: ExitReason | null;
}
