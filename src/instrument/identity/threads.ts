import type { Worker } from 'node:worker_threads';

const THREADS = Symbol.for('tidemark.threads');
const CHANNEL = 'tidemark.bullmq';

/** The worker threads that this thread has started since the first call and that have not ended. */
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

/** Called in a thread that makes a BullMQ worker: the main thread, which may never do so itself, measures the process. */
export function announceBullmq(): void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage(null);
  channel.close();
}

/** Calls `then` in the main thread when a thread announces BullMQ. Opens nothing before the first thread starts. */
export function whenThreadHasBullmq(then: () => void): void {
  process.once('worker', () => {
    const channel = new BroadcastChannel(CHANNEL);
    channel.onmessage = () => {
      channel.close();
      then();
    };
    channel.unref();
  });
}
