/** One line of `tidemark doctor`. Never carries a secret. */
export interface Finding {
  /** `fault`: Tidemark cannot do its work. `warning`: it can, but not as one may think. */
  readonly level: 'ok' | 'warning' | 'fault';
  /** What was looked at: `settings`, `Heroku`, `Redis`, `points`, `allocator`. */
  readonly subject: string;
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
