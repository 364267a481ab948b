import type { MemoryClass, Verdict } from '../../model/decision.ts';
import { type Policy, thresholdBytes } from '../../model/policy.ts';
import { type Boot, floorWhenFirstLevel, heldByJobs, holdingJobs, postWarmupFloor } from '../boot/boot.ts';
import { isJustBack, isSilentAt } from '../boot/silence.ts';
import type { CurveFeatures } from '../curve/features.ts';
import type { Rise } from '../curve/rise.ts';
import { PARTS, TUNING } from '../tuning.ts';
import type { AssessContext, Assessment, DynoFacts } from './assessment.ts';
import type { Rule } from './rule.ts';
import { FULL_AGAIN_SOON, MEMORY_COMES_BACK, RULES } from './rules.ts';
import { explanationOf } from './sentences.ts';

/** Assesses one boot by its curve: pure, and without asking whether anything may be done about it. */
export function assess(boot: Boot, context: AssessContext, policy: Policy): Verdict {
  const assessment = assessmentOf(boot, context, policy);
  const rule = ruleFor(assessment);
  return {
    timeMs: context.nowMs,
    class: assessment.class,
    action: rule.action,
    reason: rule.reason,
    explanation: explanationOf(assessment, rule),
    usageBytes: assessment.usageBytes,
    limitBytes: assessment.limitBytes,
    softLimitBytes: assessment.softLimitBytes,
    hardLimitBytes: assessment.hardLimitBytes,
    floorBytes: assessment.features?.floorBytes ?? null,
    reclaimableBytes: assessment.reclaimableBytes,
    timeToLimitMs: assessment.timeToLimitMs,
    activeJobs: boot.activeJobs,
    urgent: rule.urgent === true,
    patientUntilMs: rule.patientUntilMs?.(assessment) ?? null,
  };
}

function ruleFor(assessment: Assessment): Rule {
  const rule = RULES.find(({ when }) => when(assessment));
  if (rule === undefined) throw new Error('the last rule matches everything');
  if (rule.isEarly === true && assessment.isTooEarlyAgain) return FULL_AGAIN_SOON;
  const isPointless = rule.action === 'restart' && assessment.restartsAreUseless && rule.evenIfUseless !== true;
  return isPointless ? MEMORY_COMES_BACK : rule;
}

function assessmentOf(boot: Boot, context: AssessContext, policy: Policy): Assessment {
  const { nowMs, facts } = context;
  const { usageBytes, activeJobs } = boot;
  const limitBytes = facts?.limitBytes ?? boot.limitBytes;
  const features = boot.classified?.features ?? null;
  const uptimeMs = nowMs - startOf(boot, facts);
  const heldByJobsBytes = heldByJobs(boot, policy.windowMs);
  const baseBytes = baseOf(boot, { context, limitBytes, features, policy });
  const surelyReclaimableBytes = surelyReclaimable(features, baseBytes, (usageBytes ?? 0) - heldByJobsBytes);
  const rise = features?.rise ?? null;
  const hasLimit = limitBytes !== null && rise !== null;
  const onTop = PARTS.limitsWithJobs ? (features?.heldByJobsBytes ?? 0) : 0;
  const killBytes = facts?.killBytes ?? null;
  return {
    nowMs,
    policy,
    class: classOf(boot, { uptimeMs, limitBytes, baseBytes, policy }),
    features,
    isSilent: isSilentAt(boot, nowMs, policy.windowMs),
    isJustBack: isJustBack(boot),
    uptimeMs,
    usageBytes,
    steadyUsageBytes: steadyUsage(boot),
    activeJobs,
    holdingJobs: holdingJobs(boot) ?? 0,
    heldByJobsBytes,
    bytesPerJob: boot.perJob.bytes,
    limitBytes,
    softLimitBytes: thresholdBytes(policy.softLimit, limitBytes),
    hardLimitBytes: thresholdBytes(policy.hardLimit, limitBytes),
    reclaimableBytes:
      baseBytes === null || usageBytes === null || (features !== null && surelyReclaimableBytes === null)
        ? null
        : Math.max(0, usageBytes - heldByJobsBytes - baseBytes),
    surelyReclaimableBytes,
    timeToLimitMs: hasLimit ? timeUntil(limitBytes - onTop, rise, nowMs) : null,
    timeToKillMs: killBytes === null || rise === null ? null : timeUntil(killBytes, rise, nowMs),
    risenForMs: risenForMs(rise, baseBytes, uptimeMs),
    restartsAreUseless:
      context.uselessRestarts >= TUNING.maxUselessRestarts &&
      soonBackAfterMs(boot, { nowMs, facts, wantsRestart: true }, policy) !== null,
    isTooEarlyAgain: isTooEarlyAgain(boot, context, { limitBytes, windowMs: policy.windowMs }),
    mayComeEarly: context.earlyRestarts === 'granted',
  };
}

