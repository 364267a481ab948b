import type { Decision as DecisionMade } from '../../model/decision.ts';
import type { DecisionRecord } from '../control.ts';
import type { Decision } from '../schema/decision.ts';

export function showDecision({ decision, outcome }: DecisionRecord): Decision {
  return {
    time: new Date(decision.timeMs).toISOString(),
    time_ms: decision.timeMs,
    ...showIdentity(decision),
    ...showAssessment(decision),
    dry_run: decision.dryRun,
    outcome,
  };
}

export function showIdentity({ app, dyno, processType, bootId }: DecisionMade) {
  return { app, dyno, process_type: processType, boot_id: bootId };
}

export function showAssessment(decision: DecisionMade) {
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
