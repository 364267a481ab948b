import type { Boot } from '../detector/boot/boot.ts';
import { assess } from '../detector/rules/assess.ts';
import { type DynoFacts, NO_RESTARTS } from '../detector/rules/assessment.ts';
import type { Decision, Reason, Verdict } from '../model/decision.ts';
import type { Listing } from '../model/listing.ts';
import { isDry, permissionOf } from '../model/permission.ts';
import type { Permissions, Policy } from '../model/policy.ts';
import { type Target, type TargetKey, targetKey } from '../model/target.ts';
import {
  abandonedLately,
  anotherFirst,
  appUnknown,
  attemptOpen,
  bootSpent,
  breakerOpen,
  budgetUsed,
  cooldown,
  type Gate,
  held,
  jobsRunning,
  LEDGER_UNREADABLE,
  MAY_BE_EVICTED,
  notAllowed,
  notUp,
  PLATFORM_BLOCKED,
  PLATFORM_UNREAD,
  paused,
  TAKING_OVER,
  tooFewHealthy,
  tooYoung,
} from './gate-words.ts';
import { type ClosedRestart, quickRestarts } from './quick-restarts.ts';

/** The part of a closed attempt that the decision needs. */
interface ClosedAttempt extends ClosedRestart {
  readonly bootId: string;
}

/** The part of a target's ledger that the decision needs. Times are the ledger's own (Unix ms). */
export interface LedgerFacts {
  readonly nowMs: number;
  readonly open: unknown | null;
  readonly cooldownUntilMs: number;
  readonly dryCooldownUntilMs: number;
  readonly sentLastHour: number;
  readonly heldUntilMs: number;
  readonly breakerOpenUntilMs: number;
  readonly paused: boolean;
  /** Redis may drop the ledger (`allkeys-*`): nothing is claimed then. */
  readonly mayBeEvicted: boolean;
  readonly spentBootIds: readonly string[];
  /** Closed attempts, newest first; dry ones apart. */
  readonly history: readonly ClosedAttempt[];
  readonly dryHistory: readonly ClosedAttempt[];
  readonly learnedFloorBytes: number | null;
  /** As `JudgeContext` says. */
  readonly uselessRestarts: number;
}

export interface DecideInput {
  readonly boots: readonly {
    readonly boot: Boot;
    readonly facts: DynoFacts | null;
    /** Which listed dyno it is. Null or absent: no platform is configured. */
    readonly listing?: Listing | null;
  }[];
  /** Null or absent: that target's ledger could not be read. */
  readonly ledgers: ReadonlyMap<TargetKey, LedgerFacts | null>;
  readonly nowMs: number;
  readonly policy: Policy;
  readonly permissions: Permissions;
  /** Number of the target's dynos that are up; null where the platform was not read. */
  readonly upCount: (target: Target) => number | null;
  /** Why this actuator can restart nothing now: the decision must not be `restart` then. Null or absent: it can. */
  readonly hindrance?: 'platform-unavailable' | 'taking-over' | null;
}

/**
 * How many windows a boot waits after an abandoned attempt: the cause may last that long, and the target's other boots
 * come first meanwhile.
 */
const ABANDONED_WAIT_WINDOWS = 5;

/**
 * A decision for every boot, in the given order; pure and level-based. First the curve is judged, then whether a
 * restart is possible now: if not, the decision becomes `none` with the reason against it. At most one boot of a target
 * is restarted.
 */
export function decide(input: DecideInput): readonly Decision[] {
  const judged = input.boots.map((candidate) => judgeBoot(input, candidate));
  const first = firstOfTargets(judged);
  return judged.map((decision) => {
    if (decision.action !== 'restart' || decision.target === null) return decision;
    return first.get(targetKey(decision.target)) === decision ? decision : gated(decision, anotherFirst(decision));
  });
}

function judgeBoot(input: DecideInput, { boot, facts, listing = null }: DecideInput['boots'][number]): Decision {
  const { app, dyno, processType, bootId } = boot.identity;
  const target = app === null ? null : { app, processType };
  const ledger = target === null ? null : (input.ledgers.get(targetKey(target)) ?? null);
  const context = {
    nowMs: input.nowMs,
    facts,
    learnedFloorBytes: ledger?.learnedFloorBytes ?? null,
    uselessRestarts: ledger?.uselessRestarts ?? 0,
    quickRestarts: ledger === null ? NO_RESTARTS : quickRestarts(ledger.history, dyno, ledger.nowMs),
  };
  const verdict: Verdict = assess(boot, context, input.policy);
  const decision: Decision = {
    ...verdict,
    app,
    dyno,
    processType,
    bootId,
    target,
    wanted: verdict.action === 'restart' ? verdict.reason : null,
    dryRun: target === null ? input.permissions.dryRun === true : isDry(input.permissions, target),
  };
  if (listing?.kind === 'unlisted') return setAside(decision, listing);
  if (verdict.action !== 'restart') return decision;
  const gate = gateOf(input, { decision, ledger, boot, facts, listing });
  return gate === null ? decision : gated(decision, gate);
}

