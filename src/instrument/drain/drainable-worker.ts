/** What the drain uses of BullMQ's `Worker`. Some version lacks each member except the first two. */
export interface DrainableWorker {
  isRunning(): boolean;
  /** Whether the application paused the worker. A drain never pauses it. */
  isPaused(): boolean;
  /** Set once `close()` was called. */
  readonly closing?: unknown;
  readonly opts?: { readonly connection?: unknown; readonly drainDelay?: number };
  /** The promise of the blocking command in which the worker waits for its next job; null while it does not wait. */
  readonly waiting?: unknown;
  /** Aborts the wait for a rate limit. Before BullMQ 5.57, a fetch waits there. */
  readonly abortDelayController?: AbortController | null;
  /** BullMQ 6. */
  readonly backend?: {
    readonly blockingClient?: Promise<unknown>;
    disconnectBlocking?(wait: boolean): Promise<void>;
    reconnectBlocking?(): Promise<void>;
  };
  /** BullMQ 5. */
  readonly blockingConnection?: {
    readonly client: Promise<unknown>;
    disconnect(wait: boolean): Promise<void>;
    reconnect(): Promise<void>;
  };
}

/**
 * Whether the worker has the methods by which BullMQ 5.0.0 to 6.7 fetches and processes jobs: without them it cannot be
 * held.
 */
export function canBeHeld(worker: object): boolean {
  return '_getNextJob' in worker && 'moveToActive' in worker && 'processJob' in worker;
}
