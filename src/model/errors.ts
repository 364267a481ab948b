/** Stable codes: scripts and alerts may rely on them. */
export type ErrorCode =
  | 'config'
  | 'ledger-unavailable'
  | 'platform-unavailable'
  | 'platform-unauthorized'
  | 'platform-rate-limited'
  | 'platform-refused'
  | 'bad-input';

/** The base of every error that Tidemark raises on purpose. Any other error is a fault of the program. */
export class TidemarkError extends Error {
  override readonly name: string = 'TidemarkError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Settings that cannot be used. The message lists every fault found, one a line. */
export class ConfigError extends TidemarkError {
  override readonly name = 'ConfigError';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(
      'config',
      `${faults.length === 1 ? 'A setting is' : `${faults.length} settings are`} wrong:\n` +
        faults.map((fault) => `  - ${fault}`).join('\n'),
    );
    this.faults = faults;
  }
}

/** Input that cannot be read: a recorded series, a request. The message says what, where, and what to do. */
export class BadInputError extends TidemarkError {
  override readonly name = 'BadInputError';

  constructor(message: string, options?: ErrorOptions) {
    super('bad-input', message, options);
  }
}

/**
 * The ledger did not answer in time, or answered with a fault. The caller must treat the move as not granted, and must
 * not retry it.
 */
export class LedgerUnavailable extends TidemarkError {
  override readonly name: string = 'LedgerUnavailable';

  constructor(message: string, options?: ErrorOptions) {
    super('ledger-unavailable', message, options);
  }
}

/**
 * The ledger's record of one target is not in Tidemark's form. It concerns that target only, and was logged when it was
 * found.
 */
export class UnreadableRecord extends LedgerUnavailable {}

/**
 * A read of the platform that failed. `unauthorized` (401) concerns every target; so does `rate-limited` (429) until
 * `retryAfterMs` is over; `refused` (another 4xx) and `unavailable` (5xx, no answer) concern one target.
 */
export class PlatformError extends TidemarkError {
  override readonly name = 'PlatformError';
  /** The HTTP status; null where there was no answer. */
  readonly status: number | null;
  /** The platform's error id, e.g. `not_found`; null where there was none. */
  readonly errorId: string | null;
  readonly retryAfterMs: number | null;

  constructor(
    kind: 'unavailable' | 'unauthorized' | 'rate-limited' | 'refused',
    message: string,
    details: {
      readonly status?: number | null;
      readonly errorId?: string | null;
      readonly retryAfterMs?: number | null;
    } = {},
    options?: ErrorOptions,
  ) {
    super(`platform-${kind}`, message, options);
    this.status = details.status ?? null;
    this.errorId = details.errorId ?? null;
    this.retryAfterMs = details.retryAfterMs ?? null;
  }
}
