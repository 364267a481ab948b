import { isMainThread, type Worker } from 'node:worker_threads';
import { afterReading } from '../patience.ts';
import { type Lineage, ownLineage, passLineageOn } from './thread-lineage.ts';

const THREADS = Symbol.for('tidemark.threads');
const CHANNEL = 'tidemark.bullmq';
const TO_MAIN = 'tidemark.jobs';
const ENDED = 'tidemark.ended-threads';

export interface ThreadMessage {
  /** Of the thread that sent it. */
  readonly lineage: Lineage;
  /** False: nobody would report the end of that thread, because its starter has not loaded Tidemark. */
  readonly isFollowed: boolean;
  readonly data: unknown;
}

/** A thread has ended, and with it those that it had started. */
export interface ThreadEnd {
  readonly threadId: number;
}

/** Takes what arrives from threads, in order. */
export type TakeFromThreads = (arrival: ThreadMessage | ThreadEnd) => void;

interface Threads {
  readonly running: Set<Worker>;
  /** Of the threads that this one has started. */
  readonly ids: Set<number>;
  /** What arrived before anybody took it, oldest first. Node loads the code that takes it while jobs already run. */
  readonly waiting: (ThreadMessage | ThreadEnd)[];
  take: TakeFromThreads | null;
}

/** Messages. Of a job whose start is dropped, the end still counts. */
const MAX_WAITING = 1000;
const LATE_MESSAGES_MS = 500;

/** The running worker threads that this thread has started since the first call. */
export function startedThreads(): ReadonlySet<Worker> {
  return threads().running;
}

/**
 * In the main thread: takes what threads send with `senderToMain`, and their ends. Replaces the former taker. Opens
 * nothing before the first thread starts.
 */
export function takeFromThreads(take: TakeFromThreads): void {
  const all = threads();
  all.take = take;
  for (const arrival of all.waiting.splice(0)) take(arrival);
}

function threads(): Threads {
  const holder = globalThis as { [THREADS]?: Threads };
  const present = holder[THREADS];
  if (present !== undefined) return present;
  const all: Threads = { running: new Set(), ids: new Set(), waiting: [], take: null };
  holder[THREADS] = all;
  passLineageOn();
  if (isMainThread) whenFirstThreadStarts(() => listenToThreads(all));
  process.on('worker', (thread: Worker) => {
    // Read now: at `exit` the thread has lost its id.
    const { threadId } = thread;
    all.running.add(thread);
    all.ids.add(threadId);
    thread.once('exit', () => {
      all.running.delete(thread);
      const channel = new BroadcastChannel(ENDED);
      channel.postMessage(threadId);
      channel.close();
    });
  });
  return all;
}

function listenToThreads(all: Threads): void {
  const channel = new BroadcastChannel(TO_MAIN);
  channel.onmessage = ({ data: message }: { data?: unknown }) => {
    const { lineage, data } = message as Pick<ThreadMessage, 'lineage' | 'data'>;
    const [first] = lineage;
    if (first !== undefined) receive(all, { lineage, isFollowed: all.ids.has(first), data });
  };
  channel.unref();
  whenThreadsEnd((threadId) => {
    all.ids.delete(threadId);
    receive(all, { threadId });
  });
}

/**
 * Calls `then` for each thread that ends, in whatever thread of this process it was started, if its starter has loaded
 * Tidemark. The threads that it had started end with it, and are not reported.
 */
export function whenThreadsEnd(then: (threadId: number) => void): void {
  const channel = new BroadcastChannel(ENDED);
  channel.onmessage = ({ data }: { data?: unknown }) => {
    // What the thread has sent before may arrive after its end, if this thread was busy.
    afterReading(LATE_MESSAGES_MS, () => then(data as number));
  };
  channel.unref();
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

function receive({ waiting, take }: Threads, arrival: ThreadMessage | ThreadEnd): void {
  if (take !== null) {
    take(arrival);
    return;
  }
  waiting.push(arrival);
  if (waiting.length > MAX_WAITING) waiting.shift();
}

/** In a thread: a function that sends to the main thread. The channel does not keep the thread alive. */
export function senderToMain(): (data: unknown) => void {
  const lineage = ownLineage() ?? [];
  const channel = new BroadcastChannel(TO_MAIN);
  channel.unref();
  return (data) => channel.postMessage({ lineage, data } satisfies Omit<ThreadMessage, 'isFollowed'>);
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
