import type { Worker } from 'node:worker_threads';

const THREADS = Symbol.for('tidemark.threads');
const CHANNEL = 'tidemark.bullmq';

/** The running worker threads that this thread has started since the first call. */
export function startedThreads(): ReadonlySet<Worker> {
  const holder = globalThis as { [THREADS]?: Set<Worker> };
  const present = holder[THREADS];
  if (present !== undefined) return present;
  const threads = new Set<Worker>();
  holder[THREADS] = threads;
  process.on('worker', (thread: Worker) => {
    threads.add(thread);
    thread.once('exit', () => threads.delete(thread));
  });
  return threads;
}

/**
 * Call it in a thread each time BullMQ is found: the main thread, which may never use BullMQ itself, measures the
 * process. Null: not from a worker.
 */
export function announceBullmq(workerPrototype: object | null): void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage(workerPrototype !== null);
  channel.close();
}

/**
 * Calls `then` in the main thread each time BullMQ is found in a thread, up to the first worker, for which `hasWorker`
 * is true. Opens nothing before the first thread starts.
 */
export function whenThreadHasBullmq(then: (hasWorker: boolean) => void): void {
  process.once('worker', () => {
    const channel = new BroadcastChannel(CHANNEL);
    channel.onmessage = ({ data }: { data?: unknown }) => {
      const hasWorker = data === true;
      if (hasWorker) channel.close();
      then(hasWorker);
    };
    channel.unref();
  });
}