/** After restarts that bought little: a cache stops below its limit, a leak goes on to it. */
function isTooEarlyAgain(
  boot: Boot,
  { nowMs, facts, earlyRestarts }: AssessContext,
  { limitBytes, windowMs }: { readonly limitBytes: number | null; readonly windowMs: number },
): boolean {
  const killBytes = facts?.killBytes ?? null;
  // Where the platform kills at the quota itself (Private Spaces) there is no such wait.
  if (earlyRestarts !== 'wait' || limitBytes === null || (killBytes !== null && killBytes <= limitBytes)) return false;
  const features = boot.classified?.features ?? null;
  // A boot that took longer is not like those before: days have passed, or the dyno or the release is another one.
  const afterMs = (features?.firstOverSoftMs ?? nowMs) - startOf(boot, facts);
  if (afterMs >= TUNING.quickRestartWindows * windowMs) return false;
  const surelyUsedBytes = steadyUsage(boot) - (features?.noiseBytes ?? 0);
  return fullBytes(features, surelyUsedBytes, nowMs) < TUNING.fullFraction * limitBytes;
}

/**
 * The floor that a restart leads back to; null where it is not known. The lower of this boot's own after its warm-up
 * and the learned one, as a boot may fill up before its warm-up is over. A boot that was old when it was first seen had
 * at most the floor it first showed, so a restart gives back at least what that has risen by since, where that alone is
 * worth one.
 */
function baseOf(
  boot: Boot,
  {
    context,
    limitBytes,
    features,
    policy,
  }: {
    readonly context: AssessContext;
    readonly limitBytes: number | null;
    readonly features: CurveFeatures | null;
    readonly policy: Policy;
  },
): number | null {
  const ownBytes = postWarmupFloor(boot, policy, context.facts?.createdAtMs ?? null);
  const known = [ownBytes, context.learnedFloorBytes].filter((bytes) => bytes !== null);
  if (known.length > 0) return Math.min(...known);
  const firstBytes = floorWhenFirstLevel(boot);
  if (firstBytes === null || features === null || limitBytes === null) return null;
  return features.floorBytes - firstBytes >= TUNING.worthFraction * limitBytes ? firstBytes : null;
}

/**
 * The curve's class, and two things that the curve alone cannot know: the boot's age, and what other boots of the
 * target hold.
 */
function classOf(
  { classified, usageBytes }: Boot,
  {
    uptimeMs,
    limitBytes,
    baseBytes,
    policy,
  }: {
    readonly uptimeMs: number;
    readonly limitBytes: number | null;
    readonly baseBytes: number | null;
    readonly policy: Policy;
  },
): MemoryClass {
  const seen = classified?.class ?? 'warming';
  if (uptimeMs < policy.minUptimeMs && seen !== 'leak') return 'warming';
  if (classified === null || limitBytes === null || seen !== 'healthy') return seen;
  const { floorBytes, isSettled, loadMarginBytes } = classified.features;
  const worthBytes = TUNING.worthFraction * limitBytes;
  const softLimitBytes = thresholdBytes(policy.softLimit, limitBytes);
  const isHigh = softLimitBytes !== null && floorBytes > softLimitBytes;
  const isFilled = baseBytes !== null && floorBytes - baseBytes - loadMarginBytes >= worthBytes;
  if (isHigh && isFilled) return isSettled ? 'bloat' : 'unknown';
  return Math.max(usageBytes ?? 0, floorBytes) > limitBytes ? 'unknown' : 'healthy';
}