interface Candidate {
  readonly decision: Decision;
  readonly ledger: LedgerFacts | null;
  readonly boot: Boot;
  readonly facts: DynoFacts | null;
  readonly listing: Exclude<Listing, { kind: 'unlisted' }> | null;
}

/** Null where nothing stands against a restart now. */
function gateOf(
  { permissions, policy, nowMs, upCount, hindrance = null }: DecideInput,
  { decision, ledger, boot, facts, listing }: Candidate,
): Gate | null {
  const { target } = decision;
  if (target === null) return appUnknown(decision);
  if (permissionOf(permissions, target) === 'forbidden') return notAllowed(decision);
  if (listing?.kind === 'listed' && listing.dyno.state !== 'up') return notUp(decision, listing.dyno.state);
  const startMs = facts?.createdAtMs ?? boot.identity.startTimeMs ?? boot.firstPointMs;
  if (nowMs - startMs < policy.minUptimeMs) return tooYoung(decision, { startMs, nowMs, policy });
  if (ledger === null) return LEDGER_UNREADABLE;
  const closed = gateOfLedger(ledger, decision, policy);
  if (closed !== null) return closed;
  const up = upCount(target);
  if (policy.minHealthy > 0 && (up === null || up - 1 < policy.minHealthy)) return tooFewHealthy(decision, up, policy);
  if (hindrance !== null) return hindrance === 'taking-over' ? TAKING_OVER : PLATFORM_BLOCKED;
  if (listing?.kind === 'unread') return PLATFORM_UNREAD;
  return mayWait(decision, nowMs) ? jobsRunning(decision, nowMs) : null;
}

/** A drain costs the running jobs only time. If there is time, a moment without jobs is even better. */
function mayWait({ activeJobs, patientUntilMs, urgent }: Decision, nowMs: number): boolean {
  return !urgent && activeJobs !== null && activeJobs > 0 && patientUntilMs !== null && nowMs < patientUntilMs;
}

function gateOfLedger(ledger: LedgerFacts, decision: Decision, policy: Policy): Gate | null {
  const { nowMs } = ledger;
  if (ledger.mayBeEvicted) return MAY_BE_EVICTED;
  if (ledger.paused) return paused(decision);
  if (nowMs < ledger.heldUntilMs) return held(ledger);
  if (ledger.open !== null) return attemptOpen(decision);
  if (ledger.spentBootIds.includes(decision.bootId)) return bootSpent(decision);
  if (nowMs < ledger.breakerOpenUntilMs) return breakerOpen(decision, ledger);
  const cooldownUntilMs = decision.dryRun
    ? Math.max(ledger.cooldownUntilMs, ledger.dryCooldownUntilMs)
    : ledger.cooldownUntilMs;
  if (nowMs < cooldownUntilMs) return cooldown(cooldownUntilMs, nowMs, policy);
  const waitMs = ABANDONED_WAIT_WINDOWS * policy.windowMs;
  const abandonedAtMs = abandonedAfter(ledger, decision, nowMs - waitMs);
  if (abandonedAtMs !== null) return abandonedLately(decision, abandonedAtMs, nowMs, waitMs);
  return ledger.sentLastHour >= policy.maxRestartsPerHour ? budgetUsed(ledger, policy) : null;
}

/** When the newest attempt for this boot was abandoned, if that was after `sinceMs`; else null. */
function abandonedAfter(ledger: LedgerFacts, { dyno, bootId, dryRun }: Decision, sinceMs: number): number | null {
  const found = (dryRun ? ledger.dryHistory : ledger.history).find(
    (closed) =>
      closed.outcome === 'abandoned' && closed.bootId === bootId && closed.dyno === dyno && closed.closedAtMs > sinceMs,
  );
  return found?.closedAtMs ?? null;
}

/** A boot that is not a listed dyno is shown with the reason, and gets no advice. */
function setAside(decision: Decision, { reason, says }: Extract<Listing, { kind: 'unlisted' }>): Decision {
  const explanation = `${decision.explanation} ${says}`;
  return decision.action === 'none'
    ? { ...decision, explanation }
    : { ...decision, action: 'none', reason, explanation };
}

/** Reasons that only a person can end, so they become advice. All others end by themselves. */
const ADVICE: ReadonlySet<Reason> = new Set(['breaker-open', 'eviction-policy']);

function gated(decision: Decision, { reason, says }: Gate): Decision {
  const explanation = `${decision.explanation} ${says}`;
  return { ...decision, action: ADVICE.has(reason) ? 'advise' : 'none', reason, explanation };
}

/** The boot of each target that is restarted first: an urgent one, then the fullest. */
function firstOfTargets(decisions: readonly Decision[]): ReadonlyMap<TargetKey, Decision> {
  const first = new Map<TargetKey, Decision>();
  for (const decision of decisions) {
    if (decision.action !== 'restart' || decision.target === null) continue;
    const key = targetKey(decision.target);
    const other = first.get(key);
    if (other === undefined || comesBefore(decision, other)) first.set(key, decision);
  }
  return first;
}

function comesBefore(a: Decision, b: Decision): boolean {
  if (a.urgent !== b.urgent) return a.urgent;
  return (a.usageBytes ?? 0) > (b.usageBytes ?? 0);
}
