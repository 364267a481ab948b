/** The folded state of each boot, so that a restarted actuator continues where the last one stopped. */
export interface Snapshots {
  /**
   * `bootKey` is unique over all apps. Throws `LedgerUnavailable`.
   *
   * @param jobs what jobs did in the boot, for people; null or absent: what was saved before stays
   */
  save(bootKey: string, json: string, jobs?: string | null): Promise<void>;
  /** All snapshots that have not expired, by their key. Throws `LedgerUnavailable`. */
  loadAll(): Promise<ReadonlyMap<string, string>>;
  /** Reports a snapshot of `loadAll` that could not be read. It is overwritten when the boot next closes a bucket. */
  refuse(bootKey: string): void;
}
