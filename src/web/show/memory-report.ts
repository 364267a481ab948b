import type { ProcessMemory as ProcessKept } from '../../model/memory-report.ts';
import type { ProcessMemory } from '../schema/attempt.ts';

export function showProcessMemory(process: ProcessKept): ProcessMemory {
  const { sampled } = process;
  return {
    process_id: process.processId,
    rss_bytes: process.rssBytes,
    heap_used_bytes: process.heapUsedBytes,
    heap_total_bytes: process.heapTotalBytes,
    external_bytes: process.externalBytes,
    array_buffer_bytes: process.arrayBufferBytes,
    heap_spaces: process.spaces.map(({ name, usedBytes }) => ({ name, used_bytes: usedBytes })),
    sampled_ms: sampled?.forMs ?? null,
    sampled_bytes: sampled?.bytes ?? null,
    sites: (sampled?.sites ?? []).map(({ functionName, place, caller, bytes }) => ({
      function_name: functionName,
      place,
      caller,
      bytes,
    })),
    not_sampled: process.notSampled,
  };
}
