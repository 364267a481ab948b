import type { Action, MemoryClass, Reason, Verdict } from '../model/decision.ts';
import { type Policy, thresholdBytes } from '../model/policy.ts';
import { type Boot, floorWhenFirstLevel, heldByJobs, postWarmupFloor, shapeOfBoot } from './boot.ts';
import { describe } from './explain.ts';
import type { Findings } from './findings.ts';
import { mayReturn } from './recoveries.ts';
import { type Rise, type Shape, WARMING } from './shape.ts';

/** What the platform says of the boot's dyno. Memory in bytes; null where it does not say. */
export interface DynoFacts {
  readonly limitBytes: number | null;
  /** Where the platform restarts or kills by itself. */
  readonly killBytes: number | null;
  readonly createdAtMs: number | null;
}

export interface JudgeContext {
  readonly nowMs: number;
  /** Null where the platform shows no such boot, or was not read. */
  readonly facts: DynoFacts | null;
  /** The floor that boots of this target show after their warm-up; null where nothing was learned. */
  readonly learnedFloorBytes: number | null;
  /** How many of the target's newest restarts in a row were of no use: nothing given back, or soon taken again. */
  readonly uselessRestarts: number;
}

const SILENT_WINDOWS = 3;
/** Less than this share of the limit is not worth a restart. */
const WORTH_FRACTION = 0.1;
/** Nor is what noise may have made of it. */
const WORTH_DEVIATIONS = 4;
/** A floor that is over the hard limit by itself: a restart that gives less than this share back leaves it there. */
const NOTHING_FRACTION = 0.05;
/** A leak is restarted in the last tenth of its way to the limit... */
const LEAK_LAST_FRACTION = 0.12;
/** ... and, however uncertain its line is, never before this share is left. */
const LEAK_EARLIEST_FRACTION = 0.2;
/** Of the time that is left, how much may be waited for a moment without jobs: noise may hide the line until it is too late. */
const LEAK_PATIENCE = 0.5;
/** Before so many windows a rise may be the start of the process or the first tooth of many; of a true leak this fast a restart buys next to nothing. */
const LEAK_LEAST_WINDOWS = 42;
/** Where memory is back within so many windows of a start, a restart does not buy enough... */
const MIN_GAIN_WINDOWS = 36;
/** ... of a plateau, which stays where it is, it must buy more: noise delays the moment in which it is known to be back. */
const MIN_GAIN_OF_PLATEAU_WINDOWS = 60;
const MIN_GAIN_BUCKETS = 16;
const CYCLE_NEAR_MS = 2 * 3_600_000;
/** A floor that never rests may be a leak, slow enough for the platform to be first. */
const CYCLE_NEAR_UNSETTLED_MS = 2 * CYCLE_NEAR_MS;
const CYCLE_JITTER_MS = 216 * 60_000;
/** After so many useless restarts what one gives back is no longer believed. */
const MAX_USELESS = 2;
/** Few teeth stay up for so long; one like those before it is told by `mayReturn`. */
const STAYED_WINDOWS = 30;
/** Bloat that stays may wait so many windows for a moment without jobs. */
const PATIENCE_WINDOWS = 5;

/** Judges one boot by its curve: pure, and without asking whether anything may be done about it. */
export function judge(boot: Boot, context: JudgeContext, policy: Policy): Verdict {
  const findings = findingsOf(boot, context, policy);
  const asked = rule(boot, context, { findings, policy });
  const ruling = isOfNoUse(boot, { context, asked, policy }) ? advise('memory-comes-back') : asked;
  return {
    timeMs: context.nowMs,
    class: findings.shape.class,
    action: ruling.action,
    reason: ruling.reason,
    explanation: describe(findings, ruling.reason, policy),
    usageBytes: findings.usageBytes,
    limitBytes: findings.limitBytes,
    softLimitBytes: findings.softLimitBytes,
    hardLimitBytes: findings.hardLimitBytes,
    floorBytes: findings.shape.floorBytes,
    reclaimableBytes: findings.reclaimableBytes,
    timeToLimitMs: findings.timeToLimitMs,
    activeJobs: boot.activeJobs,
    urgent: ruling.urgent,
    patientUntilMs: ruling.patientUntilMs,
  };
}

/**
 * From a boot's start until memory was back: its floor held over the soft limit, or a restart wanted again. Null where that has not been, or not so soon
 * that a restart buys too little.
 */
