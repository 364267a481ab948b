import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';
import { HEAP_SPACES, type MemoryAnswer } from '../../shared/memory-report-messages.ts';

/** The memory that this thread's heap and its process hold now. Takes well under a millisecond. */
export function memoryNow(): Omit<MemoryAnswer, 'attemptId' | 'sampled' | 'notSampled'> {
  const { rss, heapUsed, heapTotal, external, arrayBuffers } = process.memoryUsage();
  const spaces = getHeapSpaceStatistics()
    .map(({ space_name, space_used_size }) => ({ name: space_name, usedBytes: space_used_size }))
    .filter(({ usedBytes }) => usedBytes > 0)
    .sort((a, b) => b.usedBytes - a.usedBytes)
    .slice(0, HEAP_SPACES);
  return {
    rssBytes: rss,
    heapUsedBytes: heapUsed,
    heapTotalBytes: heapTotal,
    externalBytes: external,
    arrayBufferBytes: arrayBuffers,
    spaces,
  };
}

/** Fraction of V8's heap limit above which nothing is sampled: samples must not use the last of the heap. */
const MAX_HEAP_FRACTION = 0.95;

/** Whether RSS is at most `maxRssBytes`, and the heap not close to V8's limit. */
export function hasHeadroom(maxRssBytes: number): boolean {
  const { used_heap_size, heap_size_limit } = getHeapStatistics();
  return process.memoryUsage.rss() <= maxRssBytes && used_heap_size <= MAX_HEAP_FRACTION * heap_size_limit;
}
