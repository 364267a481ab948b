/** What a boot's memory was made of just before its restart, as its processes said. Only people read it. */

/** Memory that one place in the code allocated, and that was still in use. Names are printable, and bounded. */
export interface AllocationSite {
  readonly functionName: string;
  /** `src/jobs/import.js:12:9`, below the application's root; where the function begins. Empty: outside JavaScript. */
  readonly place: string;
  /** For a function of a package: the nearest caller in the application. Null otherwise, and where none was seen. */
  readonly caller: string | null;
  /** An estimate from samples. */
  readonly bytes: number;
}

export const NOT_SAMPLED_BECAUSE = [
  'not-asked',
  'jobs-running',
  'another-profiler',
  'no-headroom',
  'time-over',
  'unavailable',
] as const;
/** Why no allocations are known; `shared/memory-report-messages.ts` says when a process answers which. */
type NotSampledBecause = (typeof NOT_SAMPLED_BECAUSE)[number];

/** One process, or one worker thread, which has a heap of its own and shares the RSS. Bytes. */
export interface ProcessMemory {
  /** `tidemark.process.id`, for a thread with its number. */
  readonly processId: string;
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
  readonly heapTotalBytes: number;
  /** Outside the heap and known to V8; contains the next. */
  readonly externalBytes: number;
  readonly arrayBufferBytes: number;
  /** V8's heap spaces, the largest first. */
  readonly spaces: readonly { readonly name: string; readonly usedBytes: number }[];
  /** Null where nothing was sampled; `notSampled` says why. */
  readonly sampled: {
    readonly forMs: number;
    /** Allocated in that time and still in use, all sites together. */
    readonly bytes: number;
    /** The largest first. */
    readonly sites: readonly AllocationSite[];
  } | null;
  readonly notSampled: NotSampledBecause | null;
}

/** The processes that answered, the one with the most memory first; at most `REPORTED_PROCESSES`. */
export type MemoryReport = readonly ProcessMemory[];

/** Of a dyno with more, the largest ones are kept: the report is part of the attempt's record. */
export const REPORTED_PROCESSES = 3;

/** The largest sites of all processes of a report; processes of a dyno usually run the same code. */
export function largestSites(report: MemoryReport, count: number): readonly AllocationSite[] {
  const all = new Map<string, AllocationSite>();
  for (const site of report.flatMap(({ sampled }) => sampled?.sites ?? [])) {
    const key = JSON.stringify([site.functionName, site.place, site.caller]);
    all.set(key, { ...site, bytes: site.bytes + (all.get(key)?.bytes ?? 0) });
  }
  return [...all.values()].sort((a, b) => b.bytes - a.bytes).slice(0, count);
}
