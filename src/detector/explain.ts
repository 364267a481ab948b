import type { Reason } from '../model/decision.ts';
import { formatBytes, formatDuration, formatShare } from '../model/format.ts';
import type { Policy } from '../model/policy.ts';
import type { Findings } from './findings.ts';

/** Of a line that is over the limit already no time is left, nor of one that is about to be. */
const AT_LIMIT_MS = 1000;
/** What running jobs hold is said from this fraction of the limit on. */
const JOBS_WORTH_SAYING_FRACTION = 0.1;

/** One plain sentence: what was seen, and what would happen without a restart, or why one is not worth it. */
export function describe(findings: Findings, reason: Reason, policy: Policy): string {
  const said = [seen(findings), follows(findings, reason, policy)].filter((part) => part !== '').join('; ');
  return `${said}.`;
}

function seen({ shape, limitBytes, usageBytes, heldByJobsBytes }: Findings): string {
  const { floorBytes, steps, flatMs, rise } = shape;
  if (floorBytes === null) return usageBytes === null ? 'nothing measured yet' : `usage is ${formatBytes(usageBytes)}`;
  const isWorthSaying = heldByJobsBytes >= JOBS_WORTH_SAYING_FRACTION * (limitBytes ?? usageBytes ?? 0);
  const jobs =
    isWorthSaying && heldByJobsBytes > 0 ? ` without the ${formatBytes(heldByJobsBytes)} of the running jobs` : '';
  const level =
    (limitBytes === null
      ? formatBytes(floorBytes)
      : `${formatShare(floorBytes, limitBytes)} of ${formatBytes(limitBytes)}`) + jobs;
  if (rise !== null) return `floor is at ${level} and rises by ${formatBytes(rise.bytesPerMs * 3_600_000)} an hour`;
  if (steps > 0 && flatMs !== null)
    return `floor rose in ${steps} ${steps === 1 ? 'step' : 'steps'} to ${level} and stayed for ${formatDuration(flatMs)}`;
  return `floor is at ${level}`;
}

function follows(findings: Findings, reason: Reason, policy: Policy): string {
  const { reclaimableBytes, timeToLimitMs, shape } = findings;
  const back = reclaimableBytes === null ? '' : `a restart gives back about ${formatBytes(reclaimableBytes)}`;
  const andBack = back === '' ? '' : `, ${back}`;
  switch (reason) {
    case 'sustained-over-soft-limit':
      return `left alone it stays over the soft limit${andBack}`;
    case 'leak-near-limit':
      return timeToLimitMs !== null && timeToLimitMs < AT_LIMIT_MS
        ? `it is at the limit by now${andBack}`
        : `left alone it reaches the limit in ${formatDuration(timeToLimitMs ?? 0)}${andBack}`;
    case 'leak-far-from-limit':
      return `it reaches the limit in ${formatDuration(timeToLimitMs ?? 0)}, too far off to give that time up`;
    case 'cycle-comes-first':
      if (timeToLimitMs === null) return "the platform's own restart is near";
      return `it reaches the limit in ${formatDuration(timeToLimitMs ?? 0)}, after the platform's own restart`;
    case 'hard-limit':
      return `that is over the hard limit for three windows${andBack}`;
    case 'max-rss':
      return `that is over the absolute limit for three windows${andBack}`;
    case 'kill-point':
      return `left alone the platform kills the dyno within ${formatDuration(2 * policy.graceMs)}${andBack}`;
    case 'nothing-to-reclaim':
      return 'a restart would give next to nothing back: a bigger dyno or less concurrency is needed';
    case 'memory-comes-back':
      return 'after the last restarts memory was back within the hour or two: a bigger dyno or less concurrency is needed';
    case 'reclaimable-unknown':
      return 'it was high when it was first seen, and what a restart would give back is not known yet';
    case 'limit-unknown':
      return "the dyno's quota is not known";
    case 'peak-returns':
    case 'sawtooth':
      return `peaks of ${formatBytes(shape.peakBytes ?? 0)} come back`;
    case 'silent':
      return 'no points have come for three windows';
    case 'warming-up':
      return 'it is warming up';
    default:
      return isOverSoft(findings) ? 'it is over the soft limit and has not come to rest' : 'no limit is touched';
  }
}

function isOverSoft({ shape: { heldBytes }, softLimitBytes }: Findings): boolean {
  return heldBytes !== null && softLimitBytes !== null && heldBytes > softLimitBytes;
}
