import { type Boot, observe, openBoot } from '../detector/boot.ts';
import type { DynoFacts } from '../detector/assessment.ts';
import type { Decision } from '../model/decision.ts';
import type { Listing } from '../model/listing.ts';
import type { BootIdentity, Point } from '../model/point.ts';
import type { Policy } from '../model/policy.ts';
import type { PlatformDyno } from '../ports.ts';
import { SeriesRing } from './report/series.ts';

const HOUR_MS = 3_600_000;
/** A boot that says nothing for so long is forgotten; its snapshot in Redis lives as long. */
const FORGET_AFTER_MS = 48 * HOUR_MS;
/** Of these two, the newer boot of a dyno name stays: the older one is over once it was silent for so many windows. */
export const SUPERSEDED_AFTER_WINDOWS = 10;
const SERIES_SAMPLES = 240;

export interface BootEntry {
  readonly key: string;
  readonly boot: Boot;
  readonly series: SeriesRing;
  /** Buckets closed when the boot was last saved. */
  savedBuckets: number;
  /** The newest decision about it; null before the first tick that saw it. */
  decision: Decision | null;
  /** Which listed dyno it is; null before the first tick that saw it, and where no platform is configured. */
  listing: Listing<PlatformDyno> | null;
  /** What the platform last said of its dyno; kept when the listing already shows its successor. */
  facts: DynoFacts | null;
  /** What the ledger had learned of its target when it was last read. */
  learnedFloorBytes: number | null;
  uselessRestarts: number;
}

/** All boots whose points arrive: the one mutable place that holds the folded values. */
export class BootRegistry {
  readonly #policy: Policy;
  readonly #entries = new Map<string, BootEntry>();

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  /** Folds points into their boots, in the order given. */
  accept(points: readonly Point[]): void {
    for (const point of points) {
      const key = bootKey(point.boot);
      const entry = this.#entries.get(key) ?? this.#open(key, openBoot(point));
      observe(entry.boot, point, this.#policy);
      const { usageBytes } = entry.boot;
      if (usageBytes !== null) entry.series.add(point.timeMs, usageBytes);
    }
  }

  /** Takes up a boot from a snapshot, unless what is known of it here began earlier, or as early and is newer; tells whether it did. */
  adopt(boot: Boot): boolean {
    const key = bootKey(boot.identity);
    const known = this.#entries.get(key);
    if (known !== undefined && !isFuller(boot, known.boot)) return false;
    this.#open(key, boot);
    return true;
  }

  #open(key: string, boot: Boot): BootEntry {
    const entry: BootEntry = {
      key,
      boot,
      series: new SeriesRing(SERIES_SAMPLES, this.#policy.windowMs / 4),
      savedBuckets: 0,
      decision: null,
      listing: null,
      facts: null,
      learnedFloorBytes: null,
      uselessRestarts: 0,
    };
    this.#entries.set(key, entry);
    return entry;
  }

  entries(): readonly BootEntry[] {
    return [...this.#entries.values()];
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The boot of an app by its name and its id in the metrics; null where it was not heard of here. */
  find(app: string, { dyno, bootId }: Pick<BootIdentity, 'dyno' | 'bootId'>): BootEntry | null {
    return this.#entries.get(bootKey({ app, dyno, bootId })) ?? null;
  }

  /** The boot that the platform lists under a dyno name, else the newest of that name; null where none is known. */
  newestOf(app: string, dyno: string): BootEntry | null {
    const boots = this.entries().filter(({ boot }) => boot.identity.app === app && boot.identity.dyno === dyno);
    const isListed = ({ listing }: BootEntry) => (listing?.kind === 'listed' ? 1 : 0);
    return boots.sort((a, b) => isListed(b) - isListed(a) || b.boot.firstPointMs - a.boot.firstPointMs)[0] ?? null;
  }

  /** Forgets boots that are over; returns their keys. */
  prune(nowMs: number): readonly string[] {
    const gone = this.entries().filter((entry) => this.#isOver(entry, nowMs));
    for (const { key } of gone) this.#entries.delete(key);
    return gone.map(({ key }) => key);
  }

  #isOver({ boot }: BootEntry, nowMs: number): boolean {
    const silentMs = nowMs - boot.lastPointMs;
    if (silentMs > FORGET_AFTER_MS) return true;
    if (silentMs <= SUPERSEDED_AFTER_WINDOWS * this.#policy.windowMs || boot.identity.app === null) return false;
    const newest = this.newestOf(boot.identity.app, boot.identity.dyno);
    // One that the platform does not list takes nobody's place: the silent boot may be the dyno, and then it keeps a stranger from passing for it.
    return newest !== null && newest.listing?.kind !== 'unlisted' && newest.boot.firstPointMs > boot.firstPointMs;
  }
}

function isFuller(one: Boot, other: Boot): boolean {
  if (one.firstPointMs !== other.firstPointMs) return one.firstPointMs < other.firstPointMs;
  return one.lastPointMs > other.lastPointMs;
}

/**
 * Boot ids come from the measured side. The app is part of the key so that no app can speak for another's boots, and the name so that dynos whose
 * ids somebody has overwritten on the way are not added up.
 */
function bootKey({ app, dyno, bootId }: Pick<BootIdentity, 'app' | 'dyno' | 'bootId'>): string {
  return `${app ?? ''}|${dyno}|${bootId}`;
}
