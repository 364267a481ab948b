import { isSameBoot, type ListedDyno } from '../model/listing.ts';
import type { Permission } from '../model/permission.ts';
import { ONE_OFF_TYPES } from '../model/target.ts';
import { type Attempt, bootOf, CONFIRM_DEADLINE_MS, type Move, type Outcome, SEND_WINDOW_MS } from './attempt.ts';
import { type ClosedSending, restartedAndDown } from './restarted-dyno.ts';

/**
 * The next step of an open attempt, from the current state only: every actuator that finds the attempt, at any time,
 * comes to the same step. Pure; `actuator/restart/attempt/attempt-mover.ts` gathers the evidence and makes the moves.
 */
export type Step =
  /** Nothing to do yet. */
  { readonly do: 'wait' } | { readonly do: 'move'; readonly move: Move };

export type OnDrainTimeout = 'go-on' | 'stop';

export interface Evidence {
  /** The ledger's time. */
  readonly nowMs: number;
  /** All dynos of the app, just listed; null where they were not read, or the platform did not answer. */
  readonly dynos: readonly ListedDyno[] | null;
}

/** Why the last reading failed, or none may be made. */
export interface Unread {
  /** For people. */
  readonly because: string;
  /** The platform has answered, and shows nothing: the app is gone, or the token may not see it. */
  readonly isRefused: boolean;
}

interface LastReading {
  /** Null where the last reading has not failed. */
  readonly unread: Unread | null;
}

/**
 * Whether a boot other than the attempt's reports under this platform id: then a boot with a derived id is not that
 * dyno.
 */
export interface Reports {
  readonly isCarriedByAnother: (dynoId: string) => boolean;
}

/** This actuator's settings for the target, and what became of its restarts. */
export interface Terms {
  readonly permission: Permission;
  /** Other dynos of the type that must be up. A person's attempt may go below. */
  readonly minHealthy: number;
  /** Closed attempts of the target, newest first. */
  readonly history: readonly ClosedSending[];
}

/** At the first read: the same boot, up, of a type that may be restarted. A dry attempt ends here. */
export function stepClaimed(
  attempt: Attempt,
  evidence: Evidence & LastReading & Terms & Reports & { readonly graceMs: number },
): Step {
  if (evidence.nowMs > attempt.deadlineMs) return abandon(`the dyno could not be read in time${because(evidence)}`);
  const forbidden = forbiddenBecause(attempt, evidence.permission);
  if (forbidden !== null) return abandon(forbidden);
  if (evidence.unread?.isRefused) return abandon(`the dyno could not be read${because(evidence)}`);
  if (evidence.dynos === null) return WAIT;
  const found = findBoot(attempt, evidence.dynos, evidence);
  if (typeof found === 'string') return abandon(found);
  const tooFew = tooFewOthers(attempt, evidence.dynos, evidence);
  if (tooFew !== null) return abandon(tooFew);
  if (attempt.dryRun) return close('dry-run', `would have restarted ${found.name} (${found.id})`);
  return { do: 'move', move: { to: 'draining', platformDynoId: found.id, deadlineInMs: evidence.graceMs } };
}

/** Whether the drain is over: all jobs have ended, or the grace has. */
export function isDrained(attempt: Attempt, nowMs: number, idle: boolean | null): boolean {
  return idle === true || nowMs >= attempt.deadlineMs;
}

/** Of a draining attempt. */
export interface DrainEnd {
  readonly idle: boolean | null;
  /** How long its workers have been idle while this process watched; 0 where they are not. */
  readonly idleForMs: number;
  /** Null if it cannot be assessed yet. */
  readonly stillHolds: boolean | null;
  readonly onDrainTimeout: OnDrainTimeout;
}

/** After the drain, at the second read; during the drain, where the dyno may have ended. */
export function stepDraining(attempt: Attempt, evidence: Evidence & LastReading & Terms & Reports & DrainEnd): Step {
  if (cannotBeSent(attempt, evidence)) {
    const isSilent = evidence.unread === null && evidence.stillHolds === null;
    return abandon(`the restart could not be sent in time${isSilent ? ': no new points' : because(evidence)}`);
  }
  const forbidden = forbiddenBecause(attempt, evidence.permission);
  if (forbidden !== null) return abandon(forbidden);
  if (evidence.unread?.isRefused) return abandon(`the dyno could not be read${because(evidence)}`);
  // First of all: of a dyno that a deploy has replaced nobody shall read that its jobs did not end.
  const found = evidence.dynos === null ? null : findBoot(attempt, evidence.dynos, evidence);
  if (typeof found === 'string') return abandon(found);
  if (!isDrained(attempt, evidence.nowMs, evidence.idle)) return WAIT;
  if (evidence.idle !== true && evidence.onDrainTimeout === 'stop') {
    if (evidence.idle === false) return close('drain-timeout', 'jobs were still running at the end of the grace');
    return close('drain-timeout', `whether jobs ran at the end of the grace is not known${because(evidence)}`);
  }
  if (evidence.stillHolds === false) return abandon('the decision no longer holds');
  if (evidence.dynos === null || found === null) return WAIT;
  const tooFew = tooFewOthers(attempt, evidence.dynos, evidence);
  if (tooFew !== null) return abandon(tooFew);
  // Checked last: a boot that has ended sends no points, and the target's other dynos must not wait for them.
  if (evidence.stillHolds === null) return WAIT;
  return { do: 'move', move: { to: 'sending', platformDynoId: found.id, deadlineInMs: CONFIRM_DEADLINE_MS } };
}

