import type { TargetKey } from '../../model/target.ts';

const HOUR_MS = 3_600_000;
/** A week, and a day for a summary that comes late. */
const KEPT_HOURS = 8 * 24;
const MAX_TARGETS = 500;

/** As Redis keeps it: by target, the hours since 1970 with the ms over the quota in each. */
type Saved = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Time over the quota, summed over the dynos of each target, by the hour. */
export class OverLimit {
  readonly #hours = new Map<string, Map<number, number>>();

  add(target: TargetKey, ms: number, nowMs: number): void {
    if (ms <= 0) return;
    const hour = Math.floor(nowMs / HOUR_MS);
    const hours = this.#hours.get(target) ?? this.#open(target);
    if (hours === null) return;
    hours.set(hour, (hours.get(hour) ?? 0) + ms);
    dropOld(hours, hour);
  }

  /** Since a time, to the hour; null: of all targets. */
  sumMs(target: TargetKey | null, sinceMs: number): number {
    return this.sumOf((other) => target === null || other === target, sinceMs);
  }

  /** The same of those targets that are wanted. */
  sumOf(isWanted: (target: string) => boolean, sinceMs: number): number {
    const fromHour = Math.ceil(sinceMs / HOUR_MS);
    return [...this.#hours]
      .flatMap(([target, hours]) => (isWanted(target) ? [...hours] : []))
      .filter(([hour]) => hour >= fromHour)
      .reduce((sum, [, ms]) => sum + ms, 0);
  }

  /**
   * Takes up what was saved, by this actuator or another one, and returns what is to be saved in its place; null where
   * that is the same. Of two that do so at once the next round of one mends what the other has lost.
   */
  merge(saved: string | null, nowMs: number): string | null {
    this.restore(saved, nowMs);
    for (const [target, hours] of this.#hours) {
      dropOld(hours, Math.floor(nowMs / HOUR_MS));
      if (hours.size === 0) this.#hours.delete(target);
    }
    if (this.#hours.size === 0) return null;
    const all: Saved = Object.fromEntries(
      [...this.#hours]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([target, hours]) => [target, Object.fromEntries(hours)]),
    );
    const json = JSON.stringify(all);
    return json === saved ? null : json;
  }

  /**
   * Takes up what was saved. Of an hour that both know, the longer time holds. Ignores what is damaged.
   */
  restore(json: string | null, nowMs: number): void {
    const thisHour = Math.floor(nowMs / HOUR_MS);
    for (const [target, hours] of entriesOf(parsed(json))) {
      for (const [text, ms] of entriesOf(hours)) {
        const hour = Number(text);
        const isKept = Number.isInteger(hour) && hour <= thisHour && hour > thisHour - KEPT_HOURS;
        if (!isKept || typeof ms !== 'number' || !(ms >= 0 && ms <= Number.MAX_SAFE_INTEGER)) continue;
        const known = this.#hours.get(target) ?? this.#open(target);
        known?.set(hour, Math.max(known.get(hour) ?? 0, ms));
      }
    }
  }

  #open(target: string): Map<number, number> | null {
    if (this.#hours.size >= MAX_TARGETS) return null;
    const opened = new Map<number, number>();
    this.#hours.set(target, opened);
    return opened;
  }
}

function dropOld(hours: Map<number, number>, thisHour: number): void {
  for (const hour of hours.keys()) if (hour <= thisHour - KEPT_HOURS) hours.delete(hour);
}

function parsed(json: string | null): unknown {
  try {
    return JSON.parse(json ?? 'null');
  } catch {
    return null;
  }
}

function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}
