import type { DynoFacts } from '../detector/rules/assessment.ts';
import { PlatformError, TidemarkError } from '../model/errors.ts';
import { findListings, type KnownBoot, type Listing } from '../model/listing.ts';
import type { Target } from '../model/target.ts';
import type { Clock, DynoQuota, Platform, PlatformDyno } from '../ports.ts';

interface AppView {
  readonly dynos: readonly PlatformDyno[];
  readonly quotas: ReadonlyMap<string, DynoQuota>;
  readonly readAtMs: number;
}

/** Why no app can be read or restarted now. A 401 holds until a read succeeds, a 429 until its time is over. */
export interface PlatformBlock {
  readonly why: string;
  /** 401: token refused. 429: the account's calls are used up. */
  readonly status: 401 | 429;
  /** Monotonic ms; a 401 is retried then, too. */
  readonly untilMs: number;
}

const BLOCK_MS = 60_000;
const FAULT_BACKOFF_MS = 30_000;
/**
 * Below this many of the account's 4,500 calls an hour, the view reads less often and leaves them to the account's
 * other tools.
 */
const FEW_CALLS_LEFT = 450;
const SPARING_FACTOR = 10;

/**
 * A short cache of the platform's dynos: the detector takes limits and uptimes from here. No restart relies on it,
 * because an attempt reads the dyno again.
 */
export class PlatformView {
  readonly #platform: Platform;
  readonly #clock: Clock;
  readonly #freshMs: number;
  readonly #apps = new Map<string, AppView>();
  readonly #nextTryMs = new Map<string, number>();
  #block: PlatformBlock | null = null;

  constructor(platform: Platform, clock: Clock, freshMs: number) {
    this.#platform = platform;
    this.#clock = clock;
    this.#freshMs = freshMs;
  }

  /** Reads the apps that are due. Returns the faults, for the log, instead of throwing them. */
  async refresh(apps: Iterable<string>): Promise<readonly TidemarkError[]> {
    const nowMs = this.#clock.monotonic();
    if (this.#block !== null && nowMs < this.#block.untilMs) return [];
    const due = [...new Set(apps)].filter((app) => nowMs >= (this.#nextTryMs.get(app) ?? Number.NEGATIVE_INFINITY));
    const faults = await Promise.all(due.map((app) => this.#read(app)));
    return faults.filter((fault) => fault !== null);
  }

  async #read(app: string): Promise<TidemarkError | null> {
    try {
      const [dynos, quotas] = await Promise.all([this.#platform.list(app), this.#platform.quotas(app)]);
      const readAtMs = this.#clock.monotonic();
      this.#apps.set(app, { dynos, quotas, readAtMs });
      this.#nextTryMs.set(app, readAtMs + this.#freshMs * (this.#isShortOfCalls() ? SPARING_FACTOR : 1));
      this.#block = null;
      return null;
    } catch (error) {
      // Includes invalid app names: one app must not keep the others from being read.
      if (!(error instanceof TidemarkError)) throw error;
      const nowMs = this.#clock.monotonic();
      this.#nextTryMs.set(app, nowMs + Math.max(this.#freshMs, FAULT_BACKOFF_MS));
      if (error instanceof PlatformError) this.block(error);
      return error;
    }
  }

  /** Attempts do not use this cache: their calls are never saved. */
  #isShortOfCalls(): boolean {
    const left = this.#platform.rateLimitRemaining();
    return left !== null && left < FEW_CALLS_LEFT;
  }

  /** Remembers a 401 or 429, which concern every app. Other answers concern one app only. */
  block(error: {
    readonly status: number | null;
    readonly retryAfterMs: number | null;
    readonly message: string;
  }): void {
    if (error.status !== 401 && error.status !== 429) return;
    this.#block = {
      why: error.message,
      status: error.status,
      untilMs: this.#clock.monotonic() + (error.retryAfterMs ?? BLOCK_MS),
    };
  }

  /** The last known block. It may be over, which only a successful read proves. */
  blocked(): PlatformBlock | null {
    return this.#block;
  }

  /** What the account's limit leaves for all its tools in this hour; null before a call. */
  callsLeft(): number | null {
    return this.#platform.rateLimitRemaining();
  }

  /** Whether no calls may be made now. */
  isBlocked(): boolean {
    return this.#block !== null && this.#clock.monotonic() < this.#block.untilMs;
  }

  /** Each boot's place in the last listings, in the given order. A boot that was silent for `silentAfterMs` is over. */
  listingsOf(boots: readonly KnownBoot[], silentAfterMs: number): readonly Listing<PlatformDyno>[] {
    return findListings(boots, (app) => this.dynosOfApp(app), { nowMs: this.#clock.now(), silentAfterMs });
  }

  /** Quota, kill point and age of a listed dyno, from the platform. */
  factsOf(app: string, dyno: PlatformDyno): DynoFacts {
    const quota = dyno.size === null ? undefined : this.#apps.get(app)?.quotas.get(dyno.size.toLowerCase());
    return {
      limitBytes: quota?.limitBytes ?? null,
      killBytes: quota?.killBytes ?? null,
      createdAtMs: dyno.createdAtMs,
    };
  }

  /** Number of the target's dynos that are up; null where the app was not read. */
  upCount(target: Target): number | null {
    return this.#dynosOf(target)?.filter(({ state }) => state === 'up').length ?? null;
  }

  /** The newest release that one of the target's dynos runs; null where it is unknown. */
  newestRelease(target: Target): number | null {
    const versions = (this.#dynosOf(target) ?? []).flatMap(({ releaseVersion }) => releaseVersion ?? []);
    return versions.length === 0 ? null : Math.max(...versions);
  }

  /** All dynos of an app at the last read; null where it was not read. */
  dynosOfApp(app: string): readonly PlatformDyno[] | null {
    return this.#apps.get(app)?.dynos ?? null;
  }

  #dynosOf(target: Target): readonly PlatformDyno[] | null {
    return this.#apps.get(target.app)?.dynos.filter(({ processType }) => processType === target.processType) ?? null;
  }
}
