import { PlatformError, TidemarkError } from '../../model/errors.ts';
import type { Permissions } from '../../model/policy.ts';
import { matchesApp, type TargetPattern } from '../../model/target.ts';
import type { Clock, WatchedPlatform } from '../../ports.ts';
import type { Cadence } from './cadence.ts';

/** Pages of the list of apps, of 1,000 apps each. */
const MAX_PAGES = 10;

export interface NamedAppsParts {
  readonly platform: Pick<WatchedPlatform, 'appsPage'>;
  /** Whether one more call may be made. */
  readonly mayCall: () => boolean;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly permissions: Pick<Permissions, 'allowed' | 'ownApp'>;
  readonly cadence: Cadence;
}

/** The pages read so far of a list. */
interface Reading {
  readonly names: Set<string>;
  range: string | null;
  pages: number;
}

/**
 * Which apps may be asked about: those that the allow-list names, and of those that only a pattern with `*` matches,
 * those that the platform lists. A sender may invent any number of names that match, and none of them costs a call of
 * its own.
 */
export class NamedApps {
  readonly #parts: NamedAppsParts;
  readonly #wildcards: readonly TargetPattern[];
  #names: ReadonlySet<string> = new Set();
  /** Null: no list is being read. */
  #reading: Reading | null = null;
  #nextMs = Number.NEGATIVE_INFINITY;
  #waitMs: number;

  constructor(parts: NamedAppsParts) {
    this.#parts = parts;
    this.#wildcards = parts.permissions.allowed.filter(({ app }) => app.endsWith('*'));
    this.#waitMs = this.#shortestMs;
  }

  get #shortestMs(): number {
    return 2 * this.#parts.cadence.freshMs;
  }

  has(app: string): boolean {
    const { allowed, ownApp } = this.#parts.permissions;
    if (this.#names.has(app)) return true;
    return allowed.some((pattern) => !pattern.app.endsWith('*') && matchesApp(pattern.app, app, ownApp));
  }

  /** The app no longer exists on the platform. */
  forget(app: string): void {
    if (this.#names.has(app)) this.#names = new Set([...this.#names].filter((name) => name !== app));
  }

  /**
   * Reads the list when an app reports that is not in it: at the earliest a minute after the last read, and later each
   * time that a read did not find the app. Returns a fault instead of throwing it.
   */
  async lookFor(apps: Iterable<string>): Promise<TidemarkError | null> {
    const unknown = [...apps].filter((app) => !this.has(app));
    const isDue = unknown.length > 0 && this.#parts.clock.monotonic() >= this.#nextMs;
    if (this.#reading === null && !isDue) return null;
    this.#reading ??= { names: new Set(), range: null, pages: 0 };
    try {
      const reading = this.#reading;
      while (this.#parts.mayCall()) if (await this.#readPage(reading)) return this.#end(reading, unknown);
      // The next round goes on with the next page.
      return null;
    } catch (error) {
      if (!(error instanceof TidemarkError)) throw error;
      this.#waitFor(false);
      return error;
    }
  }

  /** True when the list has been read to its end. */
  async #readPage(reading: Reading): Promise<boolean> {
    const { names, nextRange } = await this.#parts.platform.appsPage(reading.range);
    const { ownApp } = this.#parts.permissions;
    for (const name of names) {
      if (this.#wildcards.some(({ app }) => matchesApp(app, name, ownApp))) reading.names.add(name);
    }
    reading.range = nextRange;
    reading.pages += 1;
    return nextRange === null || reading.pages >= MAX_PAGES;
  }

  #end({ names, range }: Reading, unknown: readonly string[]): TidemarkError | null {
    this.#names = names;
    this.#waitFor(unknown.some((app) => names.has(app)));
    if (range === null) return null;
    const says = `the account sees more than ${MAX_PAGES},000 apps, and Tidemark looks for review apps among the first`;
    return new PlatformError('unavailable', `${says} ${MAX_PAGES},000: use an account that sees fewer`);
  }

  #waitFor(hasFound: boolean): void {
    this.#reading = null;
    this.#waitMs = hasFound ? this.#shortestMs : Math.min(this.#parts.cadence.patienceMs, this.#waitMs * 2);
    this.#nextMs = this.#parts.clock.monotonic() + this.#waitMs;
  }
}
