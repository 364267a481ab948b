/**
 * Chooses which of several actuators takes measurements. It only saves work: two leaders are harmless, because the
 * ledger allows each restart once. Without Redis every actuator leads: it still observes and advises, and must not
 * refuse measurements for a leader that is not known. A standby does not take one late answer for a lost Redis, because
 * the other's lease still runs.
 */
export interface Leader {
  isLeader(): boolean;
  /** Called when this actuator takes the lead from another, or at its start. */
  onLeading(listener: () => void): void;
  /** Tries for the key now, then again and again. */
  start(): void;
  /** Gives the key back, so that another one can lead at once. */
  stop(): Promise<void>;
}
