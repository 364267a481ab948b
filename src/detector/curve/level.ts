/** What a floor was and when. Memory in bytes. */
export interface Level {
  readonly timeMs: number;
  readonly floorBytes: number;
  /** Jobs that ran while the floor was measured (mean); 0 for an idle moment, null where jobs are not counted. */
  readonly jobs: number | null;
  /** What was taken out of the floor for them, by what was known then of what one job holds. */
  readonly jobsBytes: number;
}

/** One closed bucket. */
export interface Bucket extends Level {
  readonly peakBytes: number;
  /** All that was taken out for running jobs, a long one included; the mean. */
  readonly heldByJobsBytes: number;
}

/** The floor after the warm-up. */
export type WarmFloor = Omit<Level, 'timeMs'>;
