import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * Does the work for all items, `atOnce` of them at a time and in their order: commands that are sent together cost one
 * round trip to Redis. Rejects where one fails, after the others of its batch have ended.
 *
 * Between two batches requests are answered, also where the work waits for nothing: without Redis, each of 20,000
 * decisions that are news is only a line in the log.
 */
export async function inBatches<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  for (let first = 0; first < items.length; first += atOnce) {
    if (first > 0) await nextTurn();
    const results = await Promise.allSettled(items.slice(first, first + atOnce).map(work));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }
}
