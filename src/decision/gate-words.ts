import type { Decision, Reason } from '../model/decision.ts';
import type { Policy } from '../model/policy.ts';
import { targetKey } from '../model/target.ts';
import { formatDuration } from '../model/text/format.ts';
import { clockTime } from './standing.ts';

/** What stands against a restart now. */
export interface Gate {
  readonly reason: Reason;
  /** A sentence for a person on call: what happened, to which dyno, and what Tidemark will do when. */
  readonly says: string;
  /** When it opens by itself (Unix ms); absent where it does not, or the time is unknown. */
  readonly untilMs?: number;
}

/** The times of a target's ledger that the sentences name (Unix ms, the ledger's clock). */
interface LedgerTimes {
  readonly nowMs: number;
  readonly heldUntilMs: number;
  readonly breakerOpenUntilMs: number;
  readonly sentLastHour: number;
}

export function appUnknown({ dyno }: Decision): Gate {
  const says = `Tidemark cannot restart ${dyno}: its measurements name no app. Set TIDEMARK_APP in the worker.`;
  return { reason: 'app-unknown', says };
}

export function notAllowed(decision: Decision): Gate {
  return {
    reason: 'not-allowed',
    says: `${nameOf(decision)} is not on the allow-list; Tidemark would have restarted it.`,
  };
}

export function notUp({ dyno }: Decision, state: string): Gate {
  return {
    reason: 'dyno-not-up',
    says: `Waiting: the platform lists ${dyno} as ${state}; Tidemark restarts only dynos that are up.`,
  };
}

export function tooYoung({ dyno }: Decision, { startMs, nowMs, policy }: Uptime): Gate {
  const since = `${dyno} started ${ago(nowMs - startMs)}`;
  const untilMs = startMs + policy.minUptimeMs;
  return { reason: 'min-uptime', says: `Waiting: ${since}; ${nextAt(untilMs, nowMs)}`, untilMs };
}

interface Uptime {
  readonly startMs: number;
  readonly nowMs: number;
  readonly policy: Pick<Policy, 'minUptimeMs'>;
}

export const LEDGER_UNREADABLE: Gate = {
  reason: 'ledger-unavailable',
  says: 'Waiting: the ledger (Redis) cannot be read. Tidemark decides again as soon as it can.',
};

export const MAY_BE_EVICTED: Gate = {
  reason: 'eviction-policy',
  says:
    'Redis may drop the ledger when its memory is full (allkeys-*), so Tidemark restarts nothing. ' +
    'Set its maxmemory-policy to noeviction.',
};

export function paused(decision: Decision): Gate {
  const says = `Paused by a person; Tidemark would have restarted it. To go on: tidemark resume ${nameOf(decision)}`;
  return { reason: 'paused', says: `${says}.` };
}

export function held({ heldUntilMs, nowMs }: LedgerTimes): Gate {
  const says = `Waiting: the ledger in Redis is new; ${nextAt(heldUntilMs, nowMs)}`;
  return { reason: 'ledger-hold', says, untilMs: heldUntilMs };
}

export function attemptOpen(decision: Decision): Gate {
  const says = `Waiting: a restart of ${nameOf(decision)} is under way. Tidemark decides again when it has ended.`;
  return { reason: 'attempt-open', says };
}

export function bootSpent({ dyno }: Decision): Gate {
  const says = `Tidemark has already sent a restart for this boot of ${dyno}, and sends no second one.`;
  return { reason: 'boot-spent', says };
}

export function breakerOpen(decision: Decision, { breakerOpenUntilMs, nowMs }: LedgerTimes): Gate {
  const name = nameOf(decision);
  return {
    reason: 'breaker-open',
    untilMs: breakerOpenUntilMs,
    says:
      `The last restarts of ${name} did not help: take a bigger dyno or less concurrency. Tidemark restarts it again ` +
      `from ${clockTime(breakerOpenUntilMs, nowMs)}, after a new release, or after: tidemark resume ${name}.`,
  };
}

export function cooldown(untilMs: number, nowMs: number, { cooldownMs }: Pick<Policy, 'cooldownMs'>): Gate {
  const last = `last restart ${ago(nowMs - (untilMs - cooldownMs))}`;
  return { reason: 'cooldown', says: `Waiting: ${last}; ${nextAt(untilMs, nowMs)}`, untilMs };
}

export function abandonedLately({ dyno }: Decision, closedAtMs: number, nowMs: number, waitMs: number): Gate {
  const last = `Tidemark gave up its last attempt to restart ${dyno} ${ago(nowMs - closedAtMs)}`;
  const untilMs = closedAtMs + waitMs;
  return { reason: 'abandoned-lately', says: `Waiting: ${last}; ${nextAt(untilMs, nowMs)}`, untilMs };
}

export function budgetUsed(
  { sentLastHour }: LedgerTimes,
  { maxRestartsPerHour }: Pick<Policy, 'maxRestartsPerHour'>,
): Gate {
  const used = `${sentLastHour} of ${maxRestartsPerHour} restarts an hour are used up`;
  return { reason: 'budget', says: `Waiting: ${used}; next possible when the oldest of them is an hour ago.` };
}

/** @param up dynos of the target that are up; null where the platform was not read */
export function tooFewHealthy(decision: Decision, up: number | null, { minHealthy }: Pick<Policy, 'minHealthy'>): Gate {
  const name = nameOf(decision);
  const found =
    up === null
      ? `the platform has not said how many dynos of ${name} are up`
      : `${Math.max(0, up - 1)} other dynos of ${name} are up`;
  return { reason: 'min-healthy', says: `Waiting: ${found}; at least ${minHealthy} must be during a restart.` };
}

/** @param down came in the place of the dyno that was restarted last */
export function restartedIsDown({ name, state }: { readonly name: string; readonly state: string }): Gate {
  const says = `Waiting: ${name}, which Tidemark restarted last, is ${state}, and the next dyno could go the same way.`;
  return { reason: 'min-healthy', says: `${says} Look at the app's log.` };
}

export const PLATFORM_BLOCKED: Gate = {
  reason: 'platform-unavailable',
  says: 'Waiting: the platform accepts no calls (token refused, or too many calls). Tidemark soon asks it again.',
};

export const PLATFORM_UNREAD: Gate = {
  reason: 'platform-unavailable',
  says: "Waiting: the platform has not listed the app's dynos yet. Tidemark decides again when it has.",
};

export const TAKING_OVER: Gate = {
  reason: 'taking-over',
  says: 'Waiting: this actuator does not lead, or has just begun to. It first watches for one window.',
};

export function jobsRunning({ activeJobs, patientUntilMs }: Decision, nowMs: number): Gate {
  const jobs = activeJobs === 1 ? '1 job is running' : `${activeJobs} jobs are running`;
  const until =
    patientUntilMs === null
      ? ''
      : ` Tidemark waits for a moment without jobs until ${clockTime(patientUntilMs, nowMs)}.`;
  const says = `Waiting: ${jobs}.${until}`;
  return { reason: 'jobs-running', says, ...(patientUntilMs === null ? {} : { untilMs: patientUntilMs }) };
}

export function anotherFirst(decision: Decision): Gate {
  const says = `Waiting: Tidemark restarts another dyno of ${nameOf(decision)} first, and decides again after that.`;
  return { reason: 'another-first', says };
}

function nameOf({ app, processType }: Decision): string {
  return targetKey({ app: app ?? '?', processType });
}

function ago(ms: number): string {
  return `${formatDuration(Math.max(0, ms))} ago`;
}

function nextAt(timeMs: number, nowMs: number): string {
  return `next possible at ${clockTime(timeMs, nowMs)}.`;
}
