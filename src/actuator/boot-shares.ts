import type { Sender } from '../sources/ingest-tokens.ts';

/** How many boots are kept. */
export interface BootLimits {
  readonly maxBoots: number;
  /** Of one token, unless it speaks for all apps. */
  readonly maxBootsOfToken: number;
  readonly maxBootsOfApp: number;
}

/** What a boot takes, with all that hangs on it, after half an hour: 8.7 KiB (`bench/silent.ts`), rounded up. */
const BYTES_PER_BOOT = 10 * 1024;
/** The rest of the heap is for requests, answers and what the garbage collector needs. */
const MAX_HEAP_FRACTION = 0.4;
/** A token or an app leaves three quarters to all others. */
const SHARE_FRACTION = 0.25;

/** @param heapBytes how large the heap may grow */
export function bootLimitsFor(heapBytes: number): BootLimits {
  const maxBoots = Math.floor((heapBytes * MAX_HEAP_FRACTION) / BYTES_PER_BOOT);
  const share = Math.floor(maxBoots * SHARE_FRACTION);
  return { maxBoots, maxBootsOfToken: share, maxBootsOfApp: share };
}

/** Whose boots are to make room for a new one. */
export type Scope = { readonly kind: 'app' | 'sender'; readonly name: string } | { readonly kind: 'all' };

interface Owner {
  readonly app: string;
  readonly senderId: string;
}

interface Share {
  boots: number;
  /** When room was last made in it (Unix ms). */
  madeRoomAtMs: number;
}

/** The owner of boots that were read back from Redis, until somebody reports them. */
const RESTORED = '';

/** Counts the boots of each app and each sender. */
export class BootShares {
  readonly #limits: BootLimits;
  readonly #owners = new Map<string, Owner>();
  readonly #shares = new Map<string, Share>();

  constructor(limits: BootLimits) {
    this.#limits = limits;
  }

  /** Whose boots must make room before there can be another one; null where there is room. */
  fullFor(app: string, sender: Sender): Scope | null {
    const { maxBoots, maxBootsOfToken, maxBootsOfApp } = this.#limits;
    const ofApp: Scope = { kind: 'app', name: app };
    const ofSender: Scope = { kind: 'sender', name: sender.id };
    if (this.#bootsOf(ofApp) >= maxBootsOfApp) return ofApp;
    if (!sender.speaksForAll && this.#bootsOf(ofSender) >= maxBootsOfToken) return ofSender;
    return this.#owners.size >= maxBoots ? { kind: 'all' } : null;
  }

  /** Whether a sender has less than every token is entitled to. */
  isBelowShare(senderId: string): boolean {
    return this.#bootsOf({ kind: 'sender', name: senderId }) < this.#limits.maxBootsOfToken;
  }

  /** The sender with the most boots. */
  largestSender(): Scope {
    let largest: Scope = { kind: 'sender', name: RESTORED };
    for (const { senderId: name } of this.#owners.values()) {
      const scope: Scope = { kind: 'sender', name };
      if (this.#bootsOf(scope) > this.#bootsOf(largest)) largest = scope;
    }
    return largest;
  }

  isIn(scope: Scope, bootKey: string): boolean {
    const owner = this.#owners.get(bootKey);
    if (scope.kind === 'all') return true;
    return (scope.kind === 'app' ? owner?.app : owner?.senderId) === scope.name;
  }

  /** How many boots of a full scope make room at once: each time all boots are looked at. */
  roomIn(scope: Scope): number {
    return Math.max(1, Math.floor((scope.kind === 'all' ? this.#owners.size : this.#bootsOf(scope)) / 20));
  }

  /** True at most once in `everyMs` for a scope. */
  mayMakeRoom(scope: Scope, nowMs: number, everyMs: number): boolean {
    const share = this.#shareOf(scope);
    if (Math.abs(nowMs - share.madeRoomAtMs) < everyMs) return false;
    share.madeRoomAtMs = nowMs;
    return true;
  }

  has(bootKey: string): boolean {
    return this.#owners.has(bootKey);
  }

  /** Counts a boot for its app and the sender that reports it first. */
  add(bootKey: string, app: string, senderId: string = RESTORED): void {
    const known = this.#owners.get(bootKey);
    if (known !== undefined && (known.senderId !== RESTORED || senderId === RESTORED)) return;
    if (known !== undefined) this.remove(bootKey);
    this.#owners.set(bootKey, { app, senderId });
    for (const scope of scopesOf({ app, senderId })) this.#shareOf(scope).boots++;
  }

  remove(bootKey: string): void {
    const owner = this.#owners.get(bootKey);
    if (owner === undefined) return;
    this.#owners.delete(bootKey);
    for (const scope of scopesOf(owner)) {
      const share = this.#shareOf(scope);
      share.boots--;
      if (share.boots === 0) this.#shares.delete(keyOf(scope));
    }
  }

  #bootsOf(scope: Scope): number {
    return this.#shares.get(keyOf(scope))?.boots ?? 0;
  }

  #shareOf(scope: Scope): Share {
    const key = keyOf(scope);
    const share = this.#shares.get(key) ?? { boots: 0, madeRoomAtMs: Number.NEGATIVE_INFINITY };
    this.#shares.set(key, share);
    return share;
  }
}

function scopesOf({ app, senderId }: Owner): readonly Scope[] {
  return [
    { kind: 'app', name: app },
    { kind: 'sender', name: senderId },
  ];
}

function keyOf(scope: Scope): string {
  return scope.kind === 'all' ? 'all' : `${scope.kind} ${scope.name}`;
}
