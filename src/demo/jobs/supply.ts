import { JOB_NAMES, type JobData, type JobName } from './job.ts';

/** One planned job. */
export interface PlannedJob {
  /** Unique in its queue for the whole run. */
  readonly id: string;
  readonly name: JobName;
  readonly data: JobData;
  /** How long after it is added it may run. */
  readonly delayMs: number;
}

/** How long the ordinary jobs last: through both restarts, so that they happen under load. */
const LOAD_MS = 44_000;
/** All workers share them: about six a second each. */
const ENTRIES_EVERY_MS = 80;
const MAILS_EVERY_MS = 150;

/** In MB. Each adds to the worker's memory what it needs beyond the largest before it: steps that die out. */
const IMPORT_SIZES = [115, 205, 275, 322, 348, 355] as const;

const FIRST_ATTACHMENT_MS = 5_000;
const ATTACHMENT_EVERY_MS = 7_000;
/** Of 38 MB each. */
const ATTACHMENT_PAGES = 10;

/** The ordinary jobs of the workers' common queue. */
export function workerJobs(): readonly PlannedJob[] {
  return steady(JOB_NAMES.entries, ENTRIES_EVERY_MS);
}

/** Ordinary jobs, and every 7 s one that needs much memory for a moment. */
export function mailerJobs(): readonly PlannedJob[] {
  const count = Math.floor((LOAD_MS - FIRST_ATTACHMENT_MS) / ATTACHMENT_EVERY_MS) + 1;
  const attachments = Array.from({ length: count }, (_, index) => ({
    id: `attachment-${index + 1}`,
    name: JOB_NAMES.render,
    data: { size: ATTACHMENT_PAGES, seed: index },
    delayMs: FIRST_ATTACHMENT_MS + index * ATTACHMENT_EVERY_MS,
  }));
  return [...steady(JOB_NAMES.entries, MAILS_EVERY_MS), ...attachments];
}

/**
 * The imports of one dyno: the finite work that bloats it. Series 0 is the one of the start. A dyno that is killed from
 * outside before its restart has lost its bloat, so its next boot gets the first `count` imports again, as a later
 * series.
 */
export function imports(series: number, count: number = IMPORT_SIZES.length): readonly PlannedJob[] {
  return IMPORT_SIZES.slice(0, count).map((size, index) => ({
    id: `import-${series}-${index + 1}`,
    name: JOB_NAMES.import,
    data: { size, seed: index + 1 },
    delayMs: 0,
  }));
}

function steady(name: JobName, everyMs: number): readonly PlannedJob[] {
  return Array.from({ length: Math.floor(LOAD_MS / everyMs) }, (_, index) => ({
    id: `${name}-${index + 1}`,
    name,
    data: { size: 0, seed: index },
    delayMs: index * everyMs,
  }));
}
