import { type Boot, observe, openBoot } from '../detector/boot/boot.ts';
import type { DynoFacts } from '../detector/rules/assessment.ts';
import type { Decision } from '../model/decision.ts';
import type { Reporter } from '../model/fair-shares.ts';
import type { Listing } from '../model/listing.ts';
import { type BootIdentity, bootKeyOf, type Point } from '../model/point.ts';
import type { Policy } from '../model/policy.ts';
import type { Target } from '../model/target.ts';
import type { PlatformDyno } from '../ports.ts';
import { processTypeOf } from '../shared/dyno-name.ts';
import { oldSpaceBytes } from '../sources/limits.ts';
import { BootPlaces, bootBytesFor } from './boot-places.ts';
import { UsageSeries } from './chronicle/usage-series.ts';

const HOUR_MS = 3_600_000;
/** A boot that is silent for longer is forgotten. Its snapshot in Redis expires after the same time. */
const FORGET_AFTER_MS = 48 * HOUR_MS;
/** When a newer boot has the same dyno name, the older one is over after this many silent windows. */
export const SUPERSEDED_AFTER_WINDOWS = 10;
/** Boots under one dyno name. With more, the most silent one that the platform does not list goes. */
const MAX_BOOTS_OF_DYNO = 32;

export interface BootEntry {
  readonly key: string;
  readonly boot: Boot;
  readonly series: UsageSeries;
  /** How many buckets were closed when the boot was last saved. */
  savedBuckets: number;
  /** From where its partition of Kafka must be read to know what is not in its snapshot; null where there is none. */
  savedOffset: bigint | null;
  /** The newest decision about the boot; null before its first tick. */
  decision: Decision | null;
  /** When the loop first saw it (monotonic ms); null before. */
  seenMs: number | null;
  /** Whether the platform was to be read because of it, and it has not been found up since. */
  isSought: boolean;
  /** Which listed dyno it is; null before its first tick, and where no platform is configured. */
  listing: Listing<PlatformDyno> | null;
  /** The platform's last facts about its dyno; kept when the listing already shows the successor. */
  facts: DynoFacts | null;
  /** From the ledger of its target, when that was last read. */
  learnedFloorBytes: number | null;
  uselessRestarts: number;
}

/** All boots that report, with the values folded from their points. The only mutable place for them. */
export class BootRegistry {
  readonly #policy: Policy;
  readonly #places: BootPlaces;
  readonly #entries = new Map<string, BootEntry>();
  /** The boots of each app and dyno name. */
  readonly #byDyno = new Map<string, BootEntry[]>();
  /** Those that made room since the last `prune`. */
  #madeRoom: string[] = [];

  /** @param maxBytes for all boots; default: what the heap allows */
  constructor(policy: Policy, maxBytes: number = bootBytesFor(oldSpaceBytes())) {
    this.#policy = policy;
    this.#places = new BootPlaces(maxBytes, this.#silentMs, (key) => this.#makeRoomBy(key));
  }

  /** Whether points of this boot can be taken; a new boot gets a place then, which one that is silent may give up. */
  hasRoomFor(identity: BootIdentity, reporter: Reporter, nowMs: number): boolean {
    return this.#places.claim(bootKeyOf(identity), identity.app, { reporter, nowMs });
  }

