import type { Decision, Reason } from '../model/decision.ts';

/** What delays a restart that is wanted, by minutes. A person's pause or an open breaker may last for days. */
const SHORT_DELAYS: ReadonlySet<Reason> = new Set([
  'min-uptime',
  'cooldown',
  'budget',
  'jobs-running',
  'another-first',
  'attempt-open',
  'min-healthy',
  'abandoned-lately',
]);
/** A leak is restarted at the latest one horizon before the limit; this is twice as early. */
const HORIZONS = 2;

/**
 * Whether the boot leaks, and its restart is minutes away: then its allocations are worth sampling. Never in a dry run,
 * which touches no worker.
 */
export function isLeakRestartNear(decision: Decision, leakHorizonMs: number): boolean {
  const { action, reason, wanted, timeToLimitMs, dryRun, target } = decision;
  if (decision.class !== 'leak' || dryRun || target === null) return false;
  if (wanted !== null) return action === 'restart' || SHORT_DELAYS.has(reason);
  const comesLater = reason === 'leak-far-from-limit' || reason === 'warming-up';
  return comesLater && timeToLimitMs !== null && timeToLimitMs <= HORIZONS * leakHorizonMs;
}
