import { type Level, median } from './curve.ts';
import { trendOf } from './theil-sen.ts';

/** A floor that rises and is given back, over and over: garbage that is collected late, caches that are emptied. */
export interface Teeth {
  /** What each drop came down to, oldest first; what lies between them comes back by itself. */
  readonly troughs: readonly Level[];
}

const MIN_LEVELS = 8;
/** One drop may be anything; two are a habit. */
const MIN_DROPS = 2;
/** By the rises alone, as drops may be a third of all changes: of normal changes the median deviation of the positive ones is 0.4 of theirs. */
const RISES_TO_DEVIATION = 2.5;
/** A drop is so many times what levels usually differ by. */
const DROP_DEVIATIONS = 5;
/** A habit that has not shown for so many times its longest pause is over. */
const OVER_AFTER_PAUSES = 2.5;
/** Of the other changes, so many go up: noise goes up and down alike. */
const RISING_FRACTION = 0.65;

/** Null where the levels show none. `leastBytes`: a smaller drop is none. */
export function teethOf(levels: readonly Level[], leastBytes: number): Teeth | null {
  if (levels.length < MIN_LEVELS) return null;
  const changes = levels
    .slice(1)
    .map(({ floorBytes }, index) => floorBytes - (levels[index]?.floorBytes ?? floorBytes));
  const rises = changes.filter((change) => change > 0);
  const usual = median(rises);
  const deviation = RISES_TO_DEVIATION * median(rises.map((rise) => Math.abs(rise - usual)));
  const least = Math.max(leastBytes, DROP_DEVIATIONS * deviation);
  const troughs = troughsOf(levels, least);
  if (troughs.length < MIN_DROPS || isOver(troughs, levels)) return null;
  const others = changes.filter((change) => change > -least);
  const rising = others.filter((change) => change > 0).length / Math.max(1, others.length);
  return rising >= RISING_FRACTION ? { troughs } : null;
}

/** Whether the floor has long stayed up: what it holds now does not come back. */
function isOver(troughs: readonly Level[], levels: readonly Level[]): boolean {
  const pausesMs = troughs.slice(1).map(({ timeMs }, index) => timeMs - (troughs[index]?.timeMs ?? timeMs));
  const sinceMs = (levels.at(-1)?.timeMs ?? 0) - (troughs.at(-1)?.timeMs ?? 0);
  return sinceMs > OVER_AFTER_PAUSES * Math.max(...pausesMs);
}

/** Where the levels fall by `least` within two of them: the lowest before they rise again. */
function troughsOf(levels: readonly Level[], least: number): readonly Level[] {
  const troughs: Level[] = [];
  let falling: Level | null = null;
  levels.forEach((level, index) => {
    if (falling !== null && level.floorBytes > falling.floorBytes) {
      troughs.push(falling);
      falling = null;
    }
    const before = Math.max(levels[index - 1]?.floorBytes ?? 0, levels[index - 2]?.floorBytes ?? 0);
    if (falling !== null || before - level.floorBytes >= least) falling = level;
  });
  // The last one may still be falling.
  return falling === null ? troughs : [...troughs, falling];
}

const TROUGHS_FOR_LINE = 4;
const TROUGHS_FOR_TREND = 6;
const RISING_Z = 2.4;

/** Whether the memory beneath the teeth grows: each trough lies over the one before it, or many of them do. */
export function riseOfTroughs({ troughs }: Teeth, leastBytes: number): boolean {
  if (troughs.length < TROUGHS_FOR_LINE) return false;
  const floors = troughs.map(({ floorBytes }) => floorBytes);
  if ((floors.at(-1) ?? 0) - (floors[0] ?? 0) < leastBytes) return false;
  if (floors.every((floor, index) => index === 0 || floor > (floors[index - 1] ?? floor))) return true;
  return troughs.length >= TROUGHS_FOR_TREND && (trendOf(troughs)?.z ?? 0) >= RISING_Z;
}
