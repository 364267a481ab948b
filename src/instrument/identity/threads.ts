import { getEnvironmentData, isMainThread, setEnvironmentData, threadId, type Worker } from 'node:worker_threads';
import { afterReading } from '../patience.ts';

const THREADS = Symbol.for('tidemark.threads');
const CHANNEL = 'tidemark.bullmq';
const TO_MAIN = 'tidemark.jobs';
/** Passed to each thread that is started later. */
const FOLLOWED = 'tidemark.followed';

export interface ThreadMessage {
  readonly threadId: number;
  /** Null: the thread has ended. */
  readonly data: unknown;
}

interface Threads {
  readonly running: Set<Worker>;
  /** Of the threads whose end will be seen: only their messages are taken. */
  readonly ids: Set<number>;
  /** What arrived before anybody took it, oldest first. Node loads the code that takes it while jobs already run. */
  readonly waiting: ThreadMessage[];
  take: ((message: ThreadMessage) => void) | null;
}

/** Messages. Of a job whose start is dropped, the end still counts. */
const MAX_WAITING = 1000;
const LATE_MESSAGES_MS = 500;

/** The running worker threads that this thread has started since the first call. */
export function startedThreads(): ReadonlySet<Worker> {
  return threads().running;
}

/**
 * Takes what the started threads send with `sendToMain`, and each thread's end. Replaces the former taker. Opens
 * nothing before the first thread starts.
 */
export function takeFromThreads(take: (message: ThreadMessage) => void): void {
  const all = threads();
  all.take = take;
  for (const message of all.waiting.splice(0)) take(message);
}

function threads(): Threads {
  const holder = globalThis as { [THREADS]?: Threads };
  const present = holder[THREADS];
  if (present !== undefined) return present;
  const all: Threads = { running: new Set(), ids: new Set(), waiting: [], take: null };
  holder[THREADS] = all;
  if (isMainThread) setEnvironmentData(FOLLOWED, true);
  whenFirstThreadStarts(() => {
    const channel = new BroadcastChannel(TO_MAIN);
    channel.onmessage = ({ data }: { data?: unknown }) => {
      const message = data as ThreadMessage;
      if (all.ids.has(message.threadId)) receive(all, message);
    };
    channel.unref();
  });
  process.on('worker', (thread: Worker) => {
    // Read now: at `exit` the thread has lost its id.
    const { threadId } = thread;
    all.running.add(thread);
    all.ids.add(threadId);
    thread.once('exit', () => {
      all.running.delete(thread);
      // What it has sent before may arrive after its end, if this thread was busy.
      afterReading(LATE_MESSAGES_MS, () => {
        all.ids.delete(threadId);
        receive(all, { threadId, data: null });
      });
    });
  });
  return all;
}

/**
 * Calls `then` before the constructor of the first thread returns. The event `worker` comes later, after what this
 * thread does at once, for example loading the rest of the app, and what the thread has sent until then would be lost.
 */
function whenFirstThreadStarts(then: () => void): void {
  let hasStarted = false;
  process.getBuiltinModule('node:diagnostics_channel').subscribe('worker_threads', () => {
    if (hasStarted) return;
    hasStarted = true;
    then();
  });
}

function receive({ waiting, take }: Threads, message: ThreadMessage): void {
  if (take !== null) {
    take(message);
    return;
  }
  waiting.push(message);
  if (waiting.length > MAX_WAITING) waiting.shift();
}

/** In a thread: a function that sends to the main thread. The channel does not keep the thread alive. */
export function senderToMain(): (data: unknown) => void {
  const channel = new BroadcastChannel(TO_MAIN);
  channel.unref();
  return (data) => channel.postMessage({ threadId, data } satisfies ThreadMessage);
}

/** In a thread: whether the main thread had loaded Tidemark when it started this one. */
export function isFollowedByMain(): boolean {
  return getEnvironmentData(FOLLOWED) === true;
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
  whenFirstThreadStarts(() => {
    const channel = new BroadcastChannel(CHANNEL);
    channel.onmessage = ({ data }: { data?: unknown }) => {
      const hasWorker = data === true;
      if (hasWorker) channel.close();
      then(hasWorker);
    };
    channel.unref();
  });
}
