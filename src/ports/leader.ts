/**
 * The leader key only saves work: it chooses which of several actuators takes the points in. Two leaders are harmless, as the ledger keeps
 * them apart. Where Redis cannot be reached everyone leads: an actuator without Redis still observes and advises, and it must not send its
 * senders away to a leader that cannot be known. One that stands by takes a late answer for no such thing: the other's lease is still running.
 */
export interface Leader {
  isLeader(): boolean;
  /** Called when this one takes the lead from another, or takes it at its start. */
  onLeading(listener: () => void): void;
  /** Tries for the key now, then again and again. */
  start(): void;
  /** Gives the key back, so that another one can lead at once. */
  stop(): Promise<void>;
}
