import type { Outcome } from './attempt.ts';

/**
 * The breaker of a target stops automatic restarts that do not help or fail. It is derived from the closed attempts,
 * newest first, so that late reports count too. It closes at a new release, at a person's `resume`, or after a day;
 * attempts closed before then no longer count. It does not stop a person's restart, but that restart counts as well.
 */

/** Consecutive restarts that gave nothing back. */
export const BREAKER_FRUITLESS = 2;
/** Consecutive attempts that were refused by the platform or never confirmed. */
export const BREAKER_FAILED = 3;
export const BREAKER_OPEN_MS = 24 * 3_600_000;
/** Fraction of the usage before. A smaller gain is within the variation of floors from boot to boot. */
export const NOTHING_BACK_FRACTION = 0.05;

export const FRUITLESS_REASON = 'the last restarts gave nothing back, or not for long';
export const FAILED_REASON = 'the last attempts were refused or never confirmed';

/**
 * Whether a restart freed so little that it was useless. If the usage before is unknown, only zero or a loss counts.
 */
export function gaveNothingBack(reclaimedBytes: number, usageBytes: number | null): boolean {
  return reclaimedBytes <= NOTHING_BACK_FRACTION * (usageBytes ?? 0);
}

/** The known results of a restart. */
export interface Aftermath {
  readonly reclaimedBytes: number | null;
  readonly usageBytes: number | null;
  readonly backAfterMs: number | null;
}

/**
 * Number of newest restarts in a row that were useless: nothing freed, or memory soon back. A restart without a known
 * result neither counts nor ends the row.
 */
export function uselessInARow(newestFirst: readonly Aftermath[]): number {
  let count = 0;
  for (const { reclaimedBytes, usageBytes, backAfterMs } of newestFirst) {
    const isUseless = backAfterMs !== null || (reclaimedBytes !== null && gaveNothingBack(reclaimedBytes, usageBytes));
    if (isUseless) count += 1;
    else if (reclaimedBytes !== null) break;
  }
  return count;
}

/** A closed attempt, as the breaker counts it. */
export interface ClosedAttempt extends Aftermath {
  readonly outcome: Outcome;
  /** The platform refused for a reason that is not the target's (401, 429). */
  readonly notTheTargets: boolean;
}

/**
 * Why the breaker of a target opens now; null where it does not. `newestFirst`: the attempts closed since it could last
 * have opened.
 */
export function breakerReason(newestFirst: readonly ClosedAttempt[]): string | null {
  const useless = uselessInARow(newestFirst.filter(({ outcome }) => outcome === 'restarted'));
  if (useless >= BREAKER_FRUITLESS) return FRUITLESS_REASON;
  return failedInARow(newestFirst) >= BREAKER_FAILED ? FAILED_REASON : null;
}

/**
 * Attempts that sent nothing, or found the dyno gone, say nothing about restarts: they neither count nor end the row.
 */
function failedInARow(newestFirst: readonly ClosedAttempt[]): number {
  let count = 0;
  for (const { outcome, notTheTargets } of newestFirst) {
    if (outcome === 'restarted') break;
    if (outcome === 'unconfirmed' || (outcome === 'refused' && !notTheTargets)) count += 1;
  }
  return count;
}
