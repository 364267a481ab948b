import { FairShares, type Holding } from '../../model/fair-shares.ts';

interface Entry<T> extends Holding {
  readonly key: string;
  readonly value: T;
}

/**
 * A map of bounded size that owners share fairly: when it is full, the owner with the most entries loses the one that
 * it set first, so that a sender that floods it makes only its own forgotten. Of owners with equally much, whatever
 * was set first goes.
 */
export class FairMap<T> {
  readonly #shares: FairShares<Entry<T>>;
  /** In the order of their setting. */
  readonly #entries = new Map<string, Entry<T>>();

  constructor(maxEntries: number) {
    this.#shares = new FairShares(maxEntries);
  }

  get(key: string): T | undefined {
    return this.#entries.get(key)?.value;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Sets the entry as the newest, in the share of this owner. */
  set(key: string, value: T, owner: string): void {
    this.delete(key);
    const payer = this.#shares.payerFor(owner, 1);
    if (payer !== null) {
      const goes = this.#shares.mostSilentOf(payer)?.key ?? this.#oldestKey();
      if (goes !== undefined) this.delete(goes);
    }
    const entry: Entry<T> = { key, value, owner, amount: 0 };
    this.#entries.set(key, entry);
    this.#shares.grow(entry, 1);
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#shares.remove(entry);
  }

  #oldestKey(): string | undefined {
    for (const key of this.#entries.keys()) return key;
    return undefined;
  }
}
