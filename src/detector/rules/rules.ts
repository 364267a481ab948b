import { formatBytes, formatDuration } from '../../model/text/format.ts';
import { TUNING } from '../tuning.ts';
import {
  cycleIsFirst,
  givesNothing,
  isBelowAgain,
  isBloat,
  isCycleNear,
  isFloorOver,
  isHigh,
  isLeak,
  isNearLimit,
  isOverWithJobs,
  isWorthIt,
  jobsHoldMuch,
  lastMs,
  mayBeWorthIt,
  neededMs,
  startsBusy,
} from './conditions.ts';
import type { Rule } from './rule.ts';
import { back, belowLimits, isAtLimit, isUnsure, jobsHold, peaksReturn } from './sentences.ts';

const BIGGER = 'a bigger dyno or less concurrency is needed';

/** After restarts that gave nothing back, whatever asks for another one. */
export const MEMORY_COMES_BACK: Rule = {
  reason: 'memory-comes-back',
  action: 'advise',
  when: () => true,
  sentence: () => `after the last restarts memory was back within the hour or two: ${BIGGER}`,
};

/** After restarts that bought little, while memory may still stop below the limit. */
export const FULL_AGAIN_SOON: Rule = {
  reason: 'memory-comes-back',
  action: 'advise',
  when: () => true,
  sentence: ({ limitBytes, hardLimitBytes, policy: { maxRssBytes } }) => {
    const limits = [TUNING.fullFraction * (limitBytes ?? 0), hardLimitBytes, maxRssBytes];
    const untilBytes = Math.min(...limits.filter((bytes) => bytes !== null));
    return (
      'the last restarts bought little time, ' +
      `so the next one waits until usage stays at ${formatBytes(untilBytes)}: ${BIGGER}`
    );
  },
};

/**
 * The first rule that matches holds. Limits judge what the floor stayed over for three windows: never a peak that
 * returns, never what running jobs hold.
 */
