import type { ProcessMemory } from '../../web/schema/attempt.ts';
import { sizeWords } from './words/sizes.ts';
import { spanWords } from './words/times.ts';

/** What one process held before its restart, in words. */
export interface ProcessView {
  readonly title: string;
  readonly parts: readonly (readonly [name: string, value: string])[];
  /** What the sites are of, or why none are known. */
  readonly says: string;
  readonly sites: readonly SiteView[];
}

interface SiteView {
  readonly name: string;
  readonly place: string;
  readonly size: string;
}

const NOT_SAMPLED: Readonly<Record<NonNullable<ProcessMemory['not_sampled']>, string>> = {
  'not-asked': 'Allocations were not sampled: that begins when a leak is about to need a restart.',
  'jobs-running': 'Allocations were sampled but not read: jobs ran until the restart.',
  'another-profiler': "Allocations were not sampled: another profiler uses this process's heap sampler.",
  'no-headroom': 'Allocations were not sampled: the process had too little memory left.',
  'time-over': 'Allocations were sampled for two hours without a restart, and no longer.',
  unavailable: 'Allocations were not sampled: this Node.js has no inspector.',
};

export function processViewsOf(report: readonly ProcessMemory[]): readonly ProcessView[] {
  return report.map((process) => ({
    title:
      report.length === 1
        ? 'What its memory was made of'
        : `What process ${process.process_id.slice(0, 8)} held (${sizeWords(process.rss_bytes)})`,
    parts: partsOf(process),
    says: saysOf(process),
    sites: process.sites.map(({ function_name, place, caller, bytes }) => ({
      name: function_name,
      place: caller === null ? place : `${place}, called by ${caller}`,
      size: sizeWords(bytes),
    })),
  }));
}

/** Together they are the RSS; swapped pages can make the rest seem negative. */
function partsOf(process: ProcessMemory): readonly (readonly [string, string])[] {
  const { rss_bytes, heap_used_bytes, heap_total_bytes, external_bytes, heap_spaces } = process;
  const [largest] = heap_spaces;
  const space = largest === undefined ? '' : `, ${sizeWords(largest.used_bytes)} of it in ${largest.name}`;
  return [
    ['JavaScript objects', `${sizeWords(heap_used_bytes)}${space}`],
    ['Reserved by the heap, free', sizeWords(heap_total_bytes - heap_used_bytes)],
    ['Buffers, other external memory', sizeWords(external_bytes)],
    ['Everything else (native, allocator)', sizeWords(Math.max(0, rss_bytes - heap_total_bytes - external_bytes))],
  ];
}

function saysOf({ sampled_ms, sampled_bytes, not_sampled }: ProcessMemory): string {
  if (not_sampled !== null) return NOT_SAMPLED[not_sampled];
  const span = spanWords(sampled_ms ?? 0);
  return `Of what was allocated in the last ${span}, ${sizeWords(sampled_bytes)} were still in use. Allocated by:`;
}
