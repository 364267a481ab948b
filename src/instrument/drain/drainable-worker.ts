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
