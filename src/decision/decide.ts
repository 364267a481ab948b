import type { Outcome } from '../attempt/attempt.ts';
import type { Boot } from '../detector/boot.ts';
import { type DynoFacts, judge } from '../detector/verdict.ts';
import type { Decision, Reason, Verdict } from '../model/decision.ts';
import type { Listing } from '../model/listing.ts';
import type { Permissions, Policy } from '../model/policy.ts';
import { matchesAny, type Target, type TargetKey, targetKey } from '../model/target.ts';

/** What of a closed attempt the decision needs. Times are the ledger's own (Unix ms). */
interface ClosedAttempt {
  readonly dyno: string;
  readonly bootId: string;
  readonly outcome: Outcome;
  readonly closedAtMs: number;
}

/** What of a target's ledger the decision needs. Times are the ledger's own. */
export interface LedgerFacts {
  readonly nowMs: number;
  readonly open: unknown | null;
  readonly cooldownUntilMs: number;
  readonly dryCooldownUntilMs: number;
  readonly sentLastHour: number;
  readonly heldUntilMs: number;
  readonly breakerOpenUntilMs: number;
  readonly paused: boolean;
  /** Where it is kept may drop it (`allkeys-*`): nothing is claimed of such a ledger. */
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
    /** Which listed dyno it is. Null, or absent: there is no platform to ask. */
    readonly listing?: Listing | null;
  }[];
  /** Null, or absent: that target's ledger could not be read. */
  readonly ledgers: ReadonlyMap<TargetKey, LedgerFacts | null>;
  readonly nowMs: number;
  readonly policy: Policy;
  readonly permissions: Permissions;
  /** Dynos of the type that are up; null where the platform was not read. */
  readonly upCount: (target: Target) => number | null;
  /** What keeps this actuator from any restart just now: a restart that nobody would try must not be called one. Null, or absent: nothing. */
  readonly hindrance?: 'platform-unavailable' | 'taking-over' | null;
}

/**
 * A boot whose attempt was abandoned waits so many windows before the next one: what it was abandoned for may take that long to pass, and the
 * target's other boots come first meanwhile.
 */
const ABANDONED_WAIT_WINDOWS = 5;

/**
 * A decision for every boot, in the order given; pure and level-based. What the curve asks for is judged first, whether it may be done second:
 * a restart that may not be made now becomes `none` with the reason that stands against it. At most one boot of a target is restarted.
 */
