/**
 * Finds out that a connection no longer answers: the host behind it has gone without a word, as in a failover, or the
 * server hangs. The operating system itself would notice only after some 15 minutes.
 */
export interface Silence {
  /** A command is written. */
  asked(): void;
  /** Something came in, or the connection is another one. */
  heard(): void;
  /** How long nothing has come in although it was asked; 0 where nothing is waited for. */
  lastsMs(): number;
}

export function watchSilence(monotonic: () => number): Silence {
  let sinceMs: number | null = null;
  return {
    asked() {
      sinceMs ??= monotonic();
    },
    heard() {
      sinceMs = null;
    },
    lastsMs: () => (sinceMs === null ? 0 : monotonic() - sinceMs),
  };
}
