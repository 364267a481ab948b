/** What is kept next to a boot's snapshot. */
export interface SavedWith {
  /** What jobs did in the boot, for people; null or absent: what was saved before stays. */
  readonly jobs?: string | null;
  /** The partition of Kafka from which the boot's points come; null or absent: they come another way. */
  readonly partition?: number | null;
}

/** The folded state of each boot, so that a restarted actuator continues where the last one stopped. */
export interface Snapshots {
  /**
   * `bootKey` is unique over all apps. Throws `LedgerUnavailable`.
   */
  save(bootKey: string, json: string, more?: SavedWith): Promise<void>;
  /**
   * All snapshots that have not expired, by their key. Throws `LedgerUnavailable`.
   *
   * @param partition only those of boots that were saved with it; null: all
   */
  load(partition: number | null): Promise<ReadonlyMap<string, string>>;
  /** Reports a snapshot of `load` that could not be read. It is overwritten when the boot next closes a bucket. */
  refuse(bootKey: string): void;
}
