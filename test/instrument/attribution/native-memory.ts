import type { MemoryReading } from '../../../src/instrument/attribution/memory-reading.ts';

/** A reading of a process without V8: all of its RSS is native memory. */
export function nativeMemory(rssBytes: number): MemoryReading {
  return { rssBytes, heapBytes: 0, externalBytes: 0 };
}
