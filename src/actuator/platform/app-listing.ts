import { ONE_OFF_TYPES } from '../../model/target.ts';
import type { DynoNews, PlatformDyno } from '../../ports.ts';

/** Dynos of an app, and dynos whose newest news is remembered. */
const MAX_DYNOS = 10_000;
const MAX_REMEMBERED = 2_000;
/** The clocks of the platform and of this machine may differ by this much. */
const CLOCK_SLACK_MS = 60_000;

/** What became of a piece of news. `outdated`: it does not say enough, so the app must be read. */
export type Heard = 'taken' | 'late' | 'outdated';

interface LastNews {
  readonly atMs: number;
  readonly rank: number;
}

/** In the order in which a dyno goes through them: of two pieces of news of one moment the later state counts. */
const STATE_RANKS: Readonly<Record<string, number>> = { starting: 0, up: 1, idle: 1, crashed: 2, down: 2 };
const DESTROYED = 3;

function isLater(news: LastNews, last: LastNews): boolean {
  if (last.rank === DESTROYED) return false;
  return news.atMs > last.atMs || (news.atMs === last.atMs && news.rank > last.rank);
}

/** The dynos of one app: as they were listed, and as the platform's news has changed them since. */
export class AppListing {
  #dynos: readonly PlatformDyno[] | null = null;
  /** When the newest read began, by this machine's clock (Unix ms). */
  #readMs = Number.NEGATIVE_INFINITY;
  /** By dyno id, those that have ended included. */
  readonly #news = new Map<string, LastNews>();

  /** Null where the app was not read, or is gone. */
  get dynos(): readonly PlatformDyno[] | null {
    return this.#dynos;
  }

  /** @param readMs when the read began (Unix ms) */
  replace(dynos: readonly PlatformDyno[] | null, readMs: number): void {
    this.#dynos = dynos;
    this.#readMs = readMs;
  }

  /** Takes duplicates, and news in any order: what is older than a read or than other news changes nothing. */
  hear({ action, atMs, dyno }: DynoNews): Heard {
    const dynos = this.#dynos;
    if (dynos === null) return 'outdated';
    const last = this.#news.get(dyno.id);
    const news: LastNews = { atMs, rank: action === 'destroy' ? DESTROYED : (STATE_RANKS[dyno.state] ?? 1) };
    if (atMs < this.#readMs - CLOCK_SLACK_MS || (last !== undefined && !isLater(news, last))) return 'late';
    this.#remember(dyno.id, news);
    if (action === 'destroy') {
      this.#dynos = dynos.filter(({ id }) => id !== dyno.id);
      return 'taken';
    }
    return this.#put(dynos, { action, atMs, dyno });
  }

  #put(dynos: readonly PlatformDyno[], { action, atMs, dyno }: Omit<DynoNews, 'app'>): Heard {
    // One-off dynos are no targets, and not every subscription says when they end.
    if (ONE_OFF_TYPES.has(dyno.processType)) return 'taken';
    const known = dynos.find(({ id }) => id === dyno.id);
    const createdAtMs = dyno.createdAtMs ?? known?.createdAtMs ?? (action === 'create' ? atMs : null);
    if (createdAtMs === null) return 'outdated';
    const namesake = dynos.find(({ id, name }) => name === dyno.name && id !== dyno.id);
    if (namesake !== undefined && namesake.createdAtMs > createdAtMs) return 'late';
    const others = dynos.filter(({ id, name }) => id !== dyno.id && name !== dyno.name);
    if (others.length >= MAX_DYNOS) return 'outdated';
    const size = dyno.size ?? known?.size ?? null;
    const releaseVersion = dyno.releaseVersion ?? known?.releaseVersion ?? null;
    this.#dynos = [...others, { ...dyno, size, releaseVersion, createdAtMs }];
    return 'taken';
  }

  #remember(id: string, news: LastNews): void {
    this.#news.delete(id);
    this.#news.set(id, news);
    const [oldest] = this.#news.keys();
    if (this.#news.size > MAX_REMEMBERED && oldest !== undefined) this.#news.delete(oldest);
  }
}
