import { PARTS, TUNING } from '../tuning.ts';

/** What this boot has shown to come back by itself: floors that rose far and were given back without a restart. */
export interface Swings {
  /** The highest floor while it is up, and the lowest while it is down. Bytes; 0 before the first. */
  readonly turnBytes: number;
  /** Since when the floor has been up, Unix ms, later by what was not seen of it; null while it is down. */
  readonly upSinceMs: number | null;
  /** The longest time up that ended by itself; 0 where none did. */
  readonly longestUpMs: number;
  /** The highest floor that came back; 0 where none did. */
  readonly topBytes: number;
  /** When the floor last came back, Unix ms, later by what was not seen since; null where it never did. */
  readonly fellMs: number | null;
  /** The longest time from one fall to the next; 0 before two. */
  readonly longestGapMs: number;
  /** The same of being over the soft limit; null where the limit is unknown, too. */
  readonly overSinceMs: number | null;
  /** The longest time over the soft limit that ended by itself; 0 where none did. */
  readonly longestOverMs: number;
}

export const NO_SWINGS: Swings = {
  turnBytes: 0,
  upSinceMs: null,
  longestUpMs: 0,
  topBytes: 0,
  fellMs: null,
  longestGapMs: 0,
  overSinceMs: null,
  longestOverMs: 0,
};

interface Seen {
  readonly timeMs: number;
  /** How much of the time since the bucket before had no points. */
  readonly unseenMs: number;
  readonly floorBytes: number;
  /** What a floor must rise and fall by. Bytes. */
  readonly swingBytes: number;
}

/** Nobody knows what the floor did without points: that is no time up, and none between falls. */
function withoutGap(before: Swings, unseenMs: number): Swings {
  const { upSinceMs, overSinceMs, fellMs } = before;
  if (unseenMs === 0) return before;
  const later = (atMs: number | null) => (atMs === null ? null : atMs + unseenMs);
  return { ...before, upSinceMs: later(upSinceMs), overSinceMs: later(overSinceMs), fellMs: later(fellMs) };
}

function followSwings(before: Swings, { timeMs, floorBytes, swingBytes }: Seen): Swings {
  if (before.turnBytes === 0) return { ...before, turnBytes: floorBytes };
  const { turnBytes, upSinceMs, fellMs } = before;
  if (upSinceMs === null)
    return floorBytes - turnBytes >= swingBytes
      ? { ...before, turnBytes: floorBytes, upSinceMs: timeMs }
      : { ...before, turnBytes: Math.min(turnBytes, floorBytes) };
  if (turnBytes - floorBytes < swingBytes) return { ...before, turnBytes: Math.max(turnBytes, floorBytes) };
  return {
    ...before,
    turnBytes: floorBytes,
    upSinceMs: null,
    longestUpMs: Math.max(before.longestUpMs, timeMs - upSinceMs),
    topBytes: Math.max(before.topBytes, turnBytes),
    fellMs: timeMs,
    longestGapMs: Math.max(before.longestGapMs, fellMs === null ? 0 : timeMs - fellMs),
  };
}

/** Hovering at the limit is no return: it ends below what is still level with it. */
function followOver(before: Swings, { timeMs, floorBytes, toleranceBytes, softLimitBytes }: ReturnsInput): Swings {
  const { overSinceMs, longestOverMs } = before;
  if (softLimitBytes === null) return before;
  if (overSinceMs === null) return floorBytes > softLimitBytes ? { ...before, overSinceMs: timeMs } : before;
  if (floorBytes >= softLimitBytes - 2 * toleranceBytes) return before;
  return { ...before, overSinceMs: null, longestOverMs: Math.max(longestOverMs, timeMs - overSinceMs) };
}

interface ReturnsInput extends Seen {
  /** Floors differ beyond this. Bytes. */
  readonly toleranceBytes: number;
  /** Null where it is unknown. */
  readonly softLimitBytes: number | null;
  /** A saw-tooth falls again within this time. */
  readonly sawtoothMs: number;
  /** What is over its soft limit for less than this is not judged by it. */
  readonly minStayMs: number;
}

/** What the boot's swings say of its floor now. */
export function returnsOf(before: Swings, input: ReturnsInput) {
  const { timeMs, floorBytes, toleranceBytes, softLimitBytes, sawtoothMs, minStayMs } = input;
  const seen = withoutGap(before, input.unseenMs);
  const swings = PARTS.returns ? followOver(followSwings(seen, input), input) : before;
  const { topBytes, longestGapMs } = swings;
  // What is clearly higher than all that came back has grown.
  const isAsHigh = floorBytes < topBytes + 2 * toleranceBytes;
  const mayComeBack = isAsHigh && isUpAsBefore(swings, timeMs) && isOverAsBefore(swings, timeMs, minStayMs);
  const isOver = softLimitBytes !== null && floorBytes > softLimitBytes;
  // Falls hours apart are the load of a day, unless it is over its limit, where nothing is healthy.
  const isSawtooth =
    (longestGapMs <= sawtoothMs && isHabit(swings, timeMs)) || (longestGapMs > 0 && isOver && mayComeBack);
  return { swings, mayComeBack, isSawtooth };
}

/** Whether it has been up for about as long before, and came back. */
function isUpAsBefore({ upSinceMs, longestUpMs }: Swings, timeMs: number): boolean {
  return upSinceMs !== null && timeMs - upSinceMs < TUNING.returnPatience * longestUpMs;
}

/**
 * Whether it is not over the soft limit, or has been for about as long before: what was up for long below it and over
 * it for a moment has not shown that it comes back from a long stay there.
 */
function isOverAsBefore({ overSinceMs, longestOverMs }: Swings, timeMs: number, minStayMs: number): boolean {
  if (overSinceMs === null) return true;
  return timeMs - overSinceMs < Math.max(minStayMs, TUNING.returnPatience * longestOverMs);
}

/** Whether it has come back more than once, and is not overdue. */
function isHabit({ fellMs, longestGapMs }: Swings, timeMs: number): boolean {
  return fellMs !== null && timeMs - fellMs < TUNING.returnPatience * longestGapMs;
}
