import { PARTS, TUNING } from '../tuning.ts';
import type { Assessment } from './assessment.ts';

/** What the rules ask of an assessment. */

export function isFloorOver({ features }: Assessment, thresholdBytes: number | null): boolean {
  const sustained = features?.sustainedBytes ?? null;
  return thresholdBytes !== null && sustained !== null && sustained > thresholdBytes;
}

export function isHigh(assessment: Assessment): boolean {
  return isFloorOver(assessment, assessment.softLimitBytes) || isOverWithJobs(assessment, assessment.hardLimitBytes);
}

/** The floor together with what the running jobs hold on top of it. */
export function isOverWithJobs(assessment: Assessment, thresholdBytes: number | null): boolean {
  const held = PARTS.limitsWithJobs ? (assessment.features?.heldByJobsBytes ?? 0) : 0;
  return thresholdBytes !== null && isFloorOver(assessment, thresholdBytes - held);
}

/** What running jobs hold is worth naming. */
export function jobsHoldMuch({ heldByJobsBytes, limitBytes, usageBytes }: Assessment): boolean {
  return heldByJobsBytes >= TUNING.worthFraction * (limitBytes ?? usageBytes ?? 0);
}

export function isWorthIt(assessment: Assessment): boolean {
  const { surelyReclaimableBytes, features } = assessment;
  const noiseBytes = TUNING.worthDeviations * (features?.noiseBytes ?? 0);
  return surelyReclaimableBytes !== null && surelyReclaimableBytes >= Math.max(minWorthBytes(assessment), noiseBytes);
}

function minWorthBytes({ limitBytes, usageBytes }: Assessment): number {
  return TUNING.worthFraction * (limitBytes ?? usageBytes ?? 0);
}

/** As far as is known a restart would give back enough, but not beyond doubt. */
export function mayBeWorthIt(assessment: Assessment): boolean {
  return !isWorthIt(assessment) && (assessment.reclaimableBytes ?? 0) >= minWorthBytes(assessment);
}

/** It is known what a restart would give back, and that is nothing. */
export function givesNothing({ surelyReclaimableBytes, limitBytes, usageBytes }: Assessment): boolean {
  return (
    surelyReclaimableBytes !== null && surelyReclaimableBytes < TUNING.nothingFraction * (limitBytes ?? usageBytes ?? 0)
  );
}

/**
 * In its first half hour, with jobs of which nothing is known yet: they may hold all that is over a limit. Not what a
 * floor gains while no more jobs run.
 */
export function startsBusy(assessment: Assessment): boolean {
  const { uptimeMs, activeJobs, surelyReclaimableBytes, policy } = assessment;
  const isYoung = uptimeMs < TUNING.warmupMaxWindows * policy.windowMs;
  return isYoung && activeJobs !== null && activeJobs > 0 && surelyReclaimableBytes === null && !isLeak(assessment);
}

export function isLeak(assessment: Assessment): boolean {
  return assessment.class === 'leak' && assessment.features?.rise != null;
}

/** What a restart needs: its drain twice, and the bucket that shows the rise. */
export function neededMs({ policy, features }: Assessment): number {
  return 2 * policy.graceMs + 2 * Math.max(policy.windowMs, features?.bucketMs ?? 0);
}

/** A leak is restarted when this much time or less is left. */
export function lastMs(assessment: Assessment): number {
  const wholeMs = (assessment.timeToLimitMs ?? 0) + assessment.risenForMs;
  return Math.max(neededMs(assessment), Math.min(assessment.policy.leakHorizonMs, TUNING.leakLastFraction * wholeMs));
}

/**
 * So near that the restart is due. The rise of a young boot may be its start, or a cache, and end below the limit: it
 * is restarted when usage itself stays within half a bucket of the limit, whatever the line says. Not where the
 * dyno's earlier boots have shown that it goes on.
 */
export function isNearLimit(assessment: Assessment): boolean {
  const { timeToLimitMs, uptimeMs, steadyUsageBytes, limitBytes, features, policy } = assessment;
  const bucketMs = Math.max(policy.windowMs, features?.bucketMs ?? 0);
  const youngMs = Math.max(TUNING.leakMinWindows * policy.windowMs, TUNING.leakMinBuckets * bucketMs);
  const isNearByLine = (timeToLimitMs ?? 0) <= lastMs(assessment);
  if (uptimeMs >= youngMs || (assessment.mayComeEarly && isNearByLine)) return isNearByLine;
  const byUsageMs = ((limitBytes ?? 0) - steadyUsageBytes) / (features?.rise?.bytesPerMs ?? 1);
  return byUsageMs <= 0.5 * bucketMs;
}

/**
 * The platform's daily restart comes before the leak is at the limit, unless it is overdue and the limit so near that
 * it may come too late.
 */
export function cycleIsFirst(assessment: Assessment): boolean {
  const { uptimeMs, timeToLimitMs, policy } = assessment;
  const { dynoCycleMs } = policy;
  if (dynoCycleMs === null || timeToLimitMs === null || uptimeMs + timeToLimitMs <= dynoCycleMs) return false;
  if (uptimeMs < dynoCycleMs) return true;
  return uptimeMs < dynoCycleMs + TUNING.cycleJitterMs && timeToLimitMs > neededMs(assessment);
}

/** The platform's own restart is so near that another would buy little. */
export function isCycleNear({ uptimeMs, policy: { dynoCycleMs } }: Assessment): boolean {
  return (
    dynoCycleMs !== null && uptimeMs > dynoCycleMs - TUNING.cycleNearMs && uptimeMs < dynoCycleMs + TUNING.cycleJitterMs
  );
}

/**
 * The newest measurement is under the limit that the floor is still judged to be over; a drain takes away what jobs
 * held on top of a lower floor.
 */
export function isBelowAgain(assessment: Assessment): boolean {
  const { usageBytes, softLimitBytes } = assessment;
  const isBelow = usageBytes !== null && softLimitBytes !== null && usageBytes <= softLimitBytes;
  return isBelow && isFloorOver(assessment, softLimitBytes);
}

/** Settled over the soft limit for a while. */
export function isBloat(assessment: Assessment): boolean {
  const { features, nowMs, policy } = assessment;
  if (features === null || isLeak(assessment)) return false;
  const stayedWindows = (nowMs - (features.overSoftSinceMs ?? nowMs)) / policy.windowMs;
  return features.isSettled && stayedWindows >= TUNING.minStayWindows;
}