/**
 * By what the floor has stayed over: the newest floors may be high by noise, or have been given back just now, or stand
 * on more running jobs than the base did. Null where it is not known.
 */
function surelyReclaimable(features: CurveFeatures | null, baseBytes: number | null, ownBytes: number): number | null {
  if (features === null || baseBytes === null) return null;
  const { floorBytes, sustainedBytes, loadMarginBytes, isLoadKnown } = features;
  const bytes = Math.min(floorBytes, sustainedBytes ?? floorBytes, ownBytes) - baseBytes;
  return isLoadKnown ? bytes - loadMarginBytes : null;
}

function risenForMs(rise: Rise | null, baseBytes: number | null, uptimeMs: number): number {
  if (rise === null || baseBytes === null) return uptimeMs;
  return Math.min(uptimeMs, Math.max(0, rise.bytes - baseBytes) / rise.bytesPerMs);
}

function startOf(boot: Boot, facts: DynoFacts | null): number {
  return facts?.createdAtMs ?? boot.identity.startTimeMs ?? boot.firstPointMs;
}

/** What memory has stayed over since the newest bucket began, and the least that jobs held on top of it. Bytes. */
function steadyUsage({ curve, classified }: Boot): number {
  return (curve?.openFloorBytes ?? 0) + (classified?.features.heldByJobsBytes ?? 0);
}

/**
 * How full the dyno surely is, running jobs included: by its floor, or by both its line and its usage. The line of a
 * floor that has just stopped runs on for some minutes.
 */
function fullBytes(features: CurveFeatures | null, usageBytes: number, nowMs: number): number {
  if (features === null) return 0;
  const { floorBytes, heldByJobsBytes, rise } = features;
  const lineBytes = rise === null ? 0 : rise.bytes + rise.bytesPerMs * (nowMs - rise.timeMs);
  return Math.max(floorBytes + heldByJobsBytes, Math.min(lineBytes + heldByJobsBytes, usageBytes));
}

/** Until a rising floor is at `bytes`, from where its line is by now. */
function timeUntil(bytes: number, rise: Rise, nowMs: number): number {
  return Math.max(0, (bytes - rise.bytes) / rise.bytesPerMs - (nowMs - rise.timeMs));
}

/**
 * From a boot's start until memory was back: its floor sustained over the soft limit, or a restart wanted again. Null
 * where that has not been, or not so soon that a restart buys too little.
 */
export function soonBackAfterMs(
  boot: Boot,
  { nowMs, facts, wantsRestart }: Pick<AssessContext, 'nowMs' | 'facts'> & { readonly wantsRestart: boolean },
  { windowMs }: Pick<Policy, 'windowMs'>,
): number | null {
  const features = boot.classified?.features ?? null;
  const backMs = features?.floorOverSoftSinceMs ?? (wantsRestart ? nowMs : null);
  if (features === null || backMs === null) return null;
  const afterMs = Math.max(0, backMs - startOf(boot, facts));
  // It takes many wide buckets to be sure; a plateau, unlike a leak, can be waited for. A floor that still moves may be
  // a leak whose line noise hides.
  const isPlateau = boot.classified?.class !== 'leak' && features.isSettled;
  const minMs = isPlateau
    ? Math.max(TUNING.minGainPlateauWindows * windowMs, TUNING.minGainPlateauBuckets * (features.bucketMs ?? 0))
    : TUNING.minGainWindows * windowMs;
  return afterMs < minMs ? afterMs : null;
}
