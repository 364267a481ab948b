/** How much of the heap what jobs did may take. Bytes. */
export interface JobLimits {
  readonly maxBytes: number;
  readonly maxBytesOfOwner: number;
  readonly maxBytesOfBoot: number;
}

/** Next to the boots themselves (`src/actuator/boot-shares.ts`), requests and answers. */
const MAX_HEAP_FRACTION = 0.1;
/** An owner leaves three quarters to all others. */
const OWNER_FRACTION = 0.25;
/** Of what its owner may have. */
const BOOT_FRACTION = 0.125;

/** @param heapBytes how large the heap may grow */
export function jobLimitsFor(heapBytes: number): JobLimits {
  const maxBytes = Math.floor(heapBytes * MAX_HEAP_FRACTION);
  const maxBytesOfOwner = Math.floor(maxBytes * OWNER_FRACTION);
  return { maxBytes, maxBytesOfOwner, maxBytesOfBoot: Math.floor(maxBytesOfOwner * BOOT_FRACTION) };
}

interface Share {
  bytes: number;
  /** When silent boots last made room in it (Unix ms). */
  madeRoomAtMs: number;
}

/** Counts the bytes of each owner: an app, or a token that speaks for some apps only. */
export class JobShares {
  readonly #limits: JobLimits;
  readonly #shares = new Map<string, Share>();
  #bytes = 0;

  constructor(limits: JobLimits) {
    this.#limits = limits;
  }

  /** Of all owners together. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether all owners together have no room for so many bytes. */
  isFullFor(bytes: number): boolean {
    return this.#bytes + bytes > this.#limits.maxBytes;
  }

  hasRoomFor(owner: string, bytes: number): boolean {
    return !this.isFullFor(bytes) && this.bytesOf(owner) + bytes <= this.#limits.maxBytesOfOwner;
  }

  bytesOf(owner: string): number {
    return this.#shares.get(owner)?.bytes ?? 0;
  }

  /** The owner with the most, if it has more than a fair share and this one would have less; else null. */
  mayTakeFrom(owner: string, bytes: number): string | null {
    const owners = this.#shares.size + (this.#shares.has(owner) ? 0 : 1);
    const fair = Math.min(this.#limits.maxBytesOfOwner, this.#limits.maxBytes / owners);
    if (this.bytesOf(owner) + bytes > fair) return null;
    let largest: string | null = null;
    let most = fair;
    for (const [name, share] of this.#shares) {
      if (share.bytes <= most) continue;
      largest = name;
      most = share.bytes;
    }
    return largest;
  }

  /** True at most once in `everyMs` for an owner that has anything. */
  mayMakeRoom(owner: string, nowMs: number, everyMs: number): boolean {
    const share = this.#shares.get(owner);
    if (share === undefined || Math.abs(nowMs - share.madeRoomAtMs) < everyMs) return false;
    share.madeRoomAtMs = nowMs;
    return true;
  }

  /** @param bytes negative where they are given back */
  add(owner: string, bytes: number): void {
    this.#bytes += bytes;
    const share = this.#shares.get(owner) ?? { bytes: 0, madeRoomAtMs: Number.NEGATIVE_INFINITY };
    share.bytes += bytes;
    if (share.bytes === 0) this.#shares.delete(owner);
    else this.#shares.set(owner, share);
  }
}
