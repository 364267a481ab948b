import { PARTS, TUNING } from '../tuning.ts';

/**
 * What this boot has shown to come back by itself: floors over the soft limit that were given back without a restart.
 */
export interface Recoveries {
  /** Since when the floor has been up there, Unix ms; null where it is not. */
  readonly upSinceMs: number | null;
  /** The highest floor of the present stay. */
  readonly highestBytes: number;
  /** The longest stay that ended by itself; 0 where none did. */
  readonly longestStayMs: number;
  /** The highest floor that came back; 0 where none did. */
  readonly topBytes: number;
}

export const NO_RECOVERIES: Recoveries = { upSinceMs: null, highestBytes: 0, longestStayMs: 0, topBytes: 0 };

interface Seen {
  readonly timeMs: number;
  readonly floorBytes: number;
  /** Null where it is unknown: then nothing is followed. */
  readonly softLimitBytes: number | null;
}

export function followRecoveries(before: Recoveries, { timeMs, floorBytes, softLimitBytes }: Seen): Recoveries {
  if (softLimitBytes === null || !PARTS.recoveries) return before;
  const { upSinceMs, longestStayMs, topBytes } = before;
  if (upSinceMs === null)
    return floorBytes > softLimitBytes ? { ...before, upSinceMs: timeMs, highestBytes: floorBytes } : before;
  const highestBytes = Math.max(before.highestBytes, floorBytes);
  if (floorBytes > TUNING.recoveredFraction * softLimitBytes) return { ...before, highestBytes };
  return {
    upSinceMs: null,
    highestBytes: 0,
    longestStayMs: Math.max(longestStayMs, timeMs - upSinceMs),
    topBytes: Math.max(topBytes, highestBytes),
  };
}

/** Whether what is up now has been up before for about as long, and came back. */
export function mayRecover({ upSinceMs, longestStayMs }: Recoveries, timeMs: number): boolean {
  return longestStayMs > 0 && timeMs - (upSinceMs ?? timeMs) < TUNING.recoveryPatience * longestStayMs;
}