export const RULES: readonly Rule[] = [
  {
    reason: 'silent',
    action: 'none',
    when: ({ isSilent }) => isSilent,
    sentence: () => 'its measurements have stopped',
  },
  {
    reason: 'silent',
    action: 'none',
    when: ({ isJustBack }) => isJustBack,
    sentence: () => 'its measurements had stopped, and it is judged again once three windows were seen',
  },
  {
    reason: 'warming-up',
    action: 'none',
    when: ({ features }) => features === null || features.sustainedBytes === null,
    sentence: () => 'it is warming up',
  },
  {
    reason: 'max-rss',
    action: 'restart',
    urgent: true,
    when: (a) => isFloorOver(a, a.policy.maxRssBytes),
    sentence: (a) => `that is over the absolute limit for three windows${back(a)}`,
  },
  {
    reason: 'load',
    action: 'advise',
    when: (a) => isFloorOver(a, a.hardLimitBytes) && givesNothing(a) && jobsHoldMuch(a),
    sentence: (a) => `${jobsHold(a)} and would do so after a restart: ${BIGGER}`,
  },
  {
    reason: 'working-set',
    action: 'advise',
    when: (a) => isFloorOver(a, a.hardLimitBytes) && givesNothing(a),
    sentence: () => `a restart would give next to nothing back: ${BIGGER}`,
  },
  {
    reason: 'hard-limit',
    action: 'restart',
    urgent: true,
    when: (a) => isFloorOver(a, a.hardLimitBytes) && !startsBusy(a),
    sentence: (a) => `that is over the hard limit for three windows${back(a)}`,
  },
  {
    reason: 'kill-point',
    action: 'restart',
    urgent: true,
    evenIfUseless: true,
    when: ({ timeToKillMs, policy }) => timeToKillMs !== null && timeToKillMs <= 2 * policy.graceMs,
    sentence: (a) => `left alone the platform kills the dyno within ${formatDuration(2 * a.policy.graceMs)}${back(a)}`,
  },
  {
    reason: 'reclaimable-unknown',
    action: 'advise',
    when: (a) => isFloorOver(a, a.hardLimitBytes) && startsBusy(a),
    sentence: () => 'it is not known yet how much of that the running jobs hold',
  },

  // ------------------------------------------------------------ a leak
  {
    reason: 'limit-unknown',
    action: 'advise',
    when: (a) => isLeak(a) && a.timeToLimitMs === null,
    sentence: () => "the dyno's quota is not known, so Tidemark cannot say when it is full",
  },
  {
    reason: 'cycle-comes-first',
    action: 'none',
    when: (a) => isLeak(a) && cycleIsFirst(a),
    sentence: (a) =>
      `it reaches the limit in ${formatDuration(a.timeToLimitMs ?? 0)}, after the platform's own restart`,
  },
  {
    reason: 'leak-far-from-limit',
    action: 'none',
    when: (a) => isLeak(a) && !isNearLimit(a),
    sentence: (a) =>
      `it reaches the limit in ${formatDuration(a.timeToLimitMs ?? 0)}, too far off to give that time up`,
  },
  {
    reason: 'reclaimable-unknown',
    action: 'advise',
    when: (a) => isLeak(a) && a.features?.isLoadKnown === false && !isFloorOver(a, a.softLimitBytes),
    sentence: () => 'it is not known yet how much of that the running jobs hold',
  },
  {
    reason: 'reclaimable-unknown',
    action: 'advise',
    when: (a) => isLeak(a) && a.surelyReclaimableBytes !== null && mayBeWorthIt(a),
    sentence: isUnsure,
  },
  {
    reason: 'working-set',
    action: 'advise',
    when: (a) => isLeak(a) && a.surelyReclaimableBytes !== null && !isWorthIt(a),
    sentence: () => `a restart would give next to nothing back: ${BIGGER}`,
  },
  {
    reason: 'leak-near-limit',
    action: 'restart',
    isEarly: true,
    when: isLeak,
    patientUntilMs: (a) => {
      const latestMs = lastMs(a) - TUNING.leakPatienceFraction * (lastMs(a) - neededMs(a));
      return a.nowMs + (a.timeToLimitMs ?? 0) - latestMs;
    },
    sentence: (a) =>
      isAtLimit(a)
        ? `it is at the limit by now${back(a)}`
        : `left alone it reaches the limit in ${formatDuration(a.timeToLimitMs ?? 0)}${back(a)}`,
  },

  // ------------------------------------------------------------ a floor over the soft limit, or over the hard one
  // together with its jobs
  {
    reason: 'warming-up',
    action: 'none',
    when: (a) => isHigh(a) && a.class === 'warming',
    sentence: () => 'it is warming up',
  },
  {
    reason: 'reclaimable-unknown',
    action: 'advise',
    when: (a) => isHigh(a) && a.surelyReclaimableBytes === null,
    sentence: ({ features }) =>
      features?.isLoadKnown === false
        ? 'it is not known yet how much of that the running jobs hold'
        : 'it was as high when it was first seen, so Tidemark does not know yet what a restart would give back',
  },
  {
    reason: 'reclaimable-unknown',
    action: 'advise',
    when: (a) => isHigh(a) && mayBeWorthIt(a),
    sentence: isUnsure,
  },
  {
    reason: 'load',
    action: 'advise',
    when: (a) => isHigh(a) && !isWorthIt(a) && jobsHoldMuch(a),
    sentence: (a) => `${jobsHold(a)} and would do so after a restart: ${BIGGER}`,
  },
  {
    reason: 'working-set',
    action: 'advise',
    when: (a) => isHigh(a) && !isWorthIt(a),
    sentence: () => `a restart would give next to nothing back: ${BIGGER}`,
  },
  {
    reason: 'peak-returns',
    action: 'none',
    when: (a) => isHigh(a) && a.features?.mayComeBack === true,
    sentence: () => 'it has been as high before and came back by itself',
  },
  {
    reason: 'not-settled',
    action: 'none',
    when: (a) => isHigh(a) && (!isBloat(a) || isBelowAgain(a)),
    sentence: (a) => {
      if (isBelowAgain(a)) return `usage has just fallen to ${formatBytes(a.usageBytes ?? 0)}`;
      const forMs = a.nowMs - (a.features?.overSoftSinceMs ?? a.nowMs);
      if (!a.features?.isSettled) return 'it is over the soft limit and has not come to rest';
      return `it has been over the soft limit for ${formatDuration(forMs)}, which may still end by itself`;
    },
  },
  {
    reason: 'cycle-comes-first',
    action: 'none',
    when: (a) => isHigh(a) && isCycleNear(a),
    sentence: () => "the platform's own restart is near",
  },
  {
    reason: 'sustained-over-soft-limit',
    action: 'restart',
    isEarly: true,
    when: (a) => isHigh(a),
    patientUntilMs: ({ features, policy }) => {
      const sinceMs = features?.overSoftSinceMs ?? null;
      return sinceMs === null
        ? null
        : sinceMs + (TUNING.minStayWindows + TUNING.bloatPatienceWindows) * policy.windowMs;
    },
    sentence: (a) => `left alone it stays over the soft limit${back(a)}`,
  },

  // ------------------------------------------------------------ everything else
  {
    reason: 'load',
    action: 'advise',
    when: (a) => a.class !== 'warming' && jobsHoldMuch(a) && isOverWithJobs(a, a.softLimitBytes),
    sentence: (a) => `${jobsHold(a)} and would do so after a restart: ${BIGGER}`,
  },
  {
    reason: 'limit-unknown',
    action: 'advise',
    when: (a) => a.limitBytes === null && isWorthIt(a),
    sentence: () => "the dyno's quota is not known, so no limit can be judged",
  },
  {
    reason: 'warming-up',
    action: 'none',
    when: (a) => a.class === 'warming',
    sentence: () => 'it is warming up',
  },
  {
    reason: 'sawtooth',
    action: 'none',
    when: (a) => a.class === 'sawtooth',
    sentence: peaksReturn,
  },
  {
    reason: 'peak-returns',
    action: 'none',
    when: (a) => a.class === 'spike',
    sentence: peaksReturn,
  },
  {
    reason: 'no-growth',
    action: 'none',
    when: (a) => a.class === 'healthy',
    sentence: (a) => belowLimits(a, 'no limit is touched'),
  },
  {
    reason: 'below-limits',
    action: 'none',
    when: () => true,
    sentence: (a) => belowLimits(a, 'it is below the limits'),
  },
];