  #makeRoomBy(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#remove(entry);
    this.#madeRoom.push(key);
  }

  /** Since when a boot counts as over where another one needs its place or its name. */
  get #silentMs(): number {
    return SUPERSEDED_AFTER_WINDOWS * this.#policy.windowMs;
  }

  /** Folds points into their boots, in the given order. */
  accept(points: readonly Point[]): void {
    for (const point of points) {
      const key = bootKeyOf(point.boot);
      const entry = this.#entries.get(key) ?? this.#open(key, openBoot(point));
      const { processes } = entry.boot;
      observe(entry.boot, point, this.#policy);
      const { usageBytes, activeJobs } = entry.boot;
      if (entry.boot.processes !== processes) this.#places.weigh(key, entry.boot.processes.length);
      if (usageBytes !== null) entry.series.add({ timeMs: point.timeMs, usageBytes, activeJobs });
    }
  }

  /**
   * Adopts a boot from a snapshot, unless the one here began earlier, or began at the same time and is newer. Returns
   * whether it did.
   *
   * @param savedOffset as `BootEntry` has it
   */
  adopt(boot: Boot, savedOffset: bigint | null = null): boolean {
    const key = bootKeyOf(boot.identity);
    const known = this.#entries.get(key);
    if (known !== undefined && !isFuller(boot, known.boot)) return false;
    if (!this.#places.hasRoom(key, boot.identity.app)) return false;
    this.#open(key, boot).savedOffset = savedOffset;
    return true;
  }

  #open(key: string, boot: Boot): BootEntry {
    const entry: BootEntry = {
      key,
      boot,
      series: new UsageSeries(this.#policy.windowMs / 2),
      savedBuckets: 0,
      savedOffset: null,
      decision: null,
      seenMs: null,
      isSought: false,
      listing: null,
      facts: null,
      learnedFloorBytes: null,
      uselessRestarts: 0,
    };
    const known = this.#entries.get(key);
    if (known !== undefined) this.#remove(known);
    this.#entries.set(key, entry);
    this.#places.open(key, boot.identity.app, boot.lastPointMs);
    this.#places.weigh(key, boot.processes.length);
    const name = dynoKey(boot.identity);
    const ofDyno = this.#byDyno.get(name) ?? [];
    this.#byDyno.set(name, ofDyno);
    ofDyno.push(entry);
    if (ofDyno.length > MAX_BOOTS_OF_DYNO) this.#makeRoomBy(leastNeeded(ofDyno).key);
    return entry;
  }

  #remove({ key, boot }: BootEntry): void {
    this.#entries.delete(key);
    this.#places.remove(key);
    const name = dynoKey(boot.identity);
    const rest = (this.#byDyno.get(name) ?? []).filter((entry) => entry.key !== key);
    if (rest.length === 0) this.#byDyno.delete(name);
    else this.#byDyno.set(name, rest);
  }

  entries(): readonly BootEntry[] {
    return [...this.#entries.values()];
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The boot of an app by dyno name and boot id; null where it has not reported here. */
  find(app: string, { dyno, bootId }: Pick<BootIdentity, 'dyno' | 'bootId'>): BootEntry | null {
    return this.#entries.get(bootKeyOf({ app, dyno, bootId })) ?? null;
  }

  /** The boot that the platform lists under a dyno name, else the newest of that name; null if none exists. */
  newestOf(app: string, dyno: string): BootEntry | null {
    return newestIn(this.#byDyno.get(dynoKey({ app, dyno })) ?? []);
  }

  /** The same of each dyno name, among the boots that were decided about: what people are shown. */
  newestDecided(): readonly BootEntry[] {
    return [...this.#byDyno.values()].flatMap((ofDyno) => newestIn(decided(ofDyno)) ?? []);
  }

  /** Null where no boot of that name was decided about. */
  newestDecidedOf(app: string, dyno: string): BootEntry | null {
    return newestIn(decided(this.#byDyno.get(dynoKey({ app, dyno })) ?? []));
  }

  /** Forgets boots that another actuator follows from now on; the next `prune` returns their keys. */
  release(isOf: (boot: BootIdentity) => boolean): void {
    for (const entry of [...this.#entries.values()]) if (isOf(entry.boot.identity)) this.#makeRoomBy(entry.key);
  }

  /** Forgets boots that are over; returns their keys, and those of boots that made room for others. */
  prune(nowMs: number): readonly string[] {
    const gone: BootEntry[] = [];
    // By dyno, so that the boots of one are compared with each other alone.
    for (const ofDyno of this.#byDyno.values()) {
      for (const entry of ofDyno) if (this.#isOver(entry, ofDyno, nowMs)) gone.push(entry);
    }
    for (const entry of gone) this.#remove(entry);
    this.#places.prune(nowMs);
    const over = [...this.#madeRoom, ...gone.map(({ key }) => key)];
    this.#madeRoom = [];
    // One that made room may have come back.
    return over.filter((key) => !this.#entries.has(key));
  }

  #isOver({ boot }: BootEntry, ofDyno: readonly BootEntry[], nowMs: number): boolean {
    const silentMs = nowMs - boot.lastPointMs;
    if (silentMs > FORGET_AFTER_MS) return true;
    if (silentMs <= this.#silentMs || boot.identity.app === null) return false;
    const newest = ofDyno.length === 1 ? null : newestIn(ofDyno);
    // An unlisted boot replaces no other: the silent one may be the real dyno, and then a stranger must not pass for
    // it.
    return newest !== null && newest.listing?.kind !== 'unlisted' && newest.boot.firstPointMs > boot.firstPointMs;
  }
}

function decided(ofDyno: readonly BootEntry[]): readonly BootEntry[] {
  return ofDyno.filter(({ decision }) => decision !== null);
}

function newestIn(ofDyno: readonly BootEntry[]): BootEntry | null {
  return ofDyno.reduce<BootEntry | null>((a, b) => (a === null || comesFirst(b, a) ? b : a), null);
}

/** The boot that the platform lists comes before the others, and the newer before the older. */
function comesFirst(one: BootEntry, other: BootEntry): boolean {
  const isListed = one.listing?.kind === 'listed';
  if (isListed !== (other.listing?.kind === 'listed')) return isListed;
  return one.boot.firstPointMs > other.boot.firstPointMs;
}

/** @param ofDyno at least one */
function leastNeeded(ofDyno: readonly BootEntry[]): BootEntry {
  const isListed = ({ listing }: BootEntry) => listing?.kind === 'listed';
  return ofDyno.reduce((a, b) => {
    if (isListed(a) !== isListed(b)) return isListed(a) ? b : a;
    return b.boot.lastPointMs < a.boot.lastPointMs ? b : a;
  });
}

function isFuller(one: Boot, other: Boot): boolean {
  if (one.firstPointMs !== other.firstPointMs) return one.firstPointMs < other.firstPointMs;
  return one.lastPointMs > other.lastPointMs;
}

/** Of a boot's key; null where it names no app. The type is the one in the dyno's name. */
export function targetOfBootKey(key: string): Target | null {
  const [app = '', dyno = ''] = key.split('|');
  return app === '' ? null : { app, processType: processTypeOf(dyno) };
}

function dynoKey({ app, dyno }: Pick<BootIdentity, 'app' | 'dyno'>): string {
  return `${app ?? ''}|${dyno}`;
}
