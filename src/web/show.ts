import { isOff, type Standing } from '../decision/standing.ts';
import type { Decision as DecisionMade } from '../model/decision.ts';
import { targetKey } from '../model/target.ts';
import type { AttemptRecord, DecisionRecord, DynoView, RefusalRecord } from './control.ts';
import type { Attempt, Decision, Dyno, RefusedMeasurements, TargetState } from './schema/answers.ts';

/** How the API writes what the actuator knows. */

export function showDyno(view: DynoView): Dyno {
  const { decision } = view;
  return {
    app: decision.app,
    dyno: decision.dyno,
    process_type: decision.processType,
    boot_id: decision.bootId,
    release: view.release,
    ...showAssessment(decision),
    completed_jobs: view.completedJobs,
    first_point_ms: view.firstPointMs,
    last_point_ms: view.lastPointMs,
    dry_run: decision.dryRun,
  };
}

export function showDecision({ decision, outcome }: DecisionRecord): Decision {
  return {
    time: new Date(decision.timeMs).toISOString(),
    time_ms: decision.timeMs,
    app: decision.app,
    dyno: decision.dyno,
    process_type: decision.processType,
    boot_id: decision.bootId,
    ...showAssessment(decision),
    dry_run: decision.dryRun,
    outcome,
  };
}

function showAssessment(decision: DecisionMade) {
  return {
    class: decision.class,
    action: decision.action,
    reason: decision.reason,
    explanation: decision.explanation,
    usage_bytes: decision.usageBytes,
    limit_bytes: decision.limitBytes,
    soft_limit_bytes: decision.softLimitBytes,
    hard_limit_bytes: decision.hardLimitBytes,
    floor_bytes: decision.floorBytes,
    reclaimable_bytes: decision.reclaimableBytes,
    time_to_limit_ms: decision.timeToLimitMs,
    active_jobs: decision.activeJobs,
  };
}

export function showAttempt({ attempt, reclaimedBytes }: AttemptRecord): Attempt {
  return {
    id: attempt.id,
    app: attempt.target.app,
    dyno: attempt.dyno,
    process_type: attempt.target.processType,
    boot_id: attempt.bootId,
    phase: attempt.phase,
    outcome: attempt.outcome,
    evidence: attempt.evidence,
    by: attempt.by,
    dry_run: attempt.dryRun,
    reason: attempt.reason,
    explanation: attempt.explanation,
    claimed_at_ms: attempt.claimedAtMs,
    deadline_ms: attempt.phase === 'closed' ? null : attempt.deadlineMs,
    sending_at_ms: attempt.sendingAtMs,
    closed_at_ms: attempt.closedAtMs,
    usage_bytes: attempt.usageBytes,
    floor_bytes: attempt.floorBytes,
    limit_bytes: attempt.limitBytes,
    reclaimed_bytes: reclaimedBytes,
  };
}

export function showStanding(standing: Standing): TargetState {
  return {
    target: targetKey(standing.target),
    restarts: isOff(standing) ? 'off' : 'on',
    dry_run: standing.dryRun,
    restarts_last_hour: standing.restartsLastHour,
    max_restarts_per_hour: standing.maxRestartsPerHour,
    obstacles: standing.obstacles.map(({ code, untilMs, says, advice }) => ({ code, until_ms: untilMs, says, advice })),
  };
}

export function showRefusal({ firstMs, lastMs, ...refusal }: RefusalRecord): RefusedMeasurements {
  return { ...refusal, first_ms: firstMs, last_ms: lastMs };
}