export function decide(input: DecideInput): readonly Decision[] {
  const judged = input.boots.map((candidate) => judgeBoot(input, candidate));
  const first = firstOfTargets(judged);
  return judged.map((decision) => {
    if (decision.action !== 'restart' || decision.target === null) return decision;
    return first.get(targetKey(decision.target)) === decision ? decision : gated(decision, 'another-first');
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
  };
  const verdict: Verdict = judge(boot, context, input.policy);
  const decision: Decision = {
    ...verdict,
    app,
    dyno,
    processType,
    bootId,
    target,
    wanted: verdict.action === 'restart' ? verdict.reason : null,
    dryRun: isDry(input.permissions, target),
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

/** What stands against a restart now; null where nothing does. */
function gateOf(
  { permissions, policy, nowMs, upCount, hindrance = null }: DecideInput,
  { decision, ledger, boot, facts, listing }: Candidate,
): Reason | null {
  const { target } = decision;
  if (target === null) return 'app-unknown';
  if (!matchesAny(permissions.allowed, target, permissions.ownApp)) return 'not-allowed';
  if (listing?.kind === 'listed' && listing.dyno.state !== 'up') return 'dyno-not-up';
  const startMs = facts?.createdAtMs ?? boot.identity.startTimeMs ?? boot.firstPointMs;
  if (nowMs - startMs < policy.minUptimeMs) return 'min-uptime';
  if (ledger === null) return 'ledger-unavailable';
  const closed = gateOfLedger(ledger, decision, policy);
  if (closed !== null) return closed;
  const up = upCount(target);
  if (policy.minHealthy > 0 && (up === null || up - 1 < policy.minHealthy)) return 'min-healthy';
  if (hindrance !== null) return hindrance;
  if (listing?.kind === 'unread') return 'platform-unavailable';
  return mayWait(decision, nowMs) ? 'jobs-running' : null;
}

/** A drain costs the running jobs nothing but time; where there is time, a moment without any is better still. */
function mayWait({ activeJobs, patientUntilMs, urgent }: Decision, nowMs: number): boolean {
  return !urgent && activeJobs !== null && activeJobs > 0 && patientUntilMs !== null && nowMs < patientUntilMs;
}

function gateOfLedger(ledger: LedgerFacts, decision: Decision, policy: Policy): Reason | null {
  if (ledger.mayBeEvicted) return 'eviction-policy';
  if (ledger.paused) return 'paused';
  if (ledger.nowMs < ledger.heldUntilMs) return 'ledger-hold';
  if (ledger.open !== null) return 'attempt-open';
  if (ledger.spentBootIds.includes(decision.bootId)) return 'boot-spent';
  if (ledger.nowMs < ledger.breakerOpenUntilMs) return 'breaker-open';
  const cooldownUntilMs = decision.dryRun
    ? Math.max(ledger.cooldownUntilMs, ledger.dryCooldownUntilMs)
    : ledger.cooldownUntilMs;
  if (ledger.nowMs < cooldownUntilMs) return 'cooldown';
  if (wasAbandonedLately(ledger, decision, policy)) return 'abandoned-lately';
  return ledger.sentLastHour >= policy.maxRestartsPerHour ? 'budget' : null;
}

function wasAbandonedLately(ledger: LedgerFacts, { dyno, bootId, dryRun }: Decision, policy: Policy): boolean {
  const sinceMs = ledger.nowMs - ABANDONED_WAIT_WINDOWS * policy.windowMs;
  return (dryRun ? ledger.dryHistory : ledger.history).some(
    (closed) =>
      closed.outcome === 'abandoned' && closed.bootId === bootId && closed.dyno === dyno && closed.closedAtMs > sinceMs,
  );
}

/** A boot that is no dyno of the platform: shown, with the reason, and not even advised on. */
function setAside(decision: Decision, { reason, says }: Extract<Listing, { kind: 'unlisted' }>): Decision {
  const explanation = `${decision.explanation} ${says}`;
  return decision.action === 'none'
    ? { ...decision, explanation }
    : { ...decision, action: 'none', reason, explanation };
}

/** What only a person can change is news for people: restarts that did not help, a Redis set up wrongly. Everything else passes by itself. */
const ADVICE: Partial<Record<Reason, string>> = {
  'breaker-open': 'the last restarts did not help',
  'eviction-policy': 'the Redis of the ledger may drop it (allkeys-*), set its maxmemory-policy to noeviction',
};

/** Where the reason's name alone would leave a person guessing. */
const IN_WORDS: Partial<Record<Reason, string>> = {
  'dyno-not-up': 'the platform does not list the dyno as up',
  'abandoned-lately': 'its last attempt was given up some windows ago, and the next one waits',
};

function gated(decision: Decision, reason: Reason): Decision {
  const advice = ADVICE[reason];
  const why = advice === undefined ? (IN_WORDS[reason] ?? reason) : `${reason}, ${advice}`;
  const explanation = `${decision.explanation} Not now: ${why} (wanted: ${decision.reason}).`;
  return { ...decision, action: advice === undefined ? 'none' : 'advise', reason, explanation };
}

/** Of each target the urgent one first, then the fullest. */
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

function isDry({ dryRun, ownApp }: Permissions, target: Target | null): boolean {
  if (typeof dryRun === 'boolean') return dryRun;
  return target !== null && matchesAny(dryRun, target, ownApp);
}
