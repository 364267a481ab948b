import type { ClosedSending } from '../attempt/restarted-dyno.ts';
import type { EarlyRestarts } from '../detector/rules/assessment.ts';
import { TUNING } from '../detector/tuning.ts';

/** The part of a closed attempt that is asked. Ledger's own times (Unix ms). */
export interface ClosedRestart extends ClosedSending {
  /** A person's restart says nothing of how soon memory was back. */
  readonly by?: 'policy' | 'person';
}

interface Restarts {
  /** Closed attempts of the target, newest first. */
  readonly history: readonly ClosedRestart[];
  readonly nowMs: number;
  /** As `AssessContext` says. */
  readonly uselessRestarts: number;
  readonly windowMs: number;
}

/**
 * What the newest restarts of a dyno say of an early one. They bought so little that it waits until the dyno is full
 * where the last one of its target was useless, or two of the last week came within `quickRestartWindows`. One that
 * has waited found the dyno full, as a leak makes it and no cache does: for as long as that is remembered, restarts
 * come early again.
 * Names that are not reused (Fir) never have more than one restart.
 */
export function earlyRestarts(restarts: Restarts, dyno: string): EarlyRestarts {
  const { history, nowMs, uselessRestarts, windowMs } = restarts;
  if (uselessRestarts > 0) return 'wait';
  const quickMs = TUNING.quickRestartWindows * windowMs;
  /** A leak that is restarted early after `quickMs` is full by this time. */
  const fullMs = quickMs / (1 - TUNING.leakLastFraction);
  const timesMs = history
    .filter((closed) => closed.dyno === dyno && closed.outcome === 'restarted' && closed.by !== 'person')
    .map(({ closedAtMs }) => closedAtMs)
    .filter((closedAtMs) => nowMs - closedAtMs < TUNING.quickMemoryMs)
    .reverse();
  const gapsMs = timesMs.slice(1).map((atMs, index) => atMs - (timesMs[index] ?? atMs));
  const quick = gapsMs.findIndex((gapMs) => gapMs <= quickMs);
  if (quick === -1) return 'usual';
  return gapsMs.slice(quick + 1).some((gapMs) => gapMs <= fullMs) ? 'granted' : 'wait';
}
