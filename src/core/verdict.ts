import { type Boot, postWarmupFloor } from './boot.ts';
import { type Shape, shapeOf } from './classify.ts';
import type { Action, Reason, Verdict } from './decision.ts';
import { describe } from './explain.ts';
import type { Findings } from './findings.ts';
import { type Policy, thresholdBytes } from './policy.ts';

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
}

const SILENT_WINDOWS = 3;
/** Less than this share of the limit is not worth a restart. */
const WORTH_SHARE = 0.1;

/** Judges one boot by its curve: pure, and without asking whether anything may be done about it. */
export function judge(boot: Boot, context: JudgeContext, policy: Policy): Verdict {
  const findings = findingsOf(boot, context, policy);
  const { action, reason, urgent } = rule(boot, context, { findings, policy });
  return {
    timeMs: context.nowMs,
    class: findings.shape.class,
    action,
    reason,
    explanation: describe(findings, reason, policy),
    usageBytes: findings.usageBytes,
    limitBytes: findings.limitBytes,
    softLimitBytes: findings.softLimitBytes,
    hardLimitBytes: findings.hardLimitBytes,
    floorBytes: findings.shape.floorBytes,
    reclaimableBytes: findings.reclaimableBytes,
    timeToLimitMs: findings.timeToLimitMs,
    activeJobs: boot.activeJobs,
    urgent,
  };
}

function findingsOf(boot: Boot, context: JudgeContext, policy: Policy): Findings {
  const limitBytes = context.facts?.limitBytes ?? boot.limitBytes;
  const measured = shapeOf(boot.curve, limitBytes);
  const startMs = context.facts?.createdAtMs ?? boot.identity.startTimeMs ?? boot.firstPointMs;
  const uptimeMs = context.nowMs - startMs;
  const isYoung = uptimeMs < policy.minUptimeMs && measured.class !== 'leak';
  const shape: Shape = isYoung ? { ...measured, class: 'warming' } : measured;
  const { usageBytes } = boot;
  const baseBytes =
    postWarmupFloor(boot, policy) ?? context.learnedFloorBytes ?? floorWhenFirstSeen(boot, { limitBytes, shape });
  return {
    shape,
    usageBytes,
    limitBytes,
    softLimitBytes: thresholdBytes(policy.softLimit, limitBytes),
    hardLimitBytes: thresholdBytes(policy.hardLimit, limitBytes),
    reclaimableBytes: baseBytes === null || usageBytes === null ? null : Math.max(0, usageBytes - baseBytes),
    timeToLimitMs: limitBytes === null ? null : timeUntil(limitBytes, shape, context.nowMs),
    uptimeMs,
  };
}

/**
 * Of a boot that was old when it was first seen: it had at most this floor after its warm-up, so a restart gives back at least what the floor has
 * risen by since. Null where that alone is not worth a restart: then what it would give back is not known.
 */
function floorWhenFirstSeen(
  boot: Boot,
  { limitBytes, shape }: { readonly limitBytes: number | null; readonly shape: Shape },
): number | null {
  const firstBytes = boot.curve.warmFloorBytes;
  if (firstBytes === null || shape.floorBytes === null || limitBytes === null) return null;
  return shape.floorBytes - firstBytes >= WORTH_SHARE * limitBytes ? firstBytes : null;
}

interface Ruling {
  readonly action: Action;
  readonly reason: Reason;
  readonly urgent: boolean;
}

const nothing = (reason: Reason): Ruling => ({ action: 'none', reason, urgent: false });
const advise = (reason: Reason): Ruling => ({ action: 'advise', reason, urgent: false });

