/**
 * Does the work for all items, `atOnce` of them at a time and in their order: commands that are sent together cost one
 * round trip to Redis. Rejects where one fails, after the others of its batch have ended.
 */
export async function inBatches<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  for (let first = 0; first < items.length; first += atOnce) {
    const results = await Promise.allSettled(items.slice(first, first + atOnce).map(work));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }
}
