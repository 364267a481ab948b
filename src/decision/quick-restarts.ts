import type { Outcome } from '../attempt/attempt.ts';
import type { QuickRestarts } from '../detector/rules/assessment.ts';
import { TUNING } from '../detector/tuning.ts';

/** The part of a closed attempt that is asked. Ledger's own times (Unix ms). */
export interface ClosedRestart {
  readonly dyno: string;
  readonly outcome: Outcome;
  /** A person's restart says nothing of how soon memory was back. */
  readonly by?: 'policy' | 'person';
  readonly closedAtMs: number;
}

/**
 * The newest restarts of one dyno that followed each other within hours (`quickRestartMs`), of the last week.
 * `newestFirst`: closed attempts of its target. Names that are not reused (Fir) never have more than one.
 */
export function quickRestarts(newestFirst: readonly ClosedRestart[], dyno: string, nowMs: number): QuickRestarts {
  const timesMs = newestFirst
    .filter((closed) => closed.dyno === dyno && closed.outcome === 'restarted' && closed.by !== 'person')
    .map(({ closedAtMs }) => closedAtMs)
    .filter((closedAtMs) => nowMs - closedAtMs < TUNING.quickMemoryMs);
  /** How many of the restarts before each one, and itself, were within hours of each other; oldest first. */
  const rows: number[] = [];
  for (const [index, atMs] of timesMs.toReversed().entries()) {
    const isQuick =
      atMs - (index === 0 ? Number.NEGATIVE_INFINITY : (timesMs.at(-index) ?? 0)) <= TUNING.quickRestartMs;
    rows.push(isQuick ? (rows.at(-1) ?? 0) + 1 : 1);
  }
  return { inARow: rows.at(-1) ?? 0, oneHasWaited: rows.some((row) => row > TUNING.maxQuickRestarts) };
}
