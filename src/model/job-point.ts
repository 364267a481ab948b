/** How the growth of a job is known: it ran alone; jobs overlapped and their growth was split; in a child process. */
export const JOB_KNOWN = ['exclusive', 'estimated', 'sandboxed'] as const;
export type JobKnown = (typeof JOB_KNOWN)[number];

/** What a series of job measurements is about. */
export interface JobLabels {
  readonly queue: string;
  /** `_idle`: growth of no job; `_other`: names beyond the worker's cap; empty for figures of a queue. */
  readonly name: string;
  readonly known: JobKnown;
}

/** `net`, `growth`, `runs` are of a job name; `active` and `held` are of a queue, and say what is now. */
export type JobFigure = 'net' | 'growth' | 'runs' | 'active' | 'held';

/**
 * Bytes. The buckets in which growth is kept, those that workers send: powers of 4 from 64 KiB to 4 GiB. The same for
 * everybody, so that a sender cannot choose how much memory its histograms take.
 */
export const GROWTH_BOUNDS: readonly number[] = Array.from({ length: 9 }, (_, power) => 2 ** 16 * 4 ** power);

/** What a histogram of growth holds. Bucket `i` counts what is at most `bounds[i]` and over the one before. */
export interface GrowthCounts {
  /** Empty where it came without buckets that can be read: `counts` is then one number. */
  readonly bounds: readonly number[];
  /** One more than bounds. */
  readonly counts: readonly number[];
  /** Bytes, all records together. */
  readonly sum: number;
  /** Bytes; null where it was not sent. */
  readonly max: number | null;
}

/** One data point about jobs, of one process. */
export interface JobPoint {
  readonly figure: JobFigure;
  /** Stands for its attributes within its process and figure. */
  readonly seriesId: number;
  readonly timeMs: number;
  /** Where the sums began (Unix ms); 0 where it was not sent. */
  readonly startMs: number;
  /** The value is what was added since the point before, not since the start. */
  readonly isDelta: boolean;
  /** Bytes for `net` and `held`; a count for the others. */
  readonly value: number;
  /** Of `growth`; null for the others. */
  readonly growth: GrowthCounts | null;
  /** Read on demand: most series are known by their id. Null where they are missing. Cut where they are long. */
  labels(): JobLabels | null;
}

/** A job name with its share of the growth of a boot or a target. */
export interface JobShare {
  readonly queue: string;
  readonly name: string;
  /** Signed. */
  readonly netBytes: number;
  /** Null where unknown. */
  readonly runs: number | null;
  readonly known: JobKnown;
}
