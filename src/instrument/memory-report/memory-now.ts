import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';
import { HEAP_SPACES, type MemoryAnswer } from '../../shared/memory-report-messages.ts';

/** What this thread's heap and its process hold now. Takes well under a millisecond. */
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

/** Of V8's own limit for the heap: above it, a sample's few bytes could be those that are missing. */
const MAX_HEAP_FRACTION = 0.95;

/** Whether the process is far enough from where it would be killed, and its heap from where V8 gives up. */
export function hasHeadroom(maxRssBytes: number): boolean {
  const { used_heap_size, heap_size_limit } = getHeapStatistics();
  return process.memoryUsage.rss() <= maxRssBytes && used_heap_size <= MAX_HEAP_FRACTION * heap_size_limit;
}
