/** What actuator and workers write to each other on the queue's Redis for a memory report: keys, question, answers. */
import { type DrainedBoot, drainKeyNames } from './drain-messages.ts';

/** The keys of one boot's memory report. */
export interface MemoryReportKeyNames {
  /**
   * String, `memoryQuestion`: its processes should sample allocations now, because a restart for a leak is near. The
   * part in braces puts it into the drain key's slot of a cluster, so that one script can read both.
   */
  readonly question: string;
  /** Hash: a `MemoryAnswer` as JSON for each process, by `memoryAnswerField`. */
  readonly answers: string;
}

/** Null if no drain can be addressed to the boot either. */
export function memoryReportKeyNames(boot: DrainedBoot): MemoryReportKeyNames | null {
  const drain = drainKeyNames(boot);
  if (drain === null) return null;
  return {
    question: `tidemark:memory-report:{${drain.question}}`,
    answers: `tidemark:memory-report-answers:{${drain.question}}`,
  };
}

/** How long the question lives after it was last written. It outlives the change from one actuator to the next. */
export const MEMORY_QUESTION_LIFE_MS = 60_000;

/** The value of the question's key: a process whose RSS (bytes) is above it samples nothing. */
export function memoryQuestion(maxRssBytes: number): string {
  return `${Math.floor(maxRssBytes)}`;
}

/** Null if the value is not a question. */
export function parseMemoryQuestion(value: string): number | null {
  return /^\d{1,15}$/.test(value) ? Number(value) : null;
}

/** The field of a process; each worker thread has a heap, and so a field, of its own. */
export function memoryAnswerField(processId: string, threadId: number): string {
  return threadId === 0 ? processId : `${processId}/${threadId}`;
}

/** Bytes of one answer, as JSON. A longer one is neither written nor read. */
export const MEMORY_ANSWER_MAX_BYTES = 16 * 1024;
/** Allocation sites in one answer, the largest first. */
export const ALLOCATION_SITES = 10;
/** Heap spaces in one answer, the largest first. */
export const HEAP_SPACES = 8;
/** Characters of a name, and of a place in the code. */
export const MEMORY_NAME_MAX_LENGTH = 120;

/**
 * Why an answer has no allocation sites. `not-asked`: no leak was expected to need a restart soon, or the actuator
 * asked too late. `jobs-running`: the heap is only read when no job runs, because that takes a full garbage collection.
 * `another-profiler`: something else samples this heap already. `no-headroom`: the process or its heap was too near its
 * limit. `time-over`: it was sampled for two hours without a restart. `unavailable`: this Node.js cannot.
 */
export type NotSampledBecause =
  | 'not-asked'
  | 'jobs-running'
  | 'another-profiler'
  | 'no-headroom'
  | 'time-over'
  | 'unavailable';

/** Memory that one place in the code allocated while it was sampled, and that is still in use. */
export interface AllocationSite {
  /** The function that allocated, of the application or of a package. */
  readonly functionName: string;
  /** Below the application's root: `src/jobs/import.js:12:9`. Where the function begins. */
  readonly place: string;
  /** For a function of a package: the nearest caller in the application. Null otherwise, and where none was seen. */
  readonly caller: string | null;
  /** An estimate from samples. */
  readonly bytes: number;
}

/** What one process holds, as it writes it. Bytes. */
export interface MemoryAnswer {
  readonly attemptId: string;
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
  /** What V8 has reserved for the heap, used or not. */
  readonly heapTotalBytes: number;
  /** Outside the heap and known to V8; contains the next. */
  readonly externalBytes: number;
  readonly arrayBufferBytes: number;
  readonly spaces: readonly { readonly name: string; readonly usedBytes: number }[];
  /** Null where nothing was sampled; `notSampled` says why. */
  readonly sampled: SampledAllocations | null;
  readonly notSampled: NotSampledBecause | null;
}

export interface SampledAllocations {
  /** How long allocations were sampled, in ms. */
  readonly forMs: number;
  /** Allocated in that time and still in use, all sites together. */
  readonly bytes: number;
  /** The largest first. */
  readonly sites: readonly AllocationSite[];
}
