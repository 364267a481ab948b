import { PlatformError, type TidemarkError } from '../../model/errors.ts';
import type { DynoNews, PlatformDyno } from '../../ports.ts';
import { AppListing, type Heard } from './app-listing.ts';
import { type AppWants, type Cadence, nextReadMs } from './cadence.ts';

const MINUTE_MS = 60_000;
const FAULT_BACKOFF_MS = 30_000;
/** An app that the platform refuses to show, or does not know, is asked for once an hour in the end. */
const MAX_REFUSED_BACKOFF_MS = 60 * MINUTE_MS;
const MAX_FAULT_BACKOFF_MS = 5 * MINUTE_MS;
/** An app's calls count less the longer ago they were made: after this time half as much. */
const SPENT_HALF_LIFE_MS = 10 * MINUTE_MS;
/** News that is older when it arrives was sent again: it does not show that webhooks arrive. */
const PROMPT_NEWS_MS = 5 * MINUTE_MS;
/** A webhook may arrive this much later than its dyno was created. */
const NEWS_DELAY_MS = 20_000;

/** A moment on both clocks. */
export interface Moment {
  readonly monotonicMs: number;
  /** Unix ms. */
  readonly nowMs: number;
}

/** One app: its dynos, and how its reads went. */
export class WatchedApp {
  readonly #listing = new AppListing();
  #startedMs: number | null = null;
  #vainReads = 0;
  /** The newest read looked for boots, and whether it found one is not known yet. */
  #isLooking = false;
  #isOutdated = false;
  #faults = 0;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #spent = 0;
  #spentMs = 0;
  /** The first and the newest webhook of a time in which they arrived; null: they do not. */
  #webhooks: { readonly since: Moment; readonly newest: Moment } | null = null;
  /** Whether `DynoQuotas` may lack something about the dynos. */
  lacksQuotas = false;
  /** When boots of it reported last (monotonic ms). */
  wantedMs = 0;

  get dynos(): readonly PlatformDyno[] | null {
    return this.#listing.dynos;
  }

  /** When the newest read began (monotonic ms); null before the first one. */
  get startedMs(): number | null {
    return this.#startedMs;
  }

  /** When it is to be read next (monotonic ms). */
  dueMs(wants: AppWants, { monotonicMs }: Moment, cadence: Cadence): number {
    if (wants.found > 0) this.#vainReads = 0;
    else if (this.#isLooking) this.#vainReads += 1;
    this.#isLooking = false;
    const hasWebhooks = this.hasWebhooks(monotonicMs, cadence);
    const state = { startedMs: this.#startedMs, vainReads: this.#vainReads, isOutdated: this.#isOutdated, hasWebhooks };
    return Math.max(this.#notBeforeMs, nextReadMs(state, wants, cadence));
  }

  /** The app's part of the newest calls, for fair shares. */
  spent(monotonicMs: number): number {
    return this.#spent * 0.5 ** ((monotonicMs - this.#spentMs) / SPENT_HALF_LIFE_MS);
  }

  /** A read of it begins. */
  spend(wants: AppWants, { monotonicMs }: Moment): void {
    this.#spent = this.spent(monotonicMs) + 1;
    this.#spentMs = monotonicMs;
    this.#isLooking = wants.newBoots + wants.unsettled > 0;
    if (!this.#isLooking) this.#vainReads = 0;
  }

  /**
   * Notes what a read has shown, also one of a restart. False: webhooks that should have reported one of the dynos did
   * not arrive, so they are relied on no more.
   */
  note(dynos: readonly PlatformDyno[], started: Moment): boolean {
    if (this.#startedMs !== null && started.monotonicMs < this.#startedMs) return true;
    const known = new Set(this.dynos?.map(({ id }) => id));
    const [sinceMs, untilMs] = [this.#webhooks?.since.nowMs ?? Infinity, started.nowMs - NEWS_DELAY_MS];
    const isUnannounced = ({ id, createdAtMs }: PlatformDyno) =>
      !known.has(id) && createdAtMs > sinceMs && createdAtMs < untilMs;
    const hasMissed = this.dynos !== null && dynos.some(isUnannounced);
    if (hasMissed) this.#webhooks = null;
    this.#listing.replace(dynos, started.nowMs);
    this.#startedMs = started.monotonicMs;
    this.#isOutdated = false;
    this.#faults = 0;
    this.#notBeforeMs = Number.NEGATIVE_INFINITY;
    this.lacksQuotas = true;
    return !hasMissed;
  }

  fail(error: TidemarkError, at: Moment): void {
    const isRefused = !(error instanceof PlatformError) || error.code === 'platform-refused';
    const longestMs = isRefused ? MAX_REFUSED_BACKOFF_MS : MAX_FAULT_BACKOFF_MS;
    this.#notBeforeMs = at.monotonicMs + Math.min(longestMs, FAULT_BACKOFF_MS * 2 ** this.#faults);
    this.#faults += 1;
    this.#isLooking = false;
    const isGone = error instanceof PlatformError && (error.status === 404 || error.status === 410);
    if (isGone) this.#listing.replace(null, at.nowMs);
  }

  hear(news: DynoNews, at: Moment): Heard {
    if (at.nowMs - news.atMs <= PROMPT_NEWS_MS) {
      this.#webhooks = { since: this.#webhooks?.since ?? at, newest: at };
    }
    const heard = this.#listing.hear(news);
    if (heard === 'outdated') this.#isOutdated = true;
    if (heard === 'taken') this.lacksQuotas = true;
    return heard;
  }

  hasWebhooks(monotonicMs: number, { webhookLifeMs }: Cadence): boolean {
    return this.#webhooks !== null && monotonicMs - this.#webhooks.newest.monotonicMs < webhookLifeMs;
  }
}
