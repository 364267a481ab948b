import type { AttemptNotes } from '../../attempt/attempt.ts';
import type { Decision } from '../../model/decision.ts';
import { LedgerUnavailable } from '../../model/errors.ts';
import type { JobShare } from '../../model/job-point.ts';
import type { BootIdentity } from '../../model/point.ts';
import { targetKey } from '../../model/target.ts';
import type { ClaimRequest } from '../../ports.ts';
import type { Mode } from '../mode.ts';
import type { DecisionLog } from '../report/decision-log.ts';
import type { Log } from '../report/log.ts';
import type { Decided } from './fleet.ts';

export interface ClaimParts {
  readonly mode: Mode;
  readonly decisions: DecisionLog;
  readonly suspects: Suspects;
  readonly log: Log;
}

/** The job names that made a boot grow, the worst first. */
export type Suspects = (boot: BootIdentity, count: number) => readonly JobShare[];

const SUSPECTS = 5;

/**
 * Claims the boots that are to be restarted. Whatever the ledger answers, nothing is lost: the next tick decides again.
 */
export async function claimDecided(
  decided: readonly Decided[],
  { mode, decisions, suspects, log }: ClaimParts,
): Promise<void> {
  if (mode.kind === 'observe') return;
  mode.restarts.prepare(decided);
  for (const { entry, decision } of decided) {
    // First of all: of most boots there is nothing to claim, and the suspects are added up from all job series.
    if (decision.action !== 'restart') continue;
    const request = requestFor(decision, entry.boot.identity, suspects);
    if (request === null) continue;
    const target = targetKey(request.target);
    try {
      const answer = await mode.restarts.claim(request);
      if (answer.ok) decisions.attach(answer.attempt);
      else log.info('the ledger granted no attempt', { target, dyno: request.dyno, why: answer.why });
    } catch (error) {
      if (!(error instanceof LedgerUnavailable)) throw error;
      log.warn('the ledger did not answer a claim', { target, error: error.message });
    }
  }
}

function requestFor(decision: Decision, boot: BootIdentity, suspects: Suspects): ClaimRequest | null {
  const { target, dryRun, reason, explanation, usageBytes, floorBytes, limitBytes } = decision;
  if (target === null) return null;
  const memory = { usageBytes, floorBytes, limitBytes };
  return {
    target,
    ...markOf(boot),
    by: 'policy',
    dryRun,
    reason,
    explanation,
    ...memory,
    notes: notesOf(decision, boot, suspects),
  };
}

/** What people want to know of the restart later. */
export function notesOf(decision: Decision | null, boot: BootIdentity, suspects: Suspects): AttemptNotes {
  const found = suspects(boot, SUSPECTS);
  return {
    expectedBytes: decision?.reclaimableBytes ?? null,
    activeJobs: decision?.activeJobs ?? null,
    suspects: found.length === 0 ? null : found,
  };
}

/** What identifies the boot, as a claim names it. */
export function markOf({ dyno, bootId, bootIdSource, startTimeMs }: BootIdentity) {
  return { dyno, bootId, bootIdSource, bootStartTimeMs: startTimeMs };
}
