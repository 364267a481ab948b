import type { DynoFacts } from '../detector/assessment.ts';
import { PlatformError, TidemarkError } from '../model/errors.ts';
import { findListings, type KnownBoot, type Listing } from '../model/listing.ts';
import type { Target } from '../model/target.ts';
import type { Clock, DynoQuota, Platform, PlatformDyno } from '../ports.ts';

interface AppView {
  readonly dynos: readonly PlatformDyno[];
  readonly quotas: ReadonlyMap<string, DynoQuota>;
  readonly readAtMs: number;
}

/** Why no app can be read or restarted for now: 401 concerns everything until a read succeeds, 429 until it is over. */
export interface PlatformBlock {
  readonly why: string;
  /** 401: the token is refused; 429: the account's calls are used up. */
  readonly status: 401 | 429;
  /** Monotonic ms; a 401 is tried again at this time too. */
  readonly untilMs: number;
}

const BLOCK_MS = 60_000;
const FAULT_BACKOFF_MS = 30_000;
/** With fewer calls left than these, of the 4,500 an hour that an account has, its other tools need them more than the view. */
const FEW_CALLS_LEFT = 450;
const SPARING_FACTOR = 10;

/**
 * What the platform said of the dynos, kept for a while: the detector's limits and uptimes come from here. Nothing that is restarted relies
 * on it, the attempt reads the dyno afresh.
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

  /** Reads the apps that are due. Never throws: returns what went wrong, for the log. */
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
      // Also a name that cannot be asked for: one app must not keep the others from being read.
      if (!(error instanceof TidemarkError)) throw error;
      const nowMs = this.#clock.monotonic();
      this.#nextTryMs.set(app, nowMs + Math.max(this.#freshMs, FAULT_BACKOFF_MS));
      if (error instanceof PlatformError) this.block(error);
      return error;
    }
  }

  /** What is restarted is read afresh all the same: those calls are never spared. */
  #isShortOfCalls(): boolean {
    const left = this.#platform.rateLimitRemaining();
    return left !== null && left < FEW_CALLS_LEFT;
  }

  /** Remembers an answer that concerns every app: 401 and 429. Others are the app's own. */
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

  /** The block as last known; it may be over, which only a read that succeeds proves. */
  blocked(): PlatformBlock | null {
    return this.#block;
  }

  /** Whether the platform must not be asked for anything just now. */
  isBlocked(): boolean {
    return this.#block !== null && this.#clock.monotonic() < this.#block.untilMs;
  }

  /** How each boot stands in the listings as last read, in the order given. A boot that was silent for `silentAfterMs` is over. */
  listingsOf(boots: readonly KnownBoot[], silentAfterMs: number): readonly Listing<PlatformDyno>[] {
    return findListings(boots, (app) => this.dynosOfApp(app), { nowMs: this.#clock.now(), silentAfterMs });
  }

  /** Quota, kill point and age of a listed dyno as the platform knows them. */
  factsOf(app: string, dyno: PlatformDyno): DynoFacts {
    const quota = dyno.size === null ? undefined : this.#apps.get(app)?.quotas.get(dyno.size.toLowerCase());
    return {
      limitBytes: quota?.limitBytes ?? null,
      killBytes: quota?.killBytes ?? null,
      createdAtMs: dyno.createdAtMs,
    };
  }

  /** How many dynos of the type are up; null where the app was not read. */
  upCount(target: Target): number | null {
    return this.#dynosOf(target)?.filter(({ state }) => state === 'up').length ?? null;
  }

  /** The newest release that a dyno of the type runs; null where none is known. */
  newestRelease(target: Target): number | null {
    const versions = (this.#dynosOf(target) ?? []).flatMap(({ releaseVersion }) => releaseVersion ?? []);
    return versions.length === 0 ? null : Math.max(...versions);
  }

  /** All dynos of an app as last listed; null where it was not read. */
  dynosOfApp(app: string): readonly PlatformDyno[] | null {
    return this.#apps.get(app)?.dynos ?? null;
  }

  #dynosOf(target: Target): readonly PlatformDyno[] | null {
    return this.#apps.get(target.app)?.dynos.filter(({ processType }) => processType === target.processType) ?? null;
  }
}
