/** The jobs of the demo, as its producer adds them and its dynos run them. */
export const JOB_NAMES = { entries: 'book-entries', import: 'import-records', render: 'render-attachment' } as const;
export type JobName = (typeof JOB_NAMES)[keyof typeof JOB_NAMES];

export interface JobData {
  /** MB of an import, pages of an attachment; 0 for ordinary jobs. */
  readonly size: number;
  readonly seed: number;
}

/** The result of a job: which boot ran it, and its memory at the end of the job. */
export interface JobResult {
  readonly dyno: string;
  /** The boot's id. */
  readonly boot: string;
  readonly rssBytes: number;
  /** V8 heap and array buffers in use; after a big job the garbage has been collected. */
  readonly javascriptBytes: number;
}

/** Short, so that the jobs of a killed worker soon run again. */
export const LOCK_MS = 5_000;
export const STALLED_CHECK_MS = 2_000;

/** The queue of a dyno's own imports: each dyno bloats, whichever worker takes the shared jobs. */
export function importQueueOf(dyno: string): string {
  return `imports-${dyno}`;
}

/** A boot first does ordinary work only: its floor then is what a restart brings back. */
export const FIRST_IMPORT_MS = 8_000;
/** An import takes about a second, so the floor shows before the next one. */
export const IMPORT_EVERY_MS = 1_800;
