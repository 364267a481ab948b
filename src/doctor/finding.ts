/** One line of `tidemark doctor`. Never carries a secret. */
export interface Finding {
  /** `fault`: Tidemark cannot work. `warning`: it works, but perhaps not as expected. */
  readonly level: 'ok' | 'warning' | 'fault';
  /**
   * What was checked: `settings`, `Heroku`, `Redis`, `Kafka`, `clocks`, `restarts`, `points`, `allocator`,
   * `actuator`.
   */
  readonly subject: string;
  /** What was found, without a full stop. */
  readonly says: string;
  /** What to do; null where nothing need be done. */
  readonly advice: string | null;
}

/** Makes the findings of one subject. */
export function findingsOn(subject: string) {
  return {
    ok: (says: string): Finding => ({ level: 'ok', subject, says, advice: null }),
    warning: (says: string, advice: string): Finding => ({ level: 'warning', subject, says, advice }),
    fault: (says: string, advice: string): Finding => ({ level: 'fault', subject, says, advice }),
  };
}
