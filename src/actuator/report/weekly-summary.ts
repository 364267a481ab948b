import type { HistoryEntry, WeeklySummary } from '../../ports.ts';

const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;
/** 1970 began on a Thursday: weeks end on Monday, 08:00 UTC. */
const FIRST_END_MS = 4 * 24 * HOUR_MS + 8 * HOUR_MS;

/** Counts the weeks that have ended. */
export function weekOf(nowMs: number): number {
  return Math.floor((nowMs - FIRST_END_MS) / WEEK_MS);
}

export interface SummaryInput {
  readonly nowMs: number;
  /** Closed attempts of all targets. */
  readonly history: readonly HistoryEntry[];
  readonly isUseless: (entry: HistoryEntry) => boolean;
  /** Since a time, over all targets. */
  readonly overLimitMs: (sinceMs: number) => number;
}

/** The seven days before now: one that comes late, because the actuator was down, is about the days until it came. */
export function weeklySummary({ nowMs, history, isUseless, overLimitMs }: SummaryInput): WeeklySummary {
  const fromMs = nowMs - WEEK_MS;
  const closed = history.filter(({ closedAtMs }) => closedAtMs >= fromMs);
  const sent = closed.filter(({ outcome }) => outcome === 'restarted');
  return {
    type: 'summary',
    fromMs,
    toMs: nowMs,
    restarts: sent.length,
    givenBackBytes: sent.reduce((sum, { reclaimedBytes }) => sum + Math.max(0, reclaimedBytes ?? 0), 0),
    useless: sent.filter(isUseless).length,
    dryRestarts: closed.filter(({ outcome }) => outcome === 'dry-run').length,
    overLimitMs: overLimitMs(fromMs),
  };
}
