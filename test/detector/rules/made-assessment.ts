import { defaultPolicy } from '../../../src/config/policy.ts';
import type { CurveFeatures } from '../../../src/detector/curve/features.ts';
import type { Assessment } from '../../../src/detector/rules/assessment.ts';
import { MIB } from '../curves.ts';
import { featuresWith, RISE } from '../made-features.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
/** 500 minutes after the boot's start. */
export const NOW_MS = 500 * MINUTE_MS;

export interface Changes extends Omit<Partial<Assessment>, 'features'> {
  readonly features?: Partial<CurveFeatures> | null;
}

/** A healthy boot: 200 MB of 512 MB, after 500 minutes, without jobs; with what a test changes of it. */
export function assessmentWith({ features = {}, ...changes }: Changes = {}): Assessment {
  return {
    nowMs: NOW_MS,
    policy: defaultPolicy(),
    class: 'healthy',
    features: features === null ? null : featuresWith({ timeMs: NOW_MS, ...features }),
    isSilent: false,
    isJustBack: false,
    uptimeMs: 500 * MINUTE_MS,
    usageBytes: 210 * MIB,
    steadyUsageBytes: changes.usageBytes ?? 210 * MIB,
    activeJobs: 0,
    holdingJobs: changes.activeJobs ?? 0,
    heldByJobsBytes: 0,
    bytesPerJob: 0,
    limitBytes: 512 * MIB,
    softLimitBytes: 410 * MIB,
    hardLimitBytes: 512 * MIB,
    reclaimableBytes: 10 * MIB,
    surelyReclaimableBytes: 0,
    timeToLimitMs: null,
    timeToKillMs: null,
    risenForMs: 0,
    restartsAreUseless: false,
    isTooEarlyAgain: false,
    mayComeEarly: false,
    ...changes,
  };
}

/** A floor of 450 MB, up since an hour, of which a restart gives back 300 MB. */
export const BLOAT = {
  class: 'bloat',
  usageBytes: 470 * MIB,
  reclaimableBytes: 310 * MIB,
  surelyReclaimableBytes: 300 * MIB,
  features: {
    floorBytes: 450 * MIB,
    sustainedBytes: 448 * MIB,
    baseBytes: 150 * MIB,
    hasRisen: true,
    overSoftSinceMs: NOW_MS - HOUR_MS,
    floorOverSoftSinceMs: NOW_MS - HOUR_MS,
  },
} as const satisfies Changes;

/** A leak at 461 MB that is at the limit in 12 minutes, after 400 minutes of rising by 60 MB an hour. */
export const LEAK = {
  class: 'leak',
  usageBytes: 470 * MIB,
  reclaimableBytes: 310 * MIB,
  surelyReclaimableBytes: 300 * MIB,
  timeToLimitMs: 12 * MINUTE_MS,
  risenForMs: 400 * MINUTE_MS,
  features: {
    floorBytes: 461 * MIB,
    sustainedBytes: 459 * MIB,
    baseBytes: 150 * MIB,
    hasRisen: true,
    isSettled: false,
    rise: { ...RISE, timeMs: NOW_MS },
  },
} as const satisfies Changes;
