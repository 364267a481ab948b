import { restartedAndDown } from '../attempt/restarted-dyno.ts';
import type { Boot } from '../detector/boot/boot.ts';
import type { DynoFacts } from '../detector/rules/assessment.ts';
import type { Decision, Reason } from '../model/decision.ts';
import type { Listing } from '../model/listing.ts';
import { permissionOf } from '../model/permission.ts';
import type { Policy } from '../model/policy.ts';
import type { Target } from '../model/target.ts';
import type { DecideInput, LedgerFacts } from './decide-input.ts';
import {
  abandonedLately,
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
  restartedIsDown,
  TAKING_OVER,
  tooFewHealthy,
  tooYoung,
} from './gate-words.ts';

/** A boot whose curve asks for a restart, or might. */
export interface Candidate {
  readonly decision: Decision;
  readonly ledger: LedgerFacts | null;
  readonly boot: Boot;
  readonly facts: DynoFacts | null;
  readonly listing: Exclude<Listing, { kind: 'unlisted' }> | null;
}

/** One thing that must hold before a restart, whatever the curve looks like. */
interface GateRow {
  readonly reason: Reason;
  /** What holds where the gate is open, for people. */
  readonly passed: string;
  /** Null where it is open. */
  readonly closed: (input: DecideInput, candidate: Candidate) => Gate | null;
  /** It says nothing where the ledger cannot be read. */
  readonly needsLedger?: true;
}

/** The gate of a fact of the ledger; open where the ledger cannot be read, which has a gate of its own. */
function ofLedger(
  reason: Reason,
  passed: string,
  closed: (ledger: LedgerFacts, decision: Decision, policy: Policy) => Gate | null,
): GateRow {
  return {
    reason,
    passed,
    needsLedger: true,
    closed: ({ policy }, { ledger, decision }) => (ledger === null ? null : closed(ledger, decision, policy)),
  };
}

/** In the order in which they are looked at: the first that is closed is the reason. */
export const GATES: readonly GateRow[] = [
  {
    reason: 'app-unknown',
    passed: 'its measurements name the app',
    closed: (_, { decision }) => (decision.target === null ? appUnknown(decision) : null),
  },
  {
    reason: 'not-allowed',
    passed: 'it is on the allow-list',
    closed: ({ permissions }, { decision }) =>
      isForbidden(permissions, decision.target) ? notAllowed(decision) : null,
  },
  {
    reason: 'dyno-not-up',
    passed: 'the platform lists it as up, or has not listed it yet',
    closed: (_, { decision, listing }) =>
      listing?.kind === 'listed' && listing.dyno.state !== 'up' ? notUp(decision, listing.dyno.state) : null,
  },
  { reason: 'min-uptime', passed: 'it has run for the minimum uptime', closed: youth },
  {
    reason: 'ledger-unavailable',
    passed: 'the ledger (Redis) can be read',
    closed: (_, { ledger }) => (ledger === null ? LEDGER_UNREADABLE : null),
  },
  ofLedger('eviction-policy', 'Redis keeps the ledger', ({ mayBeEvicted }) => (mayBeEvicted ? MAY_BE_EVICTED : null)),
  ofLedger('paused', 'nobody paused restarts', (ledger, decision) => (ledger.paused ? paused(decision) : null)),
  ofLedger('ledger-hold', 'the ledger is not new', (ledger) =>
    ledger.nowMs < ledger.heldUntilMs ? held(ledger) : null,
  ),
  ofLedger('attempt-open', 'no other restart of the type is under way', (ledger, decision) =>
    ledger.open === null ? null : attemptOpen(decision),
  ),
  ofLedger('boot-spent', 'no restart was sent for this boot', ({ spentBootIds }, decision) =>
    spentBootIds.includes(decision.bootId) ? bootSpent(decision) : null,
  ),
  ofLedger('breaker-open', 'the last restarts helped: the breaker is closed', (ledger, decision) =>
    ledger.nowMs < ledger.breakerOpenUntilMs ? breakerOpen(decision, ledger) : null,
  ),
  ofLedger('cooldown', 'the cooldown after the last restart is over', coolingDown),
  ofLedger('abandoned-lately', 'no attempt was given up just now', abandoned),
  ofLedger('budget', 'the budget of this hour is not used up', (ledger, _, policy) =>
    ledger.sentLastHour >= policy.maxRestartsPerHour ? budgetUsed(ledger, policy) : null,
  ),
  {
    reason: 'min-healthy',
    passed: 'enough other dynos are up, and so is the one that was restarted last',
    closed: (input, candidate) => tooFew(input, candidate) ?? lastIsDown(input, candidate),
  },
  {
    reason: 'taking-over',
    passed: 'this actuator leads, and has watched for one window',
    closed: ({ hindrance }) => (hindrance === 'taking-over' ? TAKING_OVER : null),
  },
  {
    reason: 'platform-unavailable',
    passed: 'the platform answers',
    closed: ({ hindrance }, { listing }) => {
      if (hindrance === 'platform-unavailable') return PLATFORM_BLOCKED;
      return listing?.kind === 'unread' ? PLATFORM_UNREAD : null;
    },
  },
  {
    reason: 'jobs-running',
    passed: 'no job runs, or it can wait no longer for one to end',
    closed: ({ nowMs }, { decision }) => (mayWait(decision, nowMs) ? jobsRunning(decision, nowMs) : null),
  },
];

