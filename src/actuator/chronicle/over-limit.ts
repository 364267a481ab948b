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
  #changed = false;

  add(target: TargetKey, ms: number, nowMs: number): void {
    if (ms <= 0) return;
    const hour = Math.floor(nowMs / HOUR_MS);
    const hours = this.#hours.get(target) ?? this.#open(target);
    if (hours === null) return;
    hours.set(hour, (hours.get(hour) ?? 0) + ms);
    for (const old of hours.keys()) if (old <= hour - KEPT_HOURS) hours.delete(old);
    this.#changed = true;
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

  /** What is to be saved; null where nothing has changed since the last call. */
  changes(): string | null {
    if (!this.#changed) return null;
    this.#changed = false;
    const saved: Saved = Object.fromEntries(
      [...this.#hours].map(([target, hours]) => [target, Object.fromEntries(hours)]),
    );
    return JSON.stringify(saved);
  }

  /**
   * Takes up what another actuator saved. Of an hour that both know, the longer time holds. Ignores what is damaged.
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
