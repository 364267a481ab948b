import { appOwner, FairShares, type Holding, ownerOf, type Reporter } from '../model/fair-shares.ts';

/**
 * What a boot takes, with all that hangs on it: 8.2 KiB after half an hour (`bench/silent.ts`), 2 KiB more after a day,
 * and what V8 has not collected yet.
 */
export const BYTES_PER_BOOT = 12 * 1024;
/** What each process after the first adds: its state, and an id of 128 characters with two bytes each. */
const BYTES_PER_PROCESS = 768;
/**
 * What a flood leaves behind before it is collected takes more than the boots themselves: with a fifth, a heap of
 * 256 MiB stays in the memory of a dyno of 512 MB, also when one owner has all of it.
 */
const MAX_HEAP_FRACTION = 0.2;
/** A boot with a place whose first point does not follow loses it after this time. */
const PLACE_LASTS_MS = 60_000;

/** How much of the heap boots may take, bytes. */
export function bootBytesFor(heapBytes: number): number {
  return Math.floor(heapBytes * MAX_HEAP_FRACTION);
}

interface Place extends Holding {
  owner: string;
  readonly key: string;
  heardMs: number;
}

/**
 * The room for boots, in bytes. When it is full, a new boot takes the place of one that is silent and of the same
 * owner, or of the most silent one of an owner that has more.
 */
export class BootPlaces {
  readonly #shares: FairShares<Place>;
  readonly #places = new Map<string, Place>();
  /** Boots with a place whose first point has not followed yet. */
  readonly #expected = new Set<Place>();
  readonly #silentMs: number;
  readonly #onDropped: (bootKey: string) => void;

  /**
   * @param maxBytes for all boots
   * @param silentMs a boot that is silent for longer may give way to one of the same owner
   * @param onDropped called for each boot that gave way
   */
  constructor(maxBytes: number, silentMs: number, onDropped: (bootKey: string) => void) {
    this.#shares = new FairShares(maxBytes);
    this.#silentMs = silentMs;
    this.#onDropped = onDropped;
  }

  /** Whether the boot has a place; a new one gets one where that can be. */
  claim(key: string, app: string | null, { reporter, nowMs }: { reporter: Reporter; nowMs: number }): boolean {
    const owner = ownerOf(app, reporter);
    const known = this.#places.get(key);
    if (known !== undefined) {
      // Every part of an export asks for it.
      const isFirst = known.heardMs !== nowMs;
      known.heardMs = nowMs;
      // It was read back from Redis, or a token for all reported it: from now on it counts for its own token.
      if (known.owner !== owner && known.owner === appOwner(app)) this.#give(known, owner);
      else if (isFirst) this.#shares.touch(known);
      return true;
    }
    if (!this.#makeRoom(owner, BYTES_PER_BOOT, (place) => nowMs - place.heardMs > this.#silentMs)) return false;
    this.#expected.add(this.#add(key, owner, nowMs));
    return true;
  }

  /** Whether a boot that was read back from Redis has a place, or finds one without another's giving way. */
  hasRoom(key: string, app: string | null): boolean {
    return this.#places.has(key) || this.#shares.payerFor(appOwner(app), BYTES_PER_BOOT) === null;
  }

  /** Notes that the boot has reported. If it has no place, it gets one. */
  open(key: string, app: string | null, heardMs: number): void {
    const place = this.#places.get(key) ?? this.#add(key, appOwner(app), heardMs);
    this.#expected.delete(place);
  }

  /** Counts the boot's processes. Where that is too much for all, boots of the owner with the most give way. */
  weigh(key: string, processes: number): void {
    const place = this.#places.get(key);
    const more = BYTES_PER_BOOT + Math.max(0, processes - 1) * BYTES_PER_PROCESS - (place?.amount ?? 0);
    if (place === undefined || more === 0) return;
    this.#shares.grow(place, more);
    this.#makeRoom(place.owner, 0, () => true);
  }

  remove(key: string): void {
    const place = this.#places.get(key);
    if (place === undefined) return;
    this.#places.delete(key);
    this.#expected.delete(place);
    this.#shares.remove(place);
  }

  /** Takes back the places whose boots never reported, in steps. Looks at those that wait at the first one. */
  *prune(nowMs: number): Generator<void, void> {
    for (const place of [...this.#expected]) {
      // It may have reported, or gone, since.
      if (this.#expected.has(place) && Math.abs(nowMs - place.heardMs) > PLACE_LASTS_MS) this.remove(place.key);
      yield;
    }
  }

  #makeRoom(owner: string, bytes: number, mayGo: (own: Place) => boolean): boolean {
    for (;;) {
      const payer = this.#shares.payerFor(owner, bytes);
      if (payer === null) return true;
      const silent = this.#shares.mostSilentOf(payer);
      if (silent === undefined || (payer === owner && !mayGo(silent))) return false;
      this.remove(silent.key);
      this.#onDropped(silent.key);
    }
  }

  #add(key: string, owner: string, heardMs: number): Place {
    const place: Place = { key, owner, amount: 0, heardMs };
    this.#places.set(key, place);
    this.#shares.grow(place, BYTES_PER_BOOT);
    return place;
  }

  #give(place: Place, owner: string): void {
    const { amount } = place;
    this.#shares.remove(place);
    place.owner = owner;
    this.#shares.grow(place, amount);
  }
}
