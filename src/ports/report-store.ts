/** What reports to people need to survive a start of the actuator. No method rejects. */
export interface ReportStore {
  /** Replaces what was saved. */
  saveOverLimit(json: string): Promise<void>;
  /** Null where nothing was saved, or it cannot be read. */
  loadOverLimit(): Promise<string | null>;
  /**
   * True for one caller a week, of all actuators, and for none in the week of the very first call: an actuator that is
   * new has nothing to sum up. False where Redis does not answer.
   *
   * @param week counts up; see `weekOf`
   */
  claimWeek(week: number): Promise<boolean>;
}
