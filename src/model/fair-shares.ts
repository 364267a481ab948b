/** Something that takes room for as long as it is kept. Its amount is written by `FairShares` alone. */
export interface Holding {
  /** Whose share it is in. */
  readonly owner: string;
  amount: number;
}

/** Who reported something. */
export interface Reporter {
  /** The same for every request with the same token. */
  readonly id: string;
  readonly speaksForAll: boolean;
}

/**
 * Whose share something is in: a token for some apps is one owner, however many apps it names; of a token that speaks
 * for all, each app is one.
 */
export function ownerOf(app: string | null, { id, speaksForAll }: Reporter): string {
  return speaksForAll ? appOwner(app) : `token ${id}`;
}

export function appOwner(app: string | null): string {
  return `app ${app ?? ''}`;
}

interface Share<T> {
  amount: number;
  sizeClass: number;
  /** In the order of silence: the one that was silent for longest comes first. */
  readonly items: Set<T>;
}

/** Size classes in each doubling of a share: a largest one is found to a tenth, and without looking at all. */
const CLASSES_PER_DOUBLING = 8;

/**
 * Divides a room among owners. While there is room, anyone may take it. When it is full, the owner with the most gives
 * way to one that would still have no more than it; nobody takes from an owner with less. So nobody can shut another
 * out, and nothing is kept free for nobody.
 */
export class FairShares<T extends Holding> {
  readonly #max: number;
  #used = 0;
  readonly #shares = new Map<string, Share<T>>();
  /** The owners by the size of their shares. */
  readonly #bySize: (Set<string> | undefined)[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  get used(): number {
    return this.#used;
  }

  /** Whose holdings must give way before the owner can have so much more: null where there is room, or itself. */
  payerFor(owner: string, amount: number): string | null {
    if (this.#used + amount <= this.#max) return null;
    const largest = this.#largest();
    if (largest === null) return owner;
    return this.#amountOf(owner) + amount <= this.#amountOf(largest) - amount ? largest : owner;
  }

  /** The owner's holding that was silent for longest. */
  mostSilentOf(owner: string): T | undefined {
    for (const item of this.#shares.get(owner)?.items ?? []) return item;
    return undefined;
  }

  /** Makes a holding the last in the order of silence. */
  touch(item: T): void {
    const items = this.#shares.get(item.owner)?.items;
    if (items?.delete(item)) items.add(item);
  }

  /** Gives a holding more room, whether there is any or not; a new one is the last in the order of silence. */
  grow(item: T, amount: number): void {
    const share = this.#shares.get(item.owner) ?? { amount: 0, sizeClass: -1, items: new Set<T>() };
    if (share.items.size === 0) this.#shares.set(item.owner, share);
    share.items.add(item);
    item.amount += amount;
    this.#resize(item.owner, share, amount);
  }

  remove(item: T): void {
    const share = this.#shares.get(item.owner);
    if (share === undefined || !share.items.delete(item)) return;
    this.#resize(item.owner, share, -item.amount);
    item.amount = 0;
    if (share.items.size > 0) return;
    this.#shares.delete(item.owner);
    this.#bySize[share.sizeClass]?.delete(item.owner);
  }

  #resize(owner: string, share: Share<T>, amount: number): void {
    this.#used += amount;
    share.amount += amount;
    const sizeClass = Math.floor(CLASSES_PER_DOUBLING * Math.log2(Math.max(1, share.amount)));
    if (sizeClass === share.sizeClass) return;
    this.#bySize[share.sizeClass]?.delete(owner);
    const ofSize = this.#bySize[sizeClass] ?? new Set<string>();
    this.#bySize[sizeClass] = ofSize.add(owner);
    share.sizeClass = sizeClass;
  }

  #amountOf(owner: string): number {
    return this.#shares.get(owner)?.amount ?? 0;
  }

  #largest(): string | null {
    for (let size = this.#bySize.length - 1; size >= 0; size--) {
      for (const owner of this.#bySize[size] ?? []) return owner;
    }
    return null;
  }
}
