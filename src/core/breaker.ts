/**
 * The breaker of a target stops automatic restarts that do not help or do not work. It is derived from the closed attempts, newest first,
 * so that a late report of what a restart gave back finds its place. It closes at a new release, at a person's `resume`, or after a day;
 * what closed before that no longer counts. A person's restart is not stopped by it: it keeps the loop from repeating itself, and a person
 * who has read the advice may try; what comes of it counts all the same.
 */

/** Consecutive restarts that gave nothing back. */
export const BREAKER_FRUITLESS = 2;
/** Consecutive attempts that were refused by the platform or never confirmed. */
export const BREAKER_FAILED = 3;
export const BREAKER_OPEN_MS = 24 * 3_600_000;
/** Less than this share of the usage before is within what a floor varies by from boot to boot. */
export const NOTHING_BACK_FRACTION = 0.05;

export const FRUITLESS_REASON = 'the last restarts gave nothing back';
export const FAILED_REASON = 'the last attempts were refused or never confirmed';

/** Whether a restart freed so little that it was of no use. Where the usage before is unknown, only a loss counts. */
export function gaveNothingBack(reclaimedBytes: number, usageBytes: number | null): boolean {
  return reclaimedBytes <= NOTHING_BACK_FRACTION * (usageBytes ?? 0);
}