/** Null where nothing stands against a restart now. */
export function gateOf(input: DecideInput, candidate: Candidate): Gate | null {
  for (const { closed } of GATES) {
    const gate = closed(input, candidate);
    if (gate !== null) return gate;
  }
  return null;
}

function isForbidden(permissions: DecideInput['permissions'], target: Target | null): boolean {
  return target === null || permissionOf(permissions, target) === 'forbidden';
}

function youth({ nowMs, policy }: DecideInput, { decision, facts, boot }: Candidate): Gate | null {
  const startMs = facts?.createdAtMs ?? boot.identity.startTimeMs ?? boot.firstPointMs;
  return nowMs - startMs < policy.minUptimeMs ? tooYoung(decision, { startMs, nowMs, policy }) : null;
}

function coolingDown(ledger: LedgerFacts, { dryRun }: Decision, policy: Policy): Gate | null {
  const untilMs = dryRun ? Math.max(ledger.cooldownUntilMs, ledger.dryCooldownUntilMs) : ledger.cooldownUntilMs;
  return ledger.nowMs < untilMs ? cooldown(untilMs, ledger.nowMs, policy) : null;
}

/**
 * How many windows a boot waits after an abandoned attempt: the cause may last that long, and the target's other boots
 * come first meanwhile.
 */
const ABANDONED_WAIT_WINDOWS = 5;

function abandoned(ledger: LedgerFacts, decision: Decision, policy: Policy): Gate | null {
  const waitMs = ABANDONED_WAIT_WINDOWS * policy.windowMs;
  const { dyno, bootId, dryRun } = decision;
  const found = (dryRun ? ledger.dryHistory : ledger.history).find(
    (closed) =>
      closed.outcome === 'abandoned' &&
      closed.bootId === bootId &&
      closed.dyno === dyno &&
      closed.closedAtMs > ledger.nowMs - waitMs,
  );
  return found === undefined ? null : abandonedLately(decision, found.closedAtMs, ledger.nowMs, waitMs);
}

function tooFew({ upCount, policy }: DecideInput, { decision }: Candidate): Gate | null {
  if (policy.minHealthy === 0 || decision.target === null) return null;
  const up = upCount(decision.target);
  return up === null || up - 1 < policy.minHealthy ? tooFewHealthy(decision, up, policy) : null;
}

function lastIsDown({ dynosOf }: DecideInput, { decision, ledger }: Candidate): Gate | null {
  const { target } = decision;
  const dynos = target === null ? null : (dynosOf?.(target) ?? null);
  if (target === null || dynos === null || ledger === null) return null;
  const { processType } = target;
  const down = restartedAndDown(ledger.history, dynos, { processType, nowMs: ledger.nowMs });
  return down === null ? null : restartedIsDown(down);
}

/** A drain costs the running jobs only time. If there is time, a moment without jobs is even better. */
function mayWait({ activeJobs, patientUntilMs, urgent }: Decision, nowMs: number): boolean {
  return !urgent && activeJobs !== null && activeJobs > 0 && patientUntilMs !== null && nowMs < patientUntilMs;
}
