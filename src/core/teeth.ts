import { type Level, median } from './curve.ts';
import { trendOf } from './slope.ts';

/** A floor that rises and is given back, over and over: garbage that is collected late, caches that are emptied. */
export interface Teeth {
  /** What each drop came down to, oldest first; what lies between them comes back by itself. */
  readonly troughs: readonly Level[];
}

const LEAST_LEVELS = 8;
/** One drop may be anything; two are a habit. */
const LEAST_DROPS = 2;
/** A drop is so many times what levels usually differ by. */
const DROP_DEVIATIONS = 5;
/** Of the other changes, so many go up: noise goes up and down alike. */
const RISING_SHARE = 0.65;

/** Null where the levels show none. `leastBytes`: a smaller drop is none. */
export function teethOf(levels: readonly Level[], leastBytes: number): Teeth | null {
  if (levels.length < LEAST_LEVELS) return null;
  const changes = levels
    .slice(1)
    .map(({ floorBytes }, index) => floorBytes - (levels[index]?.floorBytes ?? floorBytes));
  const usual = median(changes);
  const deviation = 1.4826 * median(changes.map((change) => Math.abs(change - usual)));
  const least = Math.max(leastBytes, DROP_DEVIATIONS * deviation);
  const troughs = troughsOf(levels, least);
  if (troughs.length < LEAST_DROPS) return null;
  const others = changes.filter((change) => change > -least);
  const rising = others.filter((change) => change > 0).length / Math.max(1, others.length);
  return rising >= RISING_SHARE ? { troughs } : null;
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
