export type DynoEvent =
  | 'boot'
  | 'up'
  | 'sigterm'
  | 'sigkill'
  | 'exit'
  | 'crashed'
  | 'restart-requested'
  | 'restart-all-requested'
  | 'release';

/** One thing that the dyno manager did, or that was requested of it. */
export interface LogEntry {
  /** Unix ms. */
  readonly timeMs: number;
  readonly app: string;
  readonly event: DynoEvent;
  /** Null if the entry is about the whole app. */
  readonly dyno: string | null;
  /** Null if there is no such dyno. */
  readonly dynoId: string | null;
  /** Exit code, signal, release, in words; null if there is nothing to add. */
  readonly detail: string | null;
}

export type EventInput = Omit<LogEntry, 'timeMs'>;

/** Keeps the entries in order, and passes each to the listeners. */
export class EventLog {
  readonly entries: LogEntry[] = [];
  readonly #listeners = new Set<(entry: LogEntry) => void>();

  record(input: EventInput): void {
    const entry: LogEntry = { timeMs: Date.now(), ...input };
    this.entries.push(entry);
    for (const listener of this.#listeners) listener(entry);
  }

  /** Returns a function that removes the listener. */
  on(listener: (entry: LogEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