/** The rules, the most urgent first. Limits judge what the floor stayed over for three windows, never a peak that returns. */
function rule(
  boot: Boot,
  context: JudgeContext,
  { findings, policy }: { readonly findings: Findings; readonly policy: Policy },
): Ruling {
  const { shape, limitBytes, softLimitBytes, hardLimitBytes } = findings;
  if (context.nowMs - boot.lastPointMs > SILENT_WINDOWS * policy.windowMs) return nothing('silent');
  const { heldBytes } = shape;
  if (heldBytes === null) return nothing('warming-up');
  const over = (thresholdBytes: number | null) => thresholdBytes !== null && heldBytes > thresholdBytes;
  if (over(policy.maxRssBytes)) return forced('max-rss');
  if (over(hardLimitBytes)) return forced('hard-limit');
  if (killIsNear(shape, context, policy)) return forced('kill-point');
  if (shape.class === 'leak') return ruleOfLeak(findings, policy);
  if (over(softLimitBytes)) return ruleOfHighFloor(findings);
  if (shape.class === 'bloat' && limitBytes === null) return advise('limit-unknown');
  if (shape.class === 'warming') return nothing('warming-up');
  if (shape.class === 'sawtooth') return nothing('sawtooth');
  if (shape.class === 'spike') return nothing('peak-returns');
  return nothing(shape.class === 'bloat' || shape.class === 'unknown' ? 'below-limits' : 'no-growth');
}

/** Whatever the class and however little it may give back: what is over these limits is about to be killed anyway. The breaker ends a loop. */
function forced(reason: Reason): Ruling {
  return { action: 'restart', reason, urgent: true };
}

function ruleOfLeak(findings: Findings, policy: Policy): Ruling {
  const { limitBytes, timeToLimitMs, uptimeMs, reclaimableBytes } = findings;
  if (limitBytes === null || timeToLimitMs === null) return advise('limit-unknown');
  if (timeToLimitMs > policy.leakHorizonMs) {
    const cycleFirst = policy.dynoCycleMs !== null && uptimeMs + timeToLimitMs > policy.dynoCycleMs;
    return nothing(cycleFirst ? 'cycle-comes-first' : 'leak-far-from-limit');
  }
  if (policy.dynoCycleMs !== null && uptimeMs < policy.dynoCycleMs && uptimeMs + timeToLimitMs > policy.dynoCycleMs)
    return nothing('cycle-comes-first');
  if (reclaimableBytes !== null && !isWorthIt(findings)) return advise('nothing-to-reclaim');
  return { action: 'restart', reason: 'leak-near-limit', urgent: false };
}

function ruleOfHighFloor(findings: Findings): Ruling {
  const { shape, reclaimableBytes } = findings;
  if (shape.class === 'warming') return nothing('warming-up');
  if (reclaimableBytes === null) return advise('reclaimable-unknown');
  if (!isWorthIt(findings)) return advise('nothing-to-reclaim');
  if (shape.class === 'bloat' || isLevel(shape))
    return { action: 'restart', reason: 'bloat-over-soft-limit', urgent: false };
  return nothing('below-limits');
}

/** A floor that was high from the first point on shows no rise; what was learned from other boots says whether it is bloat. */
function isLevel(shape: Shape): boolean {
  return shape.class === 'healthy' && shape.steps === 0;
}

/** Judged by the floor: what a peak has on top comes back by itself. */
function isWorthIt({ reclaimableBytes, shape, limitBytes, usageBytes }: Findings): boolean {
  if (reclaimableBytes === null || usageBytes === null || shape.floorBytes === null) return false;
  const baseBytes = usageBytes - reclaimableBytes;
  return shape.floorBytes - baseBytes >= WORTH_SHARE * (limitBytes ?? usageBytes);
}

function killIsNear(shape: Shape, context: JudgeContext, policy: Policy): boolean {
  const killBytes = context.facts?.killBytes ?? null;
  const untilMs = killBytes === null ? null : timeUntil(killBytes, shape, context.nowMs);
  return untilMs !== null && untilMs <= 2 * policy.graceMs;
}

/** Until a rising floor is at `bytes`, from where it is by now; null where it does not rise. */
function timeUntil(bytes: number, { floorBytes, floorTimeMs, slopeBytesPerMs }: Shape, nowMs: number): number | null {
  if (floorBytes === null || floorTimeMs === null || slopeBytesPerMs === null) return null;
  return Math.max(0, (bytes - floorBytes) / slopeBytesPerMs - (nowMs - floorTimeMs));
}
