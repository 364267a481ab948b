import type { Target } from '../model/target.ts';
import { compareDynos } from '../web/show/dyno-order.ts';
import type { BootEntry } from './boot-entry.ts';

/** The boots of one app. What is asked for in every tick is made once after each change. */
export class AppBoots {
  /** Null: the boots that name no app. */
  readonly app: string | null;
  readonly #byDyno = new Map<string, readonly BootEntry[]>();
  #entries: readonly BootEntry[] | null = null;
  #targets: readonly Target[] | null = null;
  #dynos: readonly string[] | null = null;
  /** Null while some dyno was not decided about: once all were, their number stays until boots come or go. */
  #decidedByType: ReadonlyMap<string, number> | null = null;

  constructor(app: string | null) {
    this.app = app;
  }

  get isEmpty(): boolean {
    return this.#byDyno.size === 0;
  }

  add(entry: BootEntry): void {
    const { dyno } = entry.boot.identity;
    // Spread, a list of one would keep room for 17 more.
    this.#byDyno.set(dyno, this.of(dyno).concat(entry));
    this.#change();
  }

  /** @param dyno the name under which it was added */
  remove(entry: BootEntry, dyno: string): void {
    const rest = this.of(dyno).filter((other) => other !== entry);
    if (rest.length === 0) this.#byDyno.delete(dyno);
    else this.#byDyno.set(dyno, rest);
    this.#change();
  }

  #change(): void {
    this.#entries = this.#targets = this.#dynos = this.#decidedByType = null;
  }

  /** The boots of one dyno name, in the order in which they came. */
  of(dyno: string): readonly BootEntry[] {
    return this.#byDyno.get(dyno) ?? [];
  }

  /** The boots of each dyno name, as they are now: walked in turns, a live list might grow as fast as it is walked. */
  byDyno(): readonly (readonly BootEntry[])[] {
    return [...this.#byDyno.values()];
  }

  /** A list that does not change. */
  entries(): readonly BootEntry[] {
    this.#entries ??= [...this.#byDyno.values()].flat();
    return this.#entries;
  }

  /** Empty where the boots name no app. */
  targets(): readonly Target[] {
    this.#targets ??= this.#targetsNow();
    return this.#targets;
  }

  #targetsNow(): readonly Target[] {
    const { app } = this;
    if (app === null) return [];
    const types = new Set(this.entries().map(({ boot: { identity } }) => identity.processType));
    return [...types].map((processType) => ({ app, processType }));
  }

  /**
   * How many dyno names have a boot that was decided about.
   *
   * @param isCounted whether a dyno of this process type counts
   */
  decidedDynos(isCounted: (processType: string) => boolean): number {
    let count = 0;
    for (const [processType, dynos] of this.#decidedByType ?? this.#countDecided())
      if (isCounted(processType)) count += dynos;
    return count;
  }

  #countDecided(): ReadonlyMap<string, number> {
    const byType = new Map<string, number>();
    let decided = 0;
    for (const ofDyno of this.#byDyno.values()) {
      const shown = newestDecidedIn(ofDyno);
      if (shown === null) continue;
      const { processType } = shown.boot.identity;
      byType.set(processType, (byType.get(processType) ?? 0) + 1);
      decided += 1;
    }
    if (decided === this.#byDyno.size) this.#decidedByType = byType;
    return byType;
  }

  /** The dyno names in the order of all lists. */
  dynos(): readonly string[] {
    this.#dynos ??= [...this.#byDyno.keys()].sort((a, b) => compareDynos([this.app, a], [this.app, b]));
    return this.#dynos;
  }
}

/** Null where none of them was decided about. */
export function newestDecidedIn(ofDyno: readonly BootEntry[]): BootEntry | null {
  return newestIn(ofDyno.filter(({ decision }) => decision !== null));
}

/** The boot that the platform lists, else the newest. */
export function newestIn(ofDyno: readonly BootEntry[]): BootEntry | null {
  return ofDyno.reduce<BootEntry | null>((a, b) => (a === null || comesFirst(b, a) ? b : a), null);
}

/** The boot that the platform lists comes before the others, and the newer before the older. */
function comesFirst(one: BootEntry, other: BootEntry): boolean {
  const isListed = one.listing?.kind === 'listed';
  if (isListed !== (other.listing?.kind === 'listed')) return isListed;
  return one.boot.firstPointMs > other.boot.firstPointMs;
}
