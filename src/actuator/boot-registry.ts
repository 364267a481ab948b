import { type Boot, observe, openBoot } from '../detector/boot/boot.ts';
import type { Reporter } from '../model/fair-shares.ts';
import { type BootIdentity, bootKeyOf, type Point } from '../model/point.ts';
import type { Policy } from '../model/policy.ts';
import type { Target } from '../model/target.ts';
import { processTypeOf } from '../shared/dyno-name.ts';
import { oldSpaceBytes } from '../sources/limits.ts';
import { compareDynos } from '../web/show/dyno-order.ts';
import { AppBoots, newestDecidedIn, newestIn } from './app-boots.ts';
import type { BootEntry } from './boot-entry.ts';
import { BootPlaces, bootBytesFor } from './boot-places.ts';
import { UsageSeries } from './chronicle/usage-series.ts';

const HOUR_MS = 3_600_000;
/** A boot that is silent for longer is forgotten. Its snapshot in Redis expires after the same time. */
const FORGET_AFTER_MS = 48 * HOUR_MS;
/** When a newer boot has the same dyno name, the older one is over after this many silent windows. */
export const SUPERSEDED_AFTER_WINDOWS = 10;
/** Boots under one dyno name. With more, the most silent one that the platform does not list goes. */
const MAX_BOOTS_OF_DYNO = 32;

/** All boots that report, with the values folded from their points. The only mutable place for them. */
export class BootRegistry {
  readonly #policy: Policy;
  readonly #places: BootPlaces;
  readonly #entries = new Map<string, BootEntry>();
  readonly #byApp = new Map<string | null, AppBoots>();
  /** In the order of all lists; null where apps have come or gone since they were put in order. */
  #apps: readonly AppBoots[] | null = null;
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
      const { processes, identity } = entry.boot;
      observe(entry.boot, point, this.#policy);
      if (entry.boot.identity !== identity) this.#rename(entry, identity);
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
    const ofApp = this.#appBoots(boot.identity.app);
    ofApp.add(entry);
    const ofDyno = ofApp.of(boot.identity.dyno);
    if (ofDyno.length > MAX_BOOTS_OF_DYNO) this.#makeRoomBy(leastNeeded(ofDyno).key);
    return entry;
  }

  #appBoots(app: string | null): AppBoots {
    let ofApp = this.#byApp.get(app);
    if (ofApp === undefined) {
      ofApp = new AppBoots(app);
      this.#byApp.set(app, ofApp);
      this.#apps = null;
    }
    return ofApp;
  }

  /** It says something else of itself than before, such as another process type. */
  #rename(entry: BootEntry, before: BootIdentity): void {
    this.#removeFromApp(entry, before);
    this.#appBoots(entry.boot.identity.app).add(entry);
  }

  #remove(entry: BootEntry): void {
    this.#entries.delete(entry.key);
    this.#places.remove(entry.key);
    this.#removeFromApp(entry, entry.boot.identity);
  }

  #removeFromApp(entry: BootEntry, { app, dyno }: BootIdentity): void {
    const ofApp = this.#byApp.get(app);
    ofApp?.remove(entry, dyno);
    if (!ofApp?.isEmpty) return;
    this.#byApp.delete(app);
    this.#apps = null;
  }

  /** By app. */
  entries(): readonly BootEntry[] {
    return this.byApp().flat();
  }

  /** The boots of each app, as they are now: a list that does not change. */
  byApp(): readonly (readonly BootEntry[])[] {
    return [...this.#byApp.values()].map((ofApp) => ofApp.entries());
  }

  /** The apps in the order of all lists. */
  apps(): readonly AppBoots[] {
    this.#apps ??= [...this.#byApp.values()].sort((a, b) => compareDynos([a.app, ''], [b.app, '']));
    return this.#apps;
  }

  /** Of all boots whose app is known. */
  targets(): readonly Target[] {
    return [...this.#byApp.values()].flatMap((ofApp) => ofApp.targets());
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The boot of an app by dyno name and boot id; null where it has not reported here. */
  find(app: string, { dyno, bootId }: Pick<BootIdentity, 'dyno' | 'bootId'>): BootEntry | null {
    return this.#entries.get(bootKeyOf({ app, dyno, bootId })) ?? null;
  }

  ofApp(app: string | null): readonly BootEntry[] {
    return this.#byApp.get(app)?.entries() ?? [];
  }

  ofDyno(app: string | null, dyno: string): readonly BootEntry[] {
    return this.#byApp.get(app)?.of(dyno) ?? [];
  }

  /** The boot that the platform lists under a dyno name, else the newest of that name; null if none exists. */
  newestOf(app: string, dyno: string): BootEntry | null {
    return newestIn(this.ofDyno(app, dyno));
  }

  /** The same among the boots that were decided about: what people are shown. Null if there is none. */
  newestDecidedOf(app: string, dyno: string): BootEntry | null {
    return newestDecidedIn(this.ofDyno(app, dyno));
  }

  /** Forgets boots of an app that another actuator follows from now on; the next `prune` returns their keys. */
  release(app: string | null, isOf: (boot: BootIdentity) => boolean): void {
    for (const { key, boot } of this.ofApp(app)) if (isOf(boot.identity)) this.#makeRoomBy(key);
  }

  /**
   * Forgets boots that are over, in steps, between which boots may come, report and go. Looks once at the dyno names
   * that are there when it comes to their app: names that come meanwhile do not lengthen it. A boot is removed in the
   * step that finds it over, so one that has reported again stays.
   *
   * @param onGone called with the key of each such boot in the step that removes it, and of each that made room for
   * others: from then on a boot of that key is a new one
   */
  *prune(nowMs: number, onGone: (key: string) => void): Generator<void, void> {
    const madeRoom = this.#madeRoom;
    this.#madeRoom = [];
    for (const key of madeRoom) {
      // It may have come back.
      if (!this.#entries.has(key)) onGone(key);
      yield;
    }
    for (const ofApp of [...this.#byApp.values()]) {
      for (const [known] of ofApp.byDyno()) {
        if (known !== undefined) this.#pruneDyno(known.boot.identity, nowMs, onGone);
        yield;
      }
    }
    yield* this.#places.prune(nowMs);
  }

  /** All boots of a dyno name as they are now, in one step: they are compared with each other, those over included. */
  #pruneDyno({ app, dyno }: BootIdentity, nowMs: number, onGone: (key: string) => void): void {
    const ofDyno = this.ofDyno(app, dyno);
    for (const entry of ofDyno) {
      if (!this.#isOver(entry, ofDyno, nowMs)) continue;
      this.#remove(entry);
      onGone(entry.key);
    }
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