export function soonBackAfterMs(
  boot: Boot,
  { nowMs, facts, wantsRestart }: Pick<JudgeContext, 'nowMs' | 'facts'> & { readonly wantsRestart: boolean },
  policy: Pick<Policy, 'windowMs'>,
): number | null {
  const shape = shapeOfBoot(boot);
  const surelyMs = shape?.overSoftSinceMs ?? (wantsRestart ? nowMs : null);
  if (shape === null || surelyMs === null) return null;
  // Of a noisy floor it is sure long after it was so.
  const backMs = Math.min(surelyMs, shape.returns.upSinceMs ?? surelyMs);
  const afterMs = Math.max(0, backMs - startOf(boot, facts));
  // Of wide buckets it takes many to say so; of a plateau, unlike of a leak, that can be waited for.
  const isPlateau = shape.settled && shape.rise === null && shape.class !== 'leak';
  const leastMs = isPlateau
    ? Math.max(MIN_GAIN_OF_PLATEAU_WINDOWS * policy.windowMs, MIN_GAIN_BUCKETS * (shape.bucketMs ?? 0))
    : MIN_GAIN_WINDOWS * policy.windowMs;
  return afterMs < leastMs ? afterMs : null;
}

/**
 * The floor of a boot as later boots of its target may be compared with it; null while it has none to show. One over the soft limit is not what a
 * fresh boot should hold: a boot that fills up in its warm-up, as all of a target may do after a deploy, must not make that the norm.
 */
export function floorToLearn(
  boot: Boot,
  facts: DynoFacts | null,
  policy: Pick<Policy, 'windowMs' | 'softLimit'>,
): number | null {
  const floorBytes = postWarmupFloor(boot, policy);
  const softLimitBytes = thresholdBytes(policy.softLimit, facts?.limitBytes ?? boot.limitBytes);
  return floorBytes !== null && softLimitBytes !== null && floorBytes > softLimitBytes ? null : floorBytes;
}

function findingsOf(boot: Boot, context: JudgeContext, policy: Policy): Findings {
  const limitBytes = context.facts?.limitBytes ?? boot.limitBytes;
  const measured = shapeOfBoot(boot) ?? WARMING;
  const uptimeMs = context.nowMs - startOf(boot, context.facts);
  const isYoung = uptimeMs < policy.minUptimeMs && measured.class !== 'leak';
  const { usageBytes } = boot;
  const heldByJobsBytes = heldByJobs(boot);
  const baseBytes =
    lowerOf(postWarmupFloor(boot, policy), context.learnedFloorBytes) ??
    floorWhenFirstSeen(boot, { limitBytes, shape: measured });
  const overLimit = classOverLimit(measured, { limitBytes, usageBytes, baseBytes });
  const shape: Shape = { ...measured, class: isYoung ? 'warming' : overLimit };
  const { rise } = shape;
  const until = rise === null || limitBytes === null ? null : rise;
  return {
    shape,
    usageBytes,
    limitBytes,
    softLimitBytes: thresholdBytes(policy.softLimit, limitBytes),
    hardLimitBytes: thresholdBytes(policy.hardLimit, limitBytes),
    baseBytes,
    heldByJobsBytes,
    reclaimableBytes:
      baseBytes === null || usageBytes === null ? null : Math.max(0, usageBytes - heldByJobsBytes - baseBytes),
    timeToLimitMs: until === null ? null : timeUntil(limitBytes ?? 0, until, context.nowMs),
    timeToLimitLowMs: until === null ? null : earliestUntil(limitBytes ?? 0, until, context.nowMs),
    uptimeMs,
  };
}

/** A boot may fill up before its warm-up is over: the floor it then shows is not what a fresh one holds. Null where neither is known. */
function lowerOf(ownBytes: number | null, learnedBytes: number | null): number | null {
  return ownBytes === null || learnedBytes === null ? (ownBytes ?? learnedBytes) : Math.min(ownBytes, learnedBytes);
}

/** Nothing over its limit is healthy. The curve alone cannot tell a boot that was high from its start; what others show can. */
function classOverLimit(
  { class: seen, settled, floorBytes }: Shape,
  { limitBytes, usageBytes, baseBytes }: Pick<Findings, 'limitBytes' | 'usageBytes' | 'baseBytes'>,
): MemoryClass {
  if (seen !== 'healthy' || limitBytes === null || Math.max(usageBytes ?? 0, floorBytes ?? 0) <= limitBytes)
    return seen;
  const hasRisen = floorBytes !== null && baseBytes !== null && floorBytes - baseBytes >= WORTH_FRACTION * limitBytes;
  return hasRisen && settled ? 'bloat' : 'unknown';
}

function startOf(boot: Boot, facts: DynoFacts | null): number {
  return facts?.createdAtMs ?? boot.identity.startTimeMs ?? boot.firstPointMs;
}

/**
 * Of a boot that was old when it was first seen: it had at most this floor after its warm-up, so a restart gives back at least what the floor has
 * risen by since. Null where that alone is not worth a restart: then what it would give back is not known.
 */
