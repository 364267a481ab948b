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
  /** When it was claimed; null where it was not known. */
  readonly usageBytes: number | null;
}

/**
 * The newest restarts of one dyno that followed each other within hours (`quickRestartMs`), of the last week.
 * `newestFirst`: closed attempts of its target. Names that are not reused (Fir) never have more than one.
 */
export function quickRestarts(newestFirst: readonly ClosedRestart[], dyno: string, nowMs: number): QuickRestarts {
  const restarts = newestFirst.filter(
    (closed) =>
      closed.dyno === dyno &&
      closed.outcome === 'restarted' &&
      closed.by !== 'person' &&
      nowMs - closed.closedAtMs < TUNING.quickMemoryMs,
  );
  const isLate = ({ closedAtMs }: ClosedRestart, index: number) =>
    (restarts[index - 1]?.closedAtMs ?? closedAtMs) - closedAtMs > TUNING.quickRestartMs;
  const end = restarts.findIndex(isLate);
  return {
    inARow: end < 0 ? restarts.length : end,
    fullestBytes: Math.max(0, ...restarts.map(({ usageBytes }) => usageBytes ?? 0)),
  };
}
