import type { Worker } from 'node:worker_threads';
import { startedThreads } from '../identity/threads.ts';

/** How far the workers of one thread are with a drain. */
interface ThreadState {
  /** Null while nothing is drained. */
  readonly attemptId: string | null;
  readonly idle: boolean;
}

interface Message extends ThreadState {
  readonly threadId: number;
  /** The thread has no workers any more. */
  readonly isGone: boolean;
}

const CHANNEL = 'tidemark.drain';
const NOTHING_DRAINED: ThreadState = { attemptId: null, idle: false };

/**
 * The threads of this process that run BullMQ workers. Each has a drain of its own, and none may tell the actuator that it is idle before all are: the
 * actuator knows processes, not threads. In the main thread nothing is opened before it has started a thread.
 */
class ThreadPeers {
  readonly #others = new Map<number, ThreadState>();
  readonly #threadId: number;
  #channel: InstanceType<typeof BroadcastChannel> | null = null;
  #own: ThreadState | null = null;

  constructor() {
    const { isMainThread, threadId } = process.getBuiltinModule('node:worker_threads');
    this.#threadId = threadId;
    for (const thread of startedThreads()) this.#threadStarts(thread);
    process.on('worker', (thread: Worker) => this.#threadStarts(thread));
    if (!isMainThread) this.#open();
  }

  /** Tells the others, once this thread has workers. */
  tell(state: ThreadState = NOTHING_DRAINED): void {
    this.#own = state;
    this.#post(state, false);
  }

  /** This thread has no workers any more. */
  leave(): void {
    if (this.#own !== null) this.#post(this.#own, true);
    this.#own = null;
  }

  areIdle(attemptId: string): boolean {
    return [...this.#others.values()].every((other) => other.idle && other.attemptId === attemptId);
  }

  #threadStarts(thread: Worker): void {
    this.#open();
    // By then it has lost its id.
    const { threadId } = thread;
    thread.once('exit', () => this.#others.delete(threadId));
  }

  #open(): void {
    if (this.#channel !== null) return;
    const channel = new BroadcastChannel(CHANNEL);
    channel.onmessage = ({ data }) => this.#heard(data as Message);
    channel.unref();
    this.#channel = channel;
  }

  #heard({ threadId, attemptId, idle, isGone }: Message): void {
    const isNew = !this.#others.has(threadId);
    if (isGone) this.#others.delete(threadId);
    else this.#others.set(threadId, { attemptId, idle });
    if (isNew && !isGone && this.#own !== null) this.#post(this.#own, false);
  }

  #post(state: ThreadState, isGone: boolean): void {
    const message: Message = { ...state, threadId: this.#threadId, isGone };
    this.#channel?.postMessage(message);
  }
}

let peers: ThreadPeers | null = null;

/** Those of this process. Threads that it started before the first call are known where `register` was loaded before them. */
export function threadPeers(): ThreadPeers {
  peers ??= new ThreadPeers();
  return peers;
}
