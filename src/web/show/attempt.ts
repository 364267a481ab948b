import type { Attempt as AttemptMade, Outcome } from '../../attempt/attempt.ts';
import { gaveNothingBack } from '../../attempt/breaker.ts';
import { formatBytes, formatDuration } from '../../model/text/format.ts';
import type { Attempt, AttemptDetail } from '../schema/attempt.ts';
import type { AttemptDetailView, AttemptRecord } from '../views.ts';
import { showCurve } from './dyno.ts';
import { showShare } from './jobs.ts';
import { showProcessMemory } from './memory-report.ts';

export function showAttempt(record: AttemptRecord): Attempt {
  const { attempt, reclaimedBytes } = record;
  const { usageBytes, notes = null } = attempt;
  return {
    id: attempt.id,
    app: attempt.target.app,
    dyno: attempt.dyno,
    process_type: attempt.target.processType,
    boot_id: attempt.bootId,
    phase: attempt.phase,
    outcome: attempt.outcome,
    says: sentenceOf(record),
    evidence: attempt.evidence,
    by: attempt.by,
    dry_run: attempt.dryRun,
    reason: attempt.reason,
    explanation: attempt.explanation,
    claimed_at_ms: attempt.claimedAtMs,
    deadline_ms: attempt.phase === 'closed' ? null : attempt.deadlineMs,
    sending_at_ms: attempt.sendingAtMs,
    closed_at_ms: attempt.closedAtMs,
    drain_ms: drainMsOf(attempt),
    restart_ms: restartMsOf(attempt),
    jobs_at_claim: notes?.activeJobs ?? null,
    jobs_now: record.jobsNow,
    usage_bytes: usageBytes,
    floor_bytes: attempt.floorBytes,
    limit_bytes: attempt.limitBytes,
    expected_bytes: notes?.expectedBytes ?? null,
    reclaimed_bytes: reclaimedBytes,
    floor_after_bytes: usageBytes === null || reclaimedBytes === null ? null : usageBytes - reclaimedBytes,
    is_useless: isUseless(record),
    suspects: (notes?.suspects ?? []).map(showShare),
    memory_report: attempt.memoryReport?.map(showProcessMemory) ?? null,
  };
}

export function showAttemptDetail({ record, before, after }: AttemptDetailView): AttemptDetail {
  return {
    ...showAttempt(record),
    before: before === null ? null : showCurve(before),
    after: after === null ? null : showCurve(after),
  };
}

function drainMsOf({ drainingAtMs = null, sendingAtMs, closedAtMs }: AttemptMade): number | null {
  const endMs = sendingAtMs ?? closedAtMs;
  return drainingAtMs === null || endMs === null ? null : endMs - drainingAtMs;
}

function restartMsOf({ sendingAtMs, closedAtMs, outcome }: AttemptMade): number | null {
  return sendingAtMs === null || closedAtMs === null || outcome !== 'restarted' ? null : closedAtMs - sendingAtMs;
}

/** As the breaker counts it. */
function isUseless({ attempt, reclaimedBytes, backAfterMs }: AttemptRecord): boolean | null {
  if (attempt.outcome !== 'restarted') return null;
  if (backAfterMs !== null) return true;
  return reclaimedBytes === null ? null : gaveNothingBack(reclaimedBytes, attempt.usageBytes);
}

const OUTCOMES: Readonly<Record<Exclude<Outcome, 'restarted' | 'dry-run'>, string>> = {
  'already-gone': 'is gone, and no dyno was seen in its place',
  refused: 'not restarted: the platform refused',
  unconfirmed: 'perhaps restarted: no new boot was seen',
  'drain-timeout': 'not restarted: jobs ran longer than the grace',
  abandoned: 'not restarted: Tidemark gave up the attempt',
};

function sentenceOf(record: AttemptRecord): string {
  const { attempt } = record;
  const { outcome, evidence } = attempt;
  if (outcome === null) return goingOn(record);
  if (outcome === 'dry-run') {
    const expected = attempt.notes?.expectedBytes ?? null;
    const back = expected === null ? '' : `; it would have given back about ${formatBytes(expected)}`;
    return `dry run: would have been restarted${back}`;
  }
  if (outcome === 'restarted') return `${restartedIn(attempt)}${memoryOf(record)}`;
  return evidence === null ? OUTCOMES[outcome] : `${OUTCOMES[outcome]} (${evidence})`;
}

function goingOn({ attempt, jobsNow }: AttemptRecord): string {
  if (attempt.phase === 'claimed') return 'reading the dyno again before anything is done';
  if (attempt.phase === 'sending') return 'the restart was sent: waiting for the new boot';
  const jobs = jobsNow === null ? 'its jobs' : jobsNow === 1 ? '1 job' : `${jobsNow} jobs`;
  return `draining: ${jobs} may finish first`;
}

function restartedIn(attempt: AttemptMade): string {
  const [restartMs, drainMs] = [restartMsOf(attempt), drainMsOf(attempt)];
  const took = restartMs === null ? '' : ` in ${formatDuration(restartMs)}`;
  return `restarted${took}${drainMs === null ? '' : ` after a drain of ${formatDuration(drainMs)}`}`;
}

function memoryOf({ attempt: { usageBytes }, reclaimedBytes }: AttemptRecord): string {
  if (usageBytes === null || reclaimedBytes === null) return '';
  return `; ${formatBytes(usageBytes)} before, ${formatBytes(usageBytes - reclaimedBytes)} after`;
}
