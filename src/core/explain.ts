import type { Reason } from './decision.ts';
import type { Findings } from './findings.ts';
import { formatBytes, formatDuration, formatShare } from './format.ts';
import type { Policy } from './policy.ts';

/** One plain sentence: what was seen, and what follows from it. */
export function describe(findings: Findings, reason: Reason, policy: Policy): string {
  const said = [seen(findings), follows(findings, reason, policy)].filter((part) => part !== '').join('; ');
  return `${said}.`;
}

function seen({ shape, limitBytes, usageBytes }: Findings): string {
  const { floorBytes, steps, flatMs, slopeBytesPerMs } = shape;
  if (floorBytes === null) return usageBytes === null ? 'nothing measured yet' : `usage is ${formatBytes(usageBytes)}`;
  const level =
    limitBytes === null
      ? formatBytes(floorBytes)
      : `${formatShare(floorBytes, limitBytes)} of ${formatBytes(limitBytes)}`;
  if (slopeBytesPerMs !== null)
    return `floor is at ${level} and rises by ${formatBytes(slopeBytesPerMs * 3_600_000)} an hour`;
  if (steps > 0 && flatMs !== null) {
    return `floor rose in ${steps} ${steps === 1 ? 'step' : 'steps'} to ${level} and has stayed there for ${formatDuration(flatMs)}`;
  }
  return `floor is at ${level}`;
}

function follows(findings: Findings, reason: Reason, policy: Policy): string {
  const { reclaimableBytes, timeToLimitMs, shape } = findings;
  const back = reclaimableBytes === null ? '' : `a restart gives back about ${formatBytes(reclaimableBytes)}`;
  switch (reason) {
    case 'bloat-over-soft-limit':
      return back;
    case 'leak-near-limit':
      return `it reaches the limit in ${formatDuration(timeToLimitMs ?? 0)}${back === '' ? '' : `, ${back}`}`;
    case 'leak-far-from-limit':
      return `it reaches the limit in ${formatDuration(timeToLimitMs ?? 0)}, later than the horizon of ${formatDuration(policy.leakHorizonMs)}`;
    case 'cycle-comes-first':
      return "the platform's own restart comes before it reaches the limit";
    case 'hard-limit':
      return `that is over the hard limit for three windows${back === '' ? '' : `, ${back}`}`;
    case 'max-rss':
      return `that is over the absolute limit for three windows${back === '' ? '' : `, ${back}`}`;
    case 'kill-point':
      return 'the platform would kill the dyno within two graces';
    case 'nothing-to-reclaim':
      return 'a restart would give next to nothing back: a bigger dyno or less concurrency is needed';
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
      return 'no limit is touched';
  }
}
