/** What the drain uses of BullMQ's `Worker`; everything but the first four is missing in one version or another. */
export interface DrainableWorker {
  isRunning(): boolean;
  isPaused(): boolean;
  /** With `true` it does not wait for the jobs that run. */
  pause(doNotWaitActive?: boolean): Promise<void>;
  /** Also starts a worker that never ran. */
  resume(): Promise<void> | void;
  /** Set from the call of `close()` on. */
  readonly closing?: unknown;
  emit?(event: 'error', error: unknown): unknown;
  readonly opts?: { readonly connection?: unknown };
  /** From BullMQ 5.53.3 on: its loop waits here while the queue is limited, until this is aborted. */
  waitForRateLimit?(): Promise<void>;
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
 * Whether the loop of such a worker, or of a class's workers, ends just when it is paused or closes and nothing is left in its hands: then
 * `isRunning()` tells all. So from BullMQ 5.53.3 on (of 5.40.2 to 5.53.2 the loop fetches once more when a limit is over).
 */
export function endsWithItsJobs(worker: object): boolean {
  return 'waitForRateLimit' in worker;
}