function floorWhenFirstSeen(
  boot: Boot,
  { limitBytes, shape }: { readonly limitBytes: number | null; readonly shape: Shape },
): number | null {
  const firstBytes = floorWhenFirstLevel(boot);
  if (firstBytes === null || shape.floorBytes === null || limitBytes === null) return null;
  return shape.floorBytes - firstBytes >= WORTH_FRACTION * limitBytes ? firstBytes : null;
}

interface Ruling {
  readonly action: Action;
  readonly reason: Reason;
  readonly urgent: boolean;
  readonly patientUntilMs: number | null;
}

const ruling = (action: Action, reason: Reason): Ruling => ({ action, reason, urgent: false, patientUntilMs: null });
const nothing = (reason: Reason) => ruling('none', reason);
const advise = (reason: Reason) => ruling('advise', reason);

interface Rules {
  readonly findings: Findings;
  readonly policy: Policy;
}

/** The rules, the most urgent first. Limits judge what the floor stayed over for three windows, never a peak that returns. */
function rule(boot: Boot, context: JudgeContext, { findings, policy }: Rules): Ruling {
  const { shape, limitBytes, softLimitBytes, hardLimitBytes } = findings;
  if (context.nowMs - boot.lastPointMs > SILENT_WINDOWS * policy.windowMs) return nothing('silent');
  const { heldBytes } = shape;
  if (heldBytes === null) return nothing('warming-up');
  const over = (thresholdBytes: number | null) => thresholdBytes !== null && heldBytes > thresholdBytes;
  if (over(policy.maxRssBytes)) return forced('max-rss');
  if (over(hardLimitBytes)) return givesNothing(findings) ? advise('nothing-to-reclaim') : forced('hard-limit');
  if (killIsNear(shape.rise, context, policy)) return forced('kill-point');
  // Of a rise that one bucket shows the next may say otherwise: the class says when it is believed.
  if (shape.rise !== null && shape.class === 'leak') return ruleOfLeak(findings, context, policy);
  if (over(softLimitBytes)) return ruleOfHighFloor(findings, context.nowMs, policy);
  if (shape.class === 'bloat' && limitBytes === null) return advise('limit-unknown');
  if (shape.class === 'warming') return nothing('warming-up');
  if (shape.class === 'sawtooth') return nothing('sawtooth');
  if (shape.class === 'spike') return nothing('peak-returns');
  return nothing(shape.class === 'healthy' ? 'no-growth' : 'below-limits');
}

interface Asked {
  readonly context: JudgeContext;
  readonly asked: Ruling;
  readonly policy: Policy;
}

/** Restarts were tried and did not help, and this boot too was full again within minutes. Where the platform is about to kill, a drained restart is better. */
function isOfNoUse(boot: Boot, { context, asked, policy }: Asked): boolean {
  if (asked.action !== 'restart' || asked.reason === 'kill-point' || context.uselessRestarts < MAX_USELESS)
    return false;
  return soonBackAfterMs(boot, { ...context, wantsRestart: true }, policy) !== null;
}

/** What is over these limits is about to be killed anyway, whatever its class. The breaker ends a loop. */
function forced(reason: Reason): Ruling {
  return { ...ruling('restart', reason), urgent: true };
}

function ruleOfLeak(findings: Findings, { nowMs }: JudgeContext, policy: Policy): Ruling {
  const { timeToLimitMs, timeToLimitLowMs, uptimeMs, reclaimableBytes, shape } = findings;
  if (timeToLimitMs === null || timeToLimitLowMs === null) return advise('limit-unknown');
  const { dynoCycleMs } = policy;
  const cycleFirst = dynoCycleMs !== null && uptimeMs + timeToLimitMs > dynoCycleMs;
  // What a restart needs: its drain twice, and the bucket that tells of the rise.
  const neededMs = 2 * policy.graceMs + 2 * Math.max(policy.windowMs, shape.bucketMs ?? 0);
  const cycleIsDue = cycleFirst && (uptimeMs < dynoCycleMs || isCycleNear(uptimeMs, policy));
  if (cycleIsDue && (uptimeMs < dynoCycleMs || timeToLimitMs > neededMs)) return nothing('cycle-comes-first');
  const wholeMs = timeToLimitMs + risenForMs(findings);
  const lastMs = Math.max(neededMs, Math.min(policy.leakHorizonMs, LEAK_LAST_FRACTION * wholeMs));
  const tooEarly = timeToLimitMs > Math.max(neededMs, LEAK_EARLIEST_FRACTION * wholeMs);
  if (timeToLimitLowMs > lastMs || tooEarly) return nothing('leak-far-from-limit');
  if (uptimeMs < LEAK_LEAST_WINDOWS * policy.windowMs) return nothing('warming-up');
  if (reclaimableBytes !== null && !isWorthIt(findings)) return advise('nothing-to-reclaim');
  const latestMs = lastMs - LEAK_PATIENCE * (lastMs - neededMs);
  return { ...ruling('restart', 'leak-near-limit'), patientUntilMs: nowMs + timeToLimitLowMs - latestMs };
}

