/** What the worker's main thread and the thread of the actuator inside it exchange. */

/** `workerData` of the thread. */
export interface EmbeddedStart {
  readonly app: string;
  readonly processType: string;
  /** What the leader key holds: the main thread took it, the thread keeps it. */
  readonly leaderId: string;
}

/** From the thread: a line of the log, one JSON object; or why it cannot run at all, one sentence each. */
export type EmbeddedMessage =
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'faults'; readonly faults: readonly string[] };

/** To the thread: it gives the lead back and ends. */
export const STOP_EMBEDDED = 'stop';
