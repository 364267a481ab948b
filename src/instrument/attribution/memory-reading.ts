/** The memory of the process at one moment, in bytes. */
export interface MemoryReading {
  readonly rssBytes: number;
  /** Objects on the V8 heap, garbage that is not collected yet included. */
  readonly heapBytes: number;
  /** Memory outside the heap that V8 knows of: Buffers above all. */
  readonly externalBytes: number;
}

/**
 * The three figures, each followed by itself. Memory in RSS alone (native libraries, the allocator's free lists) is not
 * a fourth: V8 counts freed Buffers up to a second longer than RSS does, so the difference of the two means nothing.
 */
export const MEMORY_KINDS = ['heapBytes', 'externalBytes', 'rssBytes'] as const;
export type MemoryKind = (typeof MEMORY_KINDS)[number];
