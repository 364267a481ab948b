/** One sample as a monitor would see it. Bytes. */
export interface Sample {
  readonly timeMs: number;
  readonly bootId: string;
  readonly bootStartMs: number;
  readonly rssBytes: number;
  readonly swapBytes: number;
  /** The part of `rssBytes` that a full garbage collection would free now; only rules that run one may read it. */
  readonly garbageBytes: number;
  readonly limitBytes: number;
  readonly killBytes: number;
  /** Null: jobs are not counted. */
  readonly activeJobs: number | null;
  readonly completedJobs: number;
}

/** A rule being evaluated: receives every sample of one dyno, over all its boots, and decides when to restart it. */
export interface Restarter {
  /** Whether to restart now. */
  observe(sample: Sample): boolean;
  /** The class of the current boot, if the rule has classes. */
  className?(): string;
}

/** A rule with its parameters set. */
export interface Candidate {
  readonly name: string;
  start(): Restarter;
}
