import { TUNING } from '../tuning.ts';
import type { Boot } from './boot.ts';
import { MISSED_INTERVALS } from './process-state.ts';

/**
 * After which time without a point (ms) a boot is silent: three windows, and longer where none of its processes
 * reports that often.
 */
export function silentAfterMs({ processes }: Pick<Boot, 'processes'>, windowMs: number): number {
  let shortestMs = Number.POSITIVE_INFINITY;
  for (const { intervalMs } of processes) if (intervalMs !== null && intervalMs < shortestMs) shortestMs = intervalMs;
  const windowsMs = TUNING.silentWindows * windowMs;
  return Number.isFinite(shortestMs) ? Math.max(windowsMs, MISSED_INTERVALS * shortestMs) : windowsMs;
}
