import type { Attempt } from '../attempt/attempt.ts';
import { LedgerUnavailable, UnreadableRecord } from '../model/errors.ts';
import { type Target, type TargetKey, targetKey } from '../model/target.ts';
import type { Ledger, LedgerView } from '../ports.ts';
import { inBatches } from './in-batches.ts';
import type { Log } from './report/log.ts';

/** Commands that are written to Redis before the first answer is waited for. */
const AT_ONCE = 100;

export type LedgerState = 'available' | 'unavailable' | 'not-configured';

/** Null: the ledger of that target could not be read. */
export type LedgerViews = ReadonlyMap<TargetKey, LedgerView | null>;

/**
 * The ledger, which may be absent or unreachable: reads then return null, and the loop continues without it.
 */
export class LedgerAccess {
  readonly #ledger: Ledger | null;
  readonly #isAvailable: () => boolean;
  readonly #log: Pick<Log, 'warn'>;

  /** @param ledger null: no Redis is configured */
  constructor(ledger: Ledger | null, isAvailable: () => boolean, log: Pick<Log, 'warn'>) {
    this.#ledger = ledger;
    this.#isAvailable = isAvailable;
    this.#log = log;
  }

  state(): LedgerState {
    if (this.#ledger === null) return 'not-configured';
    return this.#isAvailable() ? 'available' : 'unavailable';
  }

  /** Null where it cannot be asked now. */
  usable(): Ledger | null {
    return this.state() === 'available' ? this.#ledger : null;
  }

  /** For a person's word, which must not be lost silently. Throws `LedgerUnavailable` where no Redis is configured. */
  required(): Ledger {
    if (this.#ledger !== null) return this.#ledger;
    throw new LedgerUnavailable('no Redis is configured (REDIS_URL), so nothing is restarted anyway');
  }

  /** Null where it could not be read. */
  read(target: Target): Promise<LedgerView | null> {
    return orNull(async () => (await this.usable()?.read(target)) ?? null);
  }

  /**
   * Reads many at once, so that a tick waits for Redis as often as it has hundreds of targets. Logs what could not be
   * read, save damaged records: those were logged when they were found.
   */
  async readAll(targets: readonly Target[]): Promise<LedgerViews> {
    const views = new Map<TargetKey, LedgerView | null>();
    await inBatches(targets, AT_ONCE, async (target) => {
      const key = targetKey(target);
      const view = await orNull(
        async () => (await this.usable()?.read(target)) ?? null,
        (error) => {
          if (error instanceof UnreadableRecord) return;
          this.#log.warn('the ledger could not be read', { target: key, error: error.message });
        },
      );
      views.set(key, view);
    });
    return views;
  }

  /** The open attempts of all targets, whoever claimed them; null if they could not be read. */
  open(): Promise<readonly Attempt[] | null> {
    return orNull(async () => (await this.usable()?.open()) ?? null);
  }
}

async function orNull<T>(
  read: () => Promise<T | null>,
  onFault: (error: LedgerUnavailable) => void = () => {},
): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof LedgerUnavailable)) throw error;
    onFault(error);
    return null;
  }
}
