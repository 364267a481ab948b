import type { Classified } from '../classes/classify.ts';
import type { Curve } from '../curve/curve.ts';
import { NEWEST } from '../curve/features.ts';
import { TUNING } from '../tuning.ts';
import { MISSED_INTERVALS, type ProcessState } from './process-state.ts';

/** The part of a boot that says how often it reports. */
interface Reporting {
  readonly processes: readonly Pick<ProcessState, 'intervalMs'>[];
  readonly lastPointMs: number;
}

/** What has been seen of it. */
interface Seen {
  readonly curve: Curve | null;
  readonly classified: Classified | null;
}

/** Whether no point came for so long before this time, Unix ms. */
export function isSilentAt(boot: Reporting, timeMs: number, windowMs: number): boolean {
  const silentMs = timeMs - boot.lastPointMs;
  // Asked with every point, and nearly always answered by this.
  return silentMs > TUNING.silentWindows * windowMs && silentMs > silentAfterMs(boot, windowMs);
}

/** Whether it was silent until this time for longer than the newest three buckets take, by which now is judged. */
export function wasSilentAt(boot: Reporting & Seen, timeMs: number, windowMs: number): boolean {
  const nowTakesMs = NEWEST * (boot.classified?.features.bucketMs ?? 0);
  return isSilentAt(boot, timeMs, windowMs) && timeMs - boot.lastPointMs > nowTakesMs;
}

/** Whether the boot was silent, and too little has been seen since to say anything of now. */
export function isJustBack({ curve }: Pick<Seen, 'curve'>): boolean {
  return curve !== null && curve.seenBuckets < Math.min(NEWEST, curve.closedBuckets);
}

/**
 * After which time without a point (ms) a boot is silent: three windows, and longer where none of its processes
 * reports that often.
 */
export function silentAfterMs({ processes }: Pick<Reporting, 'processes'>, windowMs: number): number {
  let shortestMs = Number.POSITIVE_INFINITY;
  for (const { intervalMs } of processes) if (intervalMs !== null && intervalMs < shortestMs) shortestMs = intervalMs;
  const windowsMs = TUNING.silentWindows * windowMs;
  return Number.isFinite(shortestMs) ? Math.max(windowsMs, MISSED_INTERVALS * shortestMs) : windowsMs;
}
