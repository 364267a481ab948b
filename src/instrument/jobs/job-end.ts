import type { JobSeries } from './job-name-stats.ts';
import type { ExitReason } from './sandbox-children.ts';

/** What is known when a job has ended. */
export interface JobEnd {
  readonly series: JobSeries;
  readonly durationMs: number;
  /** `error.type`, where the job failed; null where it did not. */
  readonly errorType: string | null;
  /** How far its share of the RSS change rose over where it started, at its highest; null where it is not known. */
  readonly growthBytes: number | null;
  /** What of that it had given back by its end. */
  readonly reclaimedBytes: number | null;
  /** Why the job's child process or thread ended under it; null where none did. */
  readonly sandboxExit: ExitReason | null;
}
