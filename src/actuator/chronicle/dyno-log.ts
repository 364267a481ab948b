import type { MemoryClass } from '../../model/decision.ts';
import type { CurveView } from '../../web/views.ts';
import type { BootEntry } from '../boot-entry.ts';
import { curveOf, thinned } from './boot-curve.ts';

/** A boot as the log knows it, also after it is over. */
export interface BootRecord {
  readonly bootId: string;
  readonly release: string | null;
  readonly class: MemoryClass;
  /** Null where it had its class when this actuator first saw it. */
  readonly classSinceMs: number | null;
  /** When usage passed the quota, oldest first; the newest few. */
  readonly overLimitMs: readonly number[];
  readonly firstPointMs: number;
  readonly lastPointMs: number;
  readonly floorBytes: number | null;
  readonly curve: () => CurveView;
}

interface Watched {
  entry: BootEntry;
  class: MemoryClass;
  classSinceMs: number | null;
  isOver: boolean;
  overLimitMs: readonly number[];
  /** The look in which it was there last. */
  look: number;
}

/** Past boots that are kept of one dyno name, and of all. */
const MAX_PAST = 5;
const MAX_PAST_IN_ALL = 2000;
const MAX_MARKS = 10;
/** One list for all: most dynos never pass their quota. */
const NEVER: readonly number[] = [];
/** Moments that the curve of a past boot keeps. */
const PAST_MOMENTS = 120;

/**
 * What charts show of a dyno besides its present memory: since when it has its class, when it passed its quota, and the
 * boots before this one. Looked at in every tick; in memory only.
 */
export class DynoLog {
  /** By boot key. */
  readonly #watched = new Map<string, Watched>();
  /** By app and dyno name, the newest first; the name whose boot ended first comes first. */
  readonly #past = new Map<string, readonly BootRecord[]>();
  #pastInAll = 0;
  #look = 0;

  /** Makes past boots of those that were not there in this look, in steps. Nothing is followed meanwhile. */
  *archive(): Generator<void, void> {
    for (const [key, watched] of this.#watched) {
      if (watched.look !== this.#look) this.#archive(key, watched);
      yield;
    }
    this.#look += 1;
  }

  /** Null where the boot was not followed yet. */
  of({ key }: Pick<BootEntry, 'key'>): BootRecord | null {
    const watched = this.#watched.get(key);
    return watched === undefined ? null : recordOf(watched);
  }

  /** The boots of a dyno name that are forgotten otherwise, newest first. */
  past(app: string | null, dyno: string): readonly BootRecord[] {
    return this.#past.get(nameOf(app, dyno)) ?? [];
  }

  /** Follows a boot that is there. After all of them, `archive` ends the look. */
  follow(entry: BootEntry): void {
    const { decision } = entry;
    const known = this.#watched.get(entry.key);
    if (known !== undefined) known.look = this.#look;
    if (decision === null) return;
    const watched = known ?? {
      entry,
      class: decision.class,
      // A boot that begins to report here begins as what it is.
      classSinceMs: decision.class === 'warming' ? entry.boot.firstPointMs : null,
      isOver: false,
      overLimitMs: NEVER,
      look: this.#look,
    };
    // A snapshot may replace an entry.
    watched.entry = entry;
    if (watched.class !== decision.class) {
      watched.class = decision.class;
      watched.classSinceMs = decision.timeMs;
    }
    const { usageBytes, limitBytes } = decision;
    const isOver = usageBytes !== null && limitBytes !== null && usageBytes > limitBytes;
    if (isOver && !watched.isOver) watched.overLimitMs = [...watched.overLimitMs, decision.timeMs].slice(-MAX_MARKS);
    watched.isOver = isOver;
    if (known === undefined) this.#watched.set(entry.key, watched);
  }

  #archive(key: string, watched: Watched): void {
    this.#watched.delete(key);
    const { app, dyno } = watched.entry.boot.identity;
    const name = nameOf(app, dyno);
    const curve = thinned(curveOf(watched.entry), PAST_MOMENTS);
    const before = this.#past.get(name) ?? [];
    const after = [{ ...recordOf(watched), curve: () => curve }, ...before].slice(0, MAX_PAST);
    this.#past.delete(name);
    this.#past.set(name, after);
    this.#pastInAll += after.length - before.length;
    for (const [oldest, records] of this.#past) {
      if (this.#pastInAll <= MAX_PAST_IN_ALL) return;
      this.#past.delete(oldest);
      this.#pastInAll -= records.length;
    }
  }
}

function recordOf({ entry, class: memoryClass, classSinceMs, overLimitMs }: Watched): BootRecord {
  const { boot, decision } = entry;
  return {
    bootId: boot.identity.bootId,
    release: boot.identity.release,
    class: memoryClass,
    classSinceMs,
    overLimitMs,
    firstPointMs: boot.firstPointMs,
    lastPointMs: boot.lastPointMs,
    floorBytes: decision?.floorBytes ?? null,
    curve: () => curveOf(entry),
  };
}

function nameOf(app: string | null, dyno: string): string {
  return `${app ?? ''}|${dyno}`;
}
