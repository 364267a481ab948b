import { getEnvironmentData, isMainThread, setEnvironmentData, threadId } from 'node:worker_threads';

/** Passed to each thread that is started later: the lineage of the thread that starts it. */
const LINEAGE = 'tidemark.lineage';

/**
 * The ids of threads, each started by the one before it: the first by the main thread, the last is the thread itself.
 * That of the main thread is empty.
 */
export type Lineage = readonly number[];

/**
 * This thread's lineage. Null if the main thread had not loaded Tidemark when it started this thread or its ancestor. A
 * thread whose starter had not loaded Tidemark passes for one of the main thread's.
 */
export function ownLineage(): Lineage | null {
  if (isMainThread) return [];
  const inherited = getEnvironmentData(LINEAGE);
  if (!Array.isArray(inherited)) return null;
  const ids: readonly number[] = inherited;
  return ids.at(-1) === threadId ? ids : [...ids, threadId];
}

/** Lets the threads that this one starts from now on know their lineage. */
export function passLineageOn(): void {
  const own = ownLineage();
  if (own !== null) setEnvironmentData(LINEAGE, [...own]);
}
