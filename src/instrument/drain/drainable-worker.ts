/** What the drain uses of BullMQ's `Worker`; everything but the first two is missing in one version or another. */
export interface DrainableWorker {
  isRunning(): boolean;
  /** Whether the application paused it: a drain never does. */
  isPaused(): boolean;
  /** Set from the call of `close()` on. */
  readonly closing?: unknown;
  readonly opts?: { readonly connection?: unknown; readonly drainDelay?: number };
  /** The promise of the blocking command that the worker waits in for its next job; null while it does not. */
  readonly waiting?: unknown;
  /** Aborts the wait for a rate limit; before BullMQ 5.57 a fetch waits there. */
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

/** The methods by which a worker fetches and processes jobs, in every BullMQ from 5.0.0 to 6.7: without them it cannot be held. */
export function canBeHeld(worker: object): boolean {
  return '_getNextJob' in worker && 'moveToActive' in worker && 'processJob' in worker;
}
