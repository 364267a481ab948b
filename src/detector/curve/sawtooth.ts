import { PARTS, TUNING } from '../tuning.ts';
import type { Level } from './curve.ts';
import { median } from './statistics.ts';
import { trendOf } from './theil-sen.ts';

/** A floor that rises and is given back, over and over: garbage that is collected late, caches that are emptied. */
export interface Sawtooth {
  /** What each drop came down to, oldest first; what lies between them comes back by itself. */
  readonly troughs: readonly Level[];
}

const MIN_LEVELS = 8;
/** One drop may be anything; two are a habit. */
const MIN_DROPS = 2;
/** By the rises alone, as drops may be a third of all changes: of normal changes the median deviation of the positive ones is 0.4 of theirs. */
const RISES_TO_DEVIATION = 2.5;

/** Null where the levels show none. `minBytes`: a smaller drop is none. */
export function sawtoothOf(levels: readonly Level[], minBytes: number): Sawtooth | null {
  if (levels.length < MIN_LEVELS || !PARTS.sawtooth) return null;
  const changes = levels
    .slice(1)
    .map(({ floorBytes }, index) => floorBytes - (levels[index]?.floorBytes ?? floorBytes));
  const rises = changes.filter((change) => change > 0);
  const usual = median(rises);
  const deviation = RISES_TO_DEVIATION * median(rises.map((rise) => Math.abs(rise - usual)));
  const min = Math.max(minBytes, TUNING.toothDeviations * deviation);
  const troughs = troughsOf(levels, min);
  if (troughs.length < MIN_DROPS || isOver(troughs, levels)) return null;
  const others = changes.filter((change) => change > -min);
  const rising = others.filter((change) => change > 0).length / Math.max(1, others.length);
  return rising >= TUNING.toothRisingFraction ? { troughs } : null;
}

/** Whether the floor has long stayed up: what it holds now does not come back. */
function isOver(troughs: readonly Level[], levels: readonly Level[]): boolean {
  const pausesMs = troughs.slice(1).map(({ timeMs }, index) => timeMs - (troughs[index]?.timeMs ?? timeMs));
  const sinceMs = (levels.at(-1)?.timeMs ?? 0) - (troughs.at(-1)?.timeMs ?? 0);
  return sinceMs > TUNING.toothOverAfterPauses * Math.max(...pausesMs);
}

/** Where the levels fall by `min` within two of them: the lowest before they rise again. */
function troughsOf(levels: readonly Level[], min: number): readonly Level[] {
  const troughs: Level[] = [];
  let falling: Level | null = null;
  // What lies before the last trough belongs to the drop that led to it: a drop is counted once.
  let fromIndex = 0;
  levels.forEach((level, index) => {
    if (falling !== null && level.floorBytes > falling.floorBytes) {
      troughs.push(falling);
      falling = null;
      fromIndex = index - 1;
    }
    const before = Math.max(
      0,
      ...levels.slice(Math.max(fromIndex, index - 2), index).map(({ floorBytes }) => floorBytes),
    );
    if (falling !== null || before - level.floorBytes >= min) falling = level;
  });
  // The last one may still be falling.
  return falling === null ? troughs : [...troughs, falling];
}

const MIN_TROUGHS_IN_ORDER = 4;
const MIN_TROUGHS_FOR_TREND = 6;
const RISING_Z = 2.4;

/** Whether the memory beneath the teeth grows by `minBytes`: each trough lies over the one before it, or many of them do. */
export function troughsRise({ troughs }: Sawtooth, minBytes: number): boolean {
  if (troughs.length < MIN_TROUGHS_IN_ORDER) return false;
  const floors = troughs.map(({ floorBytes }) => floorBytes);
  if ((floors.at(-1) ?? 0) - (floors[0] ?? 0) < minBytes) return false;
  if (floors.every((floor, index) => index === 0 || floor > (floors[index - 1] ?? floor))) return true;
  return troughs.length >= MIN_TROUGHS_FOR_TREND && (trendOf(troughs)?.z ?? 0) >= RISING_Z;
}
