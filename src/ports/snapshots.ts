/** The folded state of each boot, so that a restarted actuator goes on where the last one was. */
export interface Snapshots {
  /** By a key that no other boot has, of another app neither. Throws `LedgerUnavailable`. */
  save(bootKey: string, json: string): Promise<void>;
  /** All snapshots that have not expired, by their key. Throws `LedgerUnavailable`. */
  loadAll(): Promise<ReadonlyMap<string, string>>;
  /** Tells of a snapshot that `loadAll` gave and that is none; it is written again when the boot next closes a bucket. */
  refuse(bootKey: string): void;
}
