/** What this boot has shown to come back by itself: floors over the soft limit that were given back without a restart. */
export interface Returns {
  /** Since when the floor has been up there; null where it is not. */
  readonly upSinceMs: number | null;
  /** The highest floor of the present stay. */
  readonly highestBytes: number;
  /** The longest stay that ended by itself; 0 where none did. */
  readonly longestStayMs: number;
  /** The highest floor that came back; 0 where none did. */
  readonly topBytes: number;
}

export const NO_RETURNS: Returns = { upSinceMs: null, highestBytes: 0, longestStayMs: 0, topBytes: 0 };

interface Seen {
  readonly timeMs: number;
  readonly floorBytes: number;
  /** After the warm-up. */
  readonly baseBytes: number;
  /** Null where it is unknown: then nothing is followed. */
  readonly softLimitBytes: number | null;
}

/** A fall to less than this below the soft limit may be noise. */
const CLEARLY_BELOW = 0.95;

/** A floor has come back when it has fallen half the way to where it was after the warm-up: hovering around the limit is no return. */
export function followReturns(before: Returns, { timeMs, floorBytes, baseBytes, softLimitBytes }: Seen): Returns {
  if (softLimitBytes === null) return before;
  const { upSinceMs, longestStayMs, topBytes } = before;
  const backBytes = Math.min((baseBytes + softLimitBytes) / 2, CLEARLY_BELOW * softLimitBytes);
  if (upSinceMs === null) {
    return floorBytes > softLimitBytes ? { ...before, upSinceMs: timeMs, highestBytes: floorBytes } : before;
  }
  const highestBytes = Math.max(before.highestBytes, floorBytes);
  if (floorBytes > backBytes) return { ...before, highestBytes };
  return {
    upSinceMs: null,
    highestBytes: 0,
    longestStayMs: Math.max(longestStayMs, timeMs - upSinceMs),
    topBytes: Math.max(topBytes, highestBytes),
  };
}

/** A stay is another one than those that ended when it has lasted so many times as long as the longest of them. */
const STAYS = 2.5;

/** Whether what is up now has been up before for about as long, and came back. */
export function mayReturn({ upSinceMs, longestStayMs }: Returns, timeMs: number): boolean {
  return longestStayMs > 0 && timeMs - (upSinceMs ?? timeMs) < STAYS * longestStayMs;
}
