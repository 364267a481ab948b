/** What is kept of one boot. */
export interface SavedBoot {
  /** Unique over all apps. */
  readonly bootKey: string;
  readonly json: string;
  /** What jobs did in the boot, for people; null or absent: what was saved before stays. */
  readonly jobs?: string | null;
  /** The partition of Kafka from which the boot's points come; null or absent: they come another way. */
  readonly partition?: number | null;
}

export type TakeSnapshot = (bootKey: string, json: string) => void;

/** The folded state of each boot, so that a restarted actuator continues where the last one stopped. */
export interface Snapshots {
  /** Sends all of them at once. Throws `LedgerUnavailable`: each of them may have been saved, or may still be. */
  save(boots: readonly SavedBoot[]): Promise<void>;
  /**
   * Passes on the snapshots that have not expired, one after the other: together they may be more than fits into the
   * memory. Throws `LedgerUnavailable`.
   *
   * @param partition only those of boots that were saved with it; null: all
   * @param take may get the same one twice
   */
  load(partition: number | null, take: TakeSnapshot): Promise<void>;
  /** Reports a snapshot of `load` that could not be read. It is overwritten when the boot next closes a bucket. */
  refuse(bootKey: string): void;
}