/** For how long the floor has risen at its present slope to be where it is: of a leak that came late less than the uptime. */
function risenForMs({ shape: { rise, baseBytes }, uptimeMs }: Findings): number {
  if (rise === null || baseBytes === null) return uptimeMs;
  return Math.min(uptimeMs, Math.max(0, rise.bytes - baseBytes) / rise.bytesPerMs);
}

function ruleOfHighFloor(findings: Findings, nowMs: number, policy: Policy): Ruling {
  const { shape, reclaimableBytes, uptimeMs } = findings;
  if (shape.class === 'warming') return nothing('warming-up');
  if (reclaimableBytes === null) return advise('reclaimable-unknown');
  if (!isWorthIt(findings)) return advise('nothing-to-reclaim');
  if (mayReturn(shape.returns, nowMs)) return nothing('peak-returns');
  // What was a leak some buckets ago may only seem to stand still.
  if (shape.class === 'leak' || !(shape.settled || hasStayed(findings, nowMs, policy))) return nothing('below-limits');
  if (isCycleNear(uptimeMs, policy, shape.settled ? CYCLE_NEAR_MS : CYCLE_NEAR_UNSETTLED_MS))
    return nothing('cycle-comes-first');
  const sinceMs = shape.overSoftSinceMs;
  return {
    ...ruling('restart', 'sustained-over-soft-limit'),
    patientUntilMs: sinceMs === null ? null : sinceMs + PATIENCE_WINDOWS * policy.windowMs,
  };
}

/** Whether a floor that never comes to rest has been over the soft limit for so long that it does not matter what it does up there. */
function hasStayed({ shape }: Findings, nowMs: number, { windowMs }: Policy): boolean {
  return shape.overSoftSinceMs !== null && nowMs - shape.overSoftSinceMs >= STAYED_WINDOWS * windowMs;
}

/** The platform's own restart is so near that another would buy little: it comes up to 216 minutes after the cycle (Dev Center, "Automatic dyno restarts"). */
function isCycleNear(uptimeMs: number, { dynoCycleMs }: Policy, nearMs: number = CYCLE_NEAR_MS): boolean {
  return dynoCycleMs !== null && uptimeMs > dynoCycleMs - nearMs && uptimeMs < dynoCycleMs + CYCLE_JITTER_MS;
}

/** Judged by the floor: what a peak has on top comes back by itself. */
function isWorthIt(findings: Findings): boolean {
  const back = givenBack(findings);
  const least = WORTH_FRACTION * (findings.limitBytes ?? findings.usageBytes ?? 0);
  return back !== null && back >= Math.max(least, WORTH_DEVIATIONS * (findings.shape.noiseBytes ?? 0));
}

/** It is known what a restart would give back, and that is nothing. */
function givesNothing(findings: Findings): boolean {
  const back = givenBack(findings);
  return back !== null && back < NOTHING_FRACTION * (findings.limitBytes ?? findings.usageBytes ?? 0);
}

/**
 * By what usage has surely stayed over: the floor of the last buckets may be high by noise, or have been given back just now. Null where it is not
 * known.
 */
function givenBack({ baseBytes, usageBytes, shape: { floorBytes, heldBytes } }: Findings): number | null {
  if (baseBytes === null || floorBytes === null) return null;
  return Math.min(floorBytes, heldBytes ?? floorBytes, usageBytes ?? floorBytes) - baseBytes;
}

function killIsNear(rise: Rise | null, { facts, nowMs }: JudgeContext, policy: Policy): boolean {
  const killBytes = facts?.killBytes ?? null;
  return killBytes !== null && rise !== null && timeUntil(killBytes, rise, nowMs) <= 2 * policy.graceMs;
}

/** Until a rising floor is at `bytes`, from where its line is by now. */
function timeUntil(bytes: number, rise: Rise, nowMs: number): number {
  return Math.max(0, (bytes - rise.bytes) / rise.bytesPerMs - (nowMs - rise.timeMs));
}

/** The same if the line is as high and as steep as it may be. */
function earliestUntil(bytes: number, rise: Rise, nowMs: number): number {
  return Math.max(0, (bytes - rise.bytes - rise.errorBytes) / rise.highBytesPerMs - (nowMs - rise.timeMs));
}
