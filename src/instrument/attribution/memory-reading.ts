/** The memory of the process at one moment, in bytes. */
export interface MemoryReading {
  readonly rssBytes: number;
  /** Objects on the V8 heap, garbage that is not collected yet included. */
  readonly heapBytes: number;
  /** Memory outside the heap that V8 knows of: Buffers above all. */
  readonly externalBytes: number;
  /** The rest of RSS: native libraries, code, the allocator's free lists. */
  readonly nativeBytes: number;
}

/** The three kinds of memory that are followed one by one. */
export const MEMORY_KINDS = ['heapBytes', 'externalBytes', 'nativeBytes'] as const;
export type MemoryKind = (typeof MEMORY_KINDS)[number];
