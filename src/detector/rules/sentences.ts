import { formatBytes, formatDuration, formatShare } from '../../model/format.ts';
import type { Assessment } from './assessment.ts';
import type { Rule } from './rule.ts';

/** Of a line that is over the limit already no time is left, nor of one that is about to be. */
const AT_LIMIT_MS = 1000;
/** What running jobs hold is said from this fraction of the limit on. */
const JOBS_WORTH_SAYING_FRACTION = 0.1;

/** One plain sentence: what was seen, and what would happen without a restart, or why one is not worth it. */
export function explanationOf(assessment: Assessment, rule: Rule): string {
  return `${seen(assessment)}; ${rule.sentence(assessment)}.`;
}

function seen({ features, limitBytes, usageBytes, heldByJobsBytes }: Assessment): string {
  if (features === null) return usageBytes === null ? 'nothing measured yet' : `usage is ${formatBytes(usageBytes)}`;
  const { floorBytes, steps, flatMs, rise } = features;
  const isWorthSaying = heldByJobsBytes > JOBS_WORTH_SAYING_FRACTION * (limitBytes ?? usageBytes ?? 0);
  const jobs = isWorthSaying ? ` without the ${formatBytes(heldByJobsBytes)} of the running jobs` : '';
  const level =
    limitBytes === null
      ? formatBytes(floorBytes)
      : `${formatShare(floorBytes, limitBytes)} of ${formatBytes(limitBytes)}`;
  if (rise !== null)
    return `floor is at ${level}${jobs} and rises by ${formatBytes(rise.bytesPerMs * 3_600_000)} an hour`;
  if (steps > 0) {
    const count = `${steps} ${steps === 1 ? 'step' : 'steps'}`;
    return `floor rose in ${count} to ${level}${jobs} and stayed for ${formatDuration(flatMs)}`;
  }
  return `floor is at ${level}${jobs}`;
}

/** `, a restart gives back about 390 MB`; empty where it is not known. */
export function back({ reclaimableBytes }: Assessment): string {
  return reclaimableBytes === null ? '' : `, a restart gives back about ${formatBytes(reclaimableBytes)}`;
}

/** `20 running jobs hold 540 MB of 1024 MB, 27 MB each,`. */
export function jobsHold({ activeJobs, heldByJobsBytes, limitBytes }: Assessment): string {
  const count = activeJobs ?? 0;
  const whole = limitBytes === null ? '' : ` of ${formatBytes(limitBytes)}`;
  const each = count > 1 ? `, ${formatBytes(heldByJobsBytes / count)} each,` : '';
  return `${count} running ${count === 1 ? 'job holds' : 'jobs hold'} ${formatBytes(heldByJobsBytes)}${whole}${each}`;
}

/** Whether the line is at the limit by now. */
export function isAtLimit({ timeToLimitMs }: Assessment): boolean {
  return timeToLimitMs !== null && timeToLimitMs < AT_LIMIT_MS;
}
