import { JOB_NAMES, type JobData, type JobName } from './job.ts';

/** One job to come. */
export interface PlannedJob {
  /** Unique in its queue for the whole run. */
  readonly id: string;
  readonly name: JobName;
  readonly data: JobData;
  /** After it is added. */
  readonly delayMs: number;
}

/** How long the ordinary jobs last: through both restarts, so that these happen under load. */
const LOAD_MS = 44_000;
/** Two workers share them: about six a second each. */
const ENTRIES_EVERY_MS = 80;
const MAILS_EVERY_MS = 150;

/** While the dynos are young they do ordinary work only, as the floor that a restart brings back. */
const FIRST_IMPORT_MS = 8_000;
/** An import takes about a second; then the floor can be seen before the next. */
const IMPORT_EVERY_MS = 1_800;
/** In MB; what one needs beyond all before it is what it adds to the worker's memory: stairs that die out. */
const IMPORT_SIZES = [110, 200, 265, 310, 335, 342] as const;

const FIRST_ATTACHMENT_MS = 5_000;
const ATTACHMENT_EVERY_MS = 7_000;
/** Of 40 MB each. */
const ATTACHMENT_PAGES = 9;

/**
 * All jobs of the workers' queue: finite, and known when the demo starts. Imports come in groups as large as there are workers: each takes about
 * a second, and a worker runs one job at a time, so each worker gets one of a group.
 */
export function workerJobs(workers: number): readonly PlannedJob[] {
  return [...steady(JOB_NAMES.entries, ENTRIES_EVERY_MS), ...imports(workers, 0)];
}

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
 * The imports of `workers` dynos; `series` tells those of the start (0) from later ones. Later ones are added where a worker was killed from
 * outside before it was restarted: its memory went with it, and the dyno that took its place needs its share of the work to bloat.
 */
export function imports(workers: number, series: number): readonly PlannedJob[] {
  return IMPORT_SIZES.flatMap((size, round) =>
    Array.from({ length: workers }, (_, worker) => ({
      id: `import-${series}-${round + 1}-${worker + 1}`,
      name: JOB_NAMES.import,
      data: { size, seed: round + 1 },
      delayMs: FIRST_IMPORT_MS + round * IMPORT_EVERY_MS,
    })),
  );
}

function steady(name: JobName, everyMs: number): readonly PlannedJob[] {
  return Array.from({ length: Math.floor(LOAD_MS / everyMs) }, (_, index) => ({
    id: `${name}-${index + 1}`,
    name,
    data: { size: 0, seed: index },
    delayMs: index * everyMs,
  }));
}

/**
 * Whether a dyno that was killed so long after the jobs were added has lost so much of its share that it needs another: the imports still
 * to come would leave it below its plateau or give it no stairs.
 */
export function needsImportsAgain(sinceAddedMs: number): boolean {
  return sinceAddedMs > FIRST_IMPORT_MS + (IMPORT_SIZES.length / 2) * IMPORT_EVERY_MS;
}
