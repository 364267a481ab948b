import { type Boot, observe, openBoot } from '../detector/boot/boot.ts';
import { type DynoFacts, NO_RESTARTS, type QuickRestarts } from '../detector/rules/assessment.ts';
import type { Decision } from '../model/decision.ts';
import type { Listing } from '../model/listing.ts';
import type { BootIdentity, Point } from '../model/point.ts';
import type { Policy } from '../model/policy.ts';
import type { PlatformDyno } from '../ports.ts';
import { UsageSeries } from './chronicle/usage-series.ts';

const HOUR_MS = 3_600_000;
/** A boot that is silent for longer is forgotten. Its snapshot in Redis expires after the same time. */
const FORGET_AFTER_MS = 48 * HOUR_MS;
/** When a newer boot has the same dyno name, the older one is over after this many silent windows. */
export const SUPERSEDED_AFTER_WINDOWS = 10;

export interface BootEntry {
  readonly key: string;
  readonly boot: Boot;
  readonly series: UsageSeries;
  /** How many buckets were closed when the boot was last saved. */
  savedBuckets: number;
  /** The newest decision about the boot; null before its first tick. */
  decision: Decision | null;
  /** Which listed dyno it is; null before its first tick, and where no platform is configured. */
  listing: Listing<PlatformDyno> | null;
  /** The platform's last facts about its dyno; kept when the listing already shows the successor. */
  facts: DynoFacts | null;
  /** From the ledger of its target, when that was last read. */
  learnedFloorBytes: number | null;
  uselessRestarts: number;
  quickRestarts: QuickRestarts;
}

/** All boots that report, with the values folded from their points. The only mutable place for them. */
export class BootRegistry {
  readonly #policy: Policy;
  readonly #entries = new Map<string, BootEntry>();

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  /** Folds points into their boots, in the given order. */
  accept(points: readonly Point[]): void {
    for (const point of points) {
      const key = bootKey(point.boot);
      const entry = this.#entries.get(key) ?? this.#open(key, openBoot(point));
      observe(entry.boot, point, this.#policy);
      const { usageBytes, activeJobs } = entry.boot;
      if (usageBytes !== null) entry.series.add({ timeMs: point.timeMs, usageBytes, activeJobs });
    }
  }

  /**
   * Adopts a boot from a snapshot, unless the one here began earlier, or began at the same time and is newer. Returns
   * whether it did.
   */
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
      series: new UsageSeries(this.#policy.windowMs / 2),
      savedBuckets: 0,
      decision: null,
      listing: null,
      facts: null,
      learnedFloorBytes: null,
      uselessRestarts: 0,
      quickRestarts: NO_RESTARTS,
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

  /** The boot of an app by dyno name and boot id; null where it has not reported here. */
  find(app: string, { dyno, bootId }: Pick<BootIdentity, 'dyno' | 'bootId'>): BootEntry | null {
    return this.#entries.get(bootKey({ app, dyno, bootId })) ?? null;
  }

  /** The boot that the platform lists under a dyno name, else the newest of that name; null if none exists. */
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
    // An unlisted boot replaces no other: the silent one may be the real dyno, and then a stranger must not pass for
    // it.
    return newest !== null && newest.listing?.kind !== 'unlisted' && newest.boot.firstPointMs > boot.firstPointMs;
  }
}

function isFuller(one: Boot, other: Boot): boolean {
  if (one.firstPointMs !== other.firstPointMs) return one.firstPointMs < other.firstPointMs;
  return one.lastPointMs > other.lastPointMs;
}

/**
 * Senders choose boot ids. The app is part of the key so that no app can report for another's boots, and the dyno name
 * so that dynos with the same overwritten id are not summed.
 */
function bootKey({ app, dyno, bootId }: Pick<BootIdentity, 'app' | 'dyno' | 'bootId'>): string {
  return `${app ?? ''}|${dyno}|${bootId}`;
}
