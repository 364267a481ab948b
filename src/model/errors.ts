/**
 * Stable codes: scripts and alerts may rely on them. `config` and `bad-input` are the caller's faults, the others are
 * the world's.
 */
export type ErrorCode =
  | 'config'
  | 'ledger-unavailable'
  | 'platform-unavailable'
  | 'platform-unauthorized'
  | 'platform-rate-limited'
  | 'platform-refused'
  | 'bad-input';

/** The base of every error that Tidemark throws on purpose; whatever else is thrown is a fault in the program. */
export class TidemarkError extends Error {
  /** `TidemarkError`, or the name of the class that extends it. */
  override readonly name: string = 'TidemarkError';
  /** What kind of fault it is. */
  readonly code: ErrorCode;

  /**
   * Thrown by Tidemark itself.
   *
   * @param message for people; never holds a secret
   */
  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/**
 * Settings that cannot be used. The message lists every fault found, one a line.
 *
 * @example
 * ```ts
 * try {
 *   resolveActuatorSettings({ env: process.env, flags: {} });
 * } catch (error) {
 *   if (error instanceof ConfigError) console.error(error.faults.join('\n'));
 * }
 * ```
 */
export class ConfigError extends TidemarkError {
  override readonly name = 'ConfigError';
  /** A sentence for each fault: the setting, what is wrong, and what to do. At least one; never with a secret. */
  readonly faults: readonly string[];

  /**
   * Joins the faults into the message.
   *
   * @param faults at least one
   */
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

  constructor(message: string, options?: { readonly cause?: unknown }) {
    super('bad-input', message, options);
  }
}

/**
 * The ledger did not answer in time, or answered with a fault. The caller must treat the move as not granted, and must
 * not retry it.
 */
export class LedgerUnavailable extends TidemarkError {
  override readonly name: string = 'LedgerUnavailable';

  constructor(message: string, options?: { readonly cause?: unknown }) {
    super('ledger-unavailable', message, options);
  }
}

/**
 * What the ledger holds of one target is not as Tidemark writes it. It concerns that target alone, and was reported
 * when it was found.
 */
export class UnreadableRecord extends LedgerUnavailable {}

/**
 * A read of the platform that gave nothing usable. `unauthorized` (401) concerns every target; so does `rate-limited`
 * (429) until `retryAfterMs` is over; `refused` (another 4xx) and `unavailable` (5xx, no answer) are the target's own.
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
    options?: { readonly cause?: unknown },
  ) {
    super(`platform-${kind}`, message, options);
    this.status = details.status ?? null;
    this.errorId = details.errorId ?? null;
    this.retryAfterMs = details.retryAfterMs ?? null;
  }
}
