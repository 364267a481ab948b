import { isMainThread, type Worker } from 'node:worker_threads';
import { afterReading } from '../patience.ts';
import { type Lineage, ownLineage, passLineageOn } from './thread-lineage.ts';

const THREADS = Symbol.for('tidemark.threads');
const CHANNEL = 'tidemark.bullmq';
/** Followed by the id of the main thread's own thread from which the sender descends. */
const TO_MAIN = 'tidemark.jobs.';
/** Each sender says once that it is there. */
const SENDERS = 'tidemark.senders';
const ENDED = 'tidemark.ended-threads';

export interface ThreadMessage {
  /** Of the thread that sent it. */
  readonly lineage: Lineage;
  readonly data: unknown;
}

/** A thread would send, and nobody would report its end, because its starter has not loaded Tidemark. */
export interface UnfollowedThread {
  readonly unfollowed: Lineage;
}

/** A thread has ended, and with it those that it had started. */
export interface ThreadEnd {
  readonly threadId: number;
}

type Arrival = ThreadMessage | ThreadEnd | UnfollowedThread;

/** Takes what arrives from threads, in order. */
export type TakeFromThreads = (arrival: Arrival) => void;

interface Threads {
  readonly running: Set<Worker>;
  /** What arrived before anybody took it, oldest first. Node loads the code that takes it while jobs already run. */
  readonly waiting: Arrival[];
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
  const all: Threads = { running: new Set(), waiting: [], take: null };
  holder[THREADS] = all;
  passLineageOn();
  if (isMainThread) listenToThreads(all);
  process.on('worker', (thread: Worker) => {
    // Read now: at `exit` the thread has lost its id.
    const { threadId } = thread;
    all.running.add(thread);
    thread.once('exit', () => {
      all.running.delete(thread);
      send(ENDED, threadId);
    });
  });
  return all;
}

/**
 * Each thread of the main thread has a channel of its own, which it shares with the threads that descend from it. On
 * one channel for all, each message of a job would reach and wake every thread.
 */
function listenToThreads(all: Threads): void {
  const channels = new Map<number, InstanceType<typeof BroadcastChannel>>();
  whenFirstThreadStarts(() => {
    listen(SENDERS, (data) => {
      const unfollowed = data as Lineage;
      if (!unfollowed.slice(0, 1).every((root) => channels.has(root))) receive(all, { unfollowed });
    });
    whenThreadsEnd((threadId) => {
      receive(all, { threadId });
      channels.get(threadId)?.close();
      channels.delete(threadId);
    });
  });
  whenThreadStarts(({ threadId }) => {
    channels.set(
      threadId,
      listen(`${TO_MAIN}${threadId}`, (data) => receive(all, data as ThreadMessage)),
    );
  });
}

/** Does not keep the thread alive. */
function listen(name: string, hear: (data: unknown) => void): InstanceType<typeof BroadcastChannel> {
  const channel = new BroadcastChannel(name);
  channel.onmessage = ({ data }: { data?: unknown }) => hear(data);
  channel.unref();
  return channel;
}

/**
 * Calls `then` for each thread that ends, in whatever thread of this process it was started, if its starter has loaded
 * Tidemark. The threads that it had started end with it, and are not reported.
 */
export function whenThreadsEnd(then: (threadId: number) => void): void {
  // What the thread has sent before may arrive after its end, if this thread was busy.
  listen(ENDED, (data) => void afterReading(LATE_MESSAGES_MS, () => then(data as number)));
}

/**
 * Calls `then` before the constructor of a thread returns. The event `worker` comes later, after what this thread does
 * at once, for example loading the rest of the app, and what the thread has sent until then would be lost.
 */
function whenThreadStarts(then: (thread: Worker) => void): void {
  process.getBuiltinModule('node:diagnostics_channel').subscribe('worker_threads', (message) => {
    then((message as { readonly worker: Worker }).worker);
  });
}

/** The same, for the first thread. */
function whenFirstThreadStarts(then: () => void): void {
  let hasStarted = false;
  whenThreadStarts(() => {
    if (hasStarted) return;
    hasStarted = true;
    then();
  });
}

function receive({ waiting, take }: Threads, arrival: Arrival): void {
  if (take !== null) {
    take(arrival);
    return;
  }
  waiting.push(arrival);
  if (waiting.length > MAX_WAITING) waiting.shift();
}

/**
 * In a thread: a function that sends to the main thread. The channel does not keep the thread alive. Sends nothing if
 * the main thread had not loaded Tidemark when it started the thread.
 */
export function senderToMain(): (data: unknown) => void {
  const lineage = ownLineage() ?? [];
  const [root] = lineage;
  if (root === undefined) return () => {};
  let channel: InstanceType<typeof BroadcastChannel> | null = null;
  return (data) => {
    if (channel === null) {
      send(SENDERS, lineage);
      channel = new BroadcastChannel(`${TO_MAIN}${root}`);
      channel.unref();
    }
    channel.postMessage({ lineage, data } satisfies ThreadMessage);
  };
}

function send(name: string, data: unknown): void {
  const channel = new BroadcastChannel(name);
  channel.postMessage(data);
  channel.close();
}

/**
 * Call it in a thread each time BullMQ is found: the main thread, which may never use BullMQ itself, measures the
 * process. Null: not from a worker.
 */
export function announceBullmq(workerPrototype: object | null): void {
  send(CHANNEL, workerPrototype !== null);
}

/**
 * Calls `then` in the main thread each time BullMQ is found in a thread, up to the first worker, for which `hasWorker`
 * is true. Opens nothing before the first thread starts.
 */
export function whenThreadHasBullmq(then: (hasWorker: boolean) => void): void {
  whenFirstThreadStarts(() => {
    const channel = listen(CHANNEL, (data) => {
      const hasWorker = data === true;
      if (hasWorker) channel.close();
      then(hasWorker);
    });
  });
}