/**
 * Whether the way from the drain's end to `sending` takes too long: idle workers do no work meanwhile, however long the
 * grace is.
 */
function cannotBeSent(attempt: Attempt, { nowMs, idleForMs }: Evidence & DrainEnd): boolean {
  return nowMs > attempt.deadlineMs + SEND_WINDOW_MS || idleForMs > SEND_WINDOW_MS;
}

/**
 * After `sending`: only evidence or the deadline closes it. On Cedar the name comes back with another id; on Fir the
 * name is gone and a newer dyno of the type appears.
 */
export function stepSending(attempt: Attempt, evidence: Evidence): Step {
  const { dynos, nowMs } = evidence;
  const isLate = nowMs >= attempt.deadlineMs;
  if (dynos === null) {
    return isLate ? close('unconfirmed', 'the platform could not be read until the deadline') : WAIT;
  }
  const sameName = dynos.find((dyno) => dyno.name === attempt.dyno);
  if (sameName === undefined) {
    const successor = dynos.find((dyno) => isSuccessor(attempt, dyno));
    if (successor !== undefined) return close('restarted', `${successor.name} (${successor.id}) came in its place`);
    return isLate ? close('already-gone', 'the dyno is gone, and none came in its place') : WAIT;
  }
  if (sameName.id !== attempt.platformDynoId && isYounger(sameName, successorAfterMs(attempt))) {
    return close('restarted', `${sameName.name} has a new boot (${sameName.id})`);
  }
  return isLate ? close('unconfirmed', `${sameName.name} still shows the boot ${sameName.id}`) : WAIT;
}

/** The ledger's clock and the platform's may differ by this much. */
const CLOCK_SLACK_MS = 60_000;

function isSuccessor(attempt: Attempt, dyno: ListedDyno): boolean {
  const afterMs = attempt.sendingAtMs === null ? null : attempt.sendingAtMs - CLOCK_SLACK_MS;
  return dyno.processType === attempt.target.processType && isYounger(dyno, afterMs);
}

/**
 * A successor was created after the boot's start and after the DELETE. Both are checked, because the boot's own clock
 * may be wrong. Null where neither time is known.
 */
function successorAfterMs({ bootStartTimeMs, sendingAtMs }: Attempt): number | null {
  const sentMs = sendingAtMs === null ? null : sendingAtMs - CLOCK_SLACK_MS;
  if (bootStartTimeMs === null || sentMs === null) return bootStartTimeMs;
  return Math.min(bootStartTimeMs, sentMs);
}

/** Without a time to compare with, the different id is proof enough. */
function isYounger(dyno: ListedDyno, thanMs: number | null): boolean {
  return thanMs === null || dyno.createdAtMs > thanMs;
}

/** The attempt's boot in the listing, or why it must not be restarted. */
function findBoot(
  attempt: Attempt,
  dynos: readonly ListedDyno[],
  { nowMs, isCarriedByAnother }: Pick<Evidence, 'nowMs'> & Reports,
): ListedDyno | string {
  const dyno = dynos.find((candidate) => candidate.name === attempt.dyno);
  if (attempt.dyno === '' || dyno === undefined)
    return `the platform lists no ${attempt.dyno || 'dyno without a name'}`;
  // After the first read the platform's own id is known, which leaves nothing to guess.
  const isSame =
    attempt.platformDynoId === null ? isSameBoot(bootOf(attempt), dyno, nowMs) : dyno.id === attempt.platformDynoId;
  if (!isSame) return `${dyno.name} is another boot by now (${dyno.id})`;
  if (attempt.bootIdSource === 'derived' && isCarriedByAnother(dyno.id)) {
    return `${dyno.name} reports under its own id (${dyno.id}), so this boot is another`;
  }
  if (ONE_OFF_TYPES.has(dyno.processType)) return `${dyno.name} is a one-off dyno, which would not come back`;
  if (dyno.processType !== attempt.target.processType) return `${dyno.name} is of the type ${dyno.processType}`;
  if (dyno.state !== 'up') return `${dyno.name} is ${dyno.state}, not up`;
  return dyno;
}

/** Null where enough other dynos are up. Checked again because a drain takes minutes. */
function tooFewOthers(
  { by, dyno, target: { processType } }: Attempt,
  dynos: readonly ListedDyno[],
  { minHealthy, history, nowMs }: Terms & Evidence,
): string | null {
  if (by === 'person') return null;
  const up = dynos.filter((one) => one.processType === processType && one.name !== dyno && one.state === 'up');
  if (up.length < minHealthy) return `only ${up.length} other dynos of the type are up, and ${minHealthy} must be`;
  const down = restartedAndDown(history, dynos, { processType, nowMs });
  return down === null ? null : `${down.name} was restarted before, and is ${down.state}, not up`;
}

/** Why the settings of an actuator forbid the attempt; null where they do not. */
export function forbiddenBecause(attempt: Attempt, permission: Permission): string | null {
  if (permission === 'forbidden') return 'the target is not on the allow-list';
  if (permission === 'dry' && !attempt.dryRun) return 'dry run is on for the target by now';
  return null;
}

function because({ unread }: LastReading): string {
  return unread === null ? '' : `: ${unread.because}`;
}

const WAIT: Step = { do: 'wait' };

function close(outcome: Outcome, evidence: string): Step {
  return { do: 'move', move: { to: 'closed', outcome, evidence } };
}

function abandon(evidence: string): Step {
  return close('abandoned', evidence);
}
