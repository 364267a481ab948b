import { TidemarkError } from '../../model/errors.ts';
import type { Clock, DynoQuota, PlatformDyno, WatchedPlatform } from '../../ports.ts';

type Quotas = ReadonlyMap<string, DynoQuota>;
type Dyno = Pick<PlatformDyno, 'processType' | 'size'>;

/** How long the list of sizes is used: it changes with the platform's price list only. */
const KEEP_MS = 24 * 3_600_000;
/** What an app's own lists did not say is asked again after this time, and so is what was refused. */
const AGAIN_MS = 3_600_000;
/** When to ask again after any other fault. */
const FAULT_BACKOFF_MS = 60_000;

export interface DynoQuotasParts {
  readonly platform: Pick<WatchedPlatform, 'dynoSizes' | 'sizesByType'>;
  /** Whether one more call may be made. */
  readonly mayCall: () => boolean;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** The last answer; it stays when a later question fails. Null: no question was answered yet. */
interface Kept<T> {
  readonly value: T | null;
  readonly untilMs: number;
}

/**
 * The quotas of dynos: one list of all sizes for every app. Only an app with a size that is not in it, or with dynos
 * that do not say their size, costs a call of its own.
 */
export class DynoQuotas {
  readonly #parts: DynoQuotasParts;
  #all: Kept<Quotas> | null = null;
  readonly #ofApps = new Map<string, Kept<Quotas>>();
  readonly #sizesByType = new Map<string, Kept<ReadonlyMap<string, string>>>();
  #faults: TidemarkError[] = [];

  constructor(parts: DynoQuotasParts) {
    this.#parts = parts;
  }

  of(app: string, dyno: Dyno): DynoQuota | null {
    const size = this.#sizeOf(app, dyno)?.toLowerCase();
    if (size === undefined) return null;
    return this.#all?.value?.get(size) ?? this.#ofApps.get(app)?.value?.get(size) ?? null;
  }

  #sizeOf(app: string, { size, processType }: Dyno): string | null {
    return size ?? this.#sizesByType.get(app)?.value?.get(processType) ?? null;
  }

  /** Asks for what `of` cannot say of these dynos. False where a call must wait for the budget. */
  async learn(app: string, dynos: readonly Dyno[]): Promise<boolean> {
    if (dynos.length === 0) return true;
    const { platform } = this.#parts;
    if (this.#isOver(this.#all)) {
      const all = await this.#ask(this.#all, KEEP_MS, () => platform.dynoSizes(null));
      if (all === null) return false;
      this.#all = all;
    }
    if (dynos.some((dyno) => this.#sizeOf(app, dyno) === null) && this.#isOver(this.#sizesByType.get(app))) {
      const sizes = await this.#ask(this.#sizesByType.get(app), AGAIN_MS, () => platform.sizesByType(app));
      if (sizes === null) return false;
      this.#sizesByType.set(app, sizes);
    }
    const lacks = dynos.some((dyno) => this.#sizeOf(app, dyno) !== null && this.of(app, dyno) === null);
    if (lacks && this.#isOver(this.#ofApps.get(app))) {
      const ofApp = await this.#ask(this.#ofApps.get(app), AGAIN_MS, () => platform.dynoSizes(app));
      if (ofApp === null) return false;
      this.#ofApps.set(app, ofApp);
    }
    return true;
  }

  forget(app: string): void {
    this.#ofApps.delete(app);
    this.#sizesByType.delete(app);
  }

  /** Faults since the last call. */
  takeFaults(): readonly TidemarkError[] {
    const faults = this.#faults;
    this.#faults = [];
    return faults;
  }

  #isOver(kept: Kept<unknown> | null | undefined): boolean {
    return kept == null || this.#parts.clock.monotonic() >= kept.untilMs;
  }

  /** Null where no call may be made now. */
  async #ask<T>(before: Kept<T> | null | undefined, keepMs: number, read: () => Promise<T>): Promise<Kept<T> | null> {
    const { mayCall, clock } = this.#parts;
    if (!mayCall()) return null;
    try {
      return { value: await read(), untilMs: clock.monotonic() + keepMs };
    } catch (error) {
      if (!(error instanceof TidemarkError)) throw error;
      this.#faults.push(error);
      const waitMs = error.code === 'platform-refused' ? AGAIN_MS : FAULT_BACKOFF_MS;
      return { value: before?.value ?? null, untilMs: clock.monotonic() + waitMs };
    }
  }
}
