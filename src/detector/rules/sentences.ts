import { formatBytes, formatDuration, formatRate, formatShare } from '../../model/text/format.ts';
import type { Assessment } from './assessment.ts';
import type { Rule } from './rule.ts';

/** Of a line that is over the limit already no time is left, nor of one that is about to be. */
const AT_LIMIT_MS = 1000;
/** What running jobs hold is said from this fraction of the limit on. */
const JOBS_WORTH_SAYING_FRACTION = 0.1;

/** One plain sentence: what was seen, and what would happen without a restart, or why one is not worth it. */
export function explanationOf(assessment: Assessment, rule: Rule): string {
  // Joined: V8 keeps the parts of a template apart, in three times the memory, and each boot keeps its sentence.
  return [seen(assessment), '; ', rule.sentence(assessment), '.'].join('');
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
  if (rise !== null) return `floor is at ${level}${jobs} and rises by ${formatRate(rise.bytesPerMs)}`;
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

/**
 * `20 running jobs hold 540 MB of 1024 MB, 27 MB each,`, without what those hold that have just ended. Beyond what is
 * known of each, all that was taken while a long job runs may be that job's: this is not divided among the others.
 */
export function jobsHold({ activeJobs, holdingJobs, heldByJobsBytes, bytesPerJob, limitBytes }: Assessment): string {
  const count = activeJobs ?? 0;
  const whole = limitBytes === null ? '' : ` of ${formatBytes(limitBytes)}`;
  const isOfLongJob = heldByJobsBytes > holdingJobs * bytesPerJob;
  const heldBytes = isOfLongJob ? heldByJobsBytes : Math.min(heldByJobsBytes, count * bytesPerJob);
  const each = count > 1 && !isOfLongJob ? `, ${formatBytes(heldBytes / count)} each,` : '';
  const bytes = `${isOfLongJob ? 'up to ' : ''}${formatBytes(heldBytes)}`;
  return `${count} running ${count === 1 ? 'job holds' : 'jobs hold'} ${bytes}${whole}${each}`;
}

/** `peaks of 480 MB come back`; without the figure where none of the newest buckets has such a peak. */
export function peaksReturn({ features }: Assessment): string {
  const { peakBytes = 0, floorBytes = 0 } = features ?? {};
  return peakBytes > floorBytes ? `peaks of ${formatBytes(peakBytes)} come back` : 'peaks come back';
}

/** Of memory that no rule has found over a limit: `quiet`, or why it is none yet although it is up there now. */
export function belowLimits({ limitBytes, softLimitBytes, features, usageBytes }: Assessment, quiet: string): string {
  if (limitBytes === null) return "the dyno's quota is not known";
  const highestBytes = Math.max(features?.floorBytes ?? 0, usageBytes ?? 0);
  const isUp = softLimitBytes !== null && highestBytes > softLimitBytes;
  return isUp ? 'memory has not stayed over the soft limit yet' : quiet;
}

/** That a restart may be worth it, how much of it is sure, and what Tidemark waits for. */
export function isUnsure({ reclaimableBytes, surelyReclaimableBytes, features }: Assessment): string {
  const sure = Math.min(reclaimableBytes ?? 0, Math.max(0, surelyReclaimableBytes ?? 0));
  const isLoad = (features?.loadMarginBytes ?? 0) > (features?.noiseBytes ?? 0);
  const [cause, until] = isLoad
    ? ['the running jobs may hold the rest', 'until fewer of them run']
    : ['noise may be the rest', 'until more of it is sure'];
  return (
    `a restart may give back ${formatBytes(reclaimableBytes ?? 0)}, of which ${formatBytes(sure)} are sure: ` +
    `${cause}, so Tidemark waits ${until}`
  );
}

/** Whether the line is at the limit by now. */
export function isAtLimit({ timeToLimitMs }: Assessment): boolean {
  return timeToLimitMs !== null && timeToLimitMs < AT_LIMIT_MS;
}
