import { type Lineage, ownLineage } from '../identity/thread-lineage.ts';
import { startedThreads, whenThreadsEnd } from '../identity/threads.ts';

/** How far the workers of one thread are with a drain. */
interface ThreadState {
  /** Null while nothing is drained. */
  readonly attemptId: string | null;
  readonly idle: boolean;
}

/** A thread that is known to have workers. */
interface Peer extends ThreadState {
  /** Not empty, except that of the main thread. */
  readonly lineage: Lineage;
}

interface Message extends Peer {
  readonly threadId: number;
  /** The thread no longer has workers. */
  readonly isGone: boolean;
}

const CHANNEL = 'tidemark.drain';
const NOTHING_DRAINED: ThreadState = { attemptId: null, idle: false };

/**
 * The threads of this process that run BullMQ workers. Each has its own drain, and none may report to the actuator that
 * it is idle before all are: the actuator knows processes, not threads. The main thread opens nothing before it has
 * started a thread.
 */
class ThreadPeers {
  readonly #others = new Map<number, Peer>();
  readonly #threadId: number;
  readonly #lineage: Lineage;
  #channel: InstanceType<typeof BroadcastChannel> | null = null;
  #own: ThreadState | null = null;

  constructor() {
    const { isMainThread, threadId } = process.getBuiltinModule('node:worker_threads');
    this.#threadId = threadId;
    this.#lineage = ownLineage() ?? [threadId];
    if (!isMainThread || startedThreads().size > 0) this.#open();
    process.on('worker', () => this.#open());
  }

  /** Reports to the other threads, once this thread has workers. */
  report(state: ThreadState = NOTHING_DRAINED): void {
    this.#own = state;
    this.#post(state, false);
  }

  /** This thread no longer has workers. */
  leave(): void {
    if (this.#own !== null) this.#post(this.#own, true);
    this.#own = null;
  }

  areIdle(attemptId: string): boolean {
    return [...this.#others.values()].every((other) => other.idle && other.attemptId === attemptId);
  }

  #open(): void {
    if (this.#channel !== null) return;
    const channel = new BroadcastChannel(CHANNEL);
    channel.onmessage = ({ data }) => this.#heard(data as Message);
    channel.unref();
    this.#channel = channel;
    whenThreadsEnd((ended) => {
      for (const [threadId, { lineage }] of this.#others) if (lineage.includes(ended)) this.#others.delete(threadId);
    });
  }

  #heard({ threadId, lineage, attemptId, idle, isGone }: Message): void {
    const isNew = !this.#others.has(threadId);
    if (isGone) this.#others.delete(threadId);
    else this.#others.set(threadId, { lineage, attemptId, idle });
    if (isNew && !isGone && this.#own !== null) this.#post(this.#own, false);
  }

  #post(state: ThreadState, isGone: boolean): void {
    const message: Message = { ...state, threadId: this.#threadId, lineage: this.#lineage, isGone };
    this.#channel?.postMessage(message);
  }
}

let peers: ThreadPeers | null = null;

/**
 * The threads of this process. Threads started before the first call are known only if `register` was loaded before
 * them.
 */
export function threadPeers(): ThreadPeers {
  peers ??= new ThreadPeers();
  return peers;
}
