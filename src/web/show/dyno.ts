import { nextStep } from '../../decision/next-step.ts';
import type { Dyno, DynoDetail, DynoInList } from '../schema/dyno.ts';
import type { Curve, Mark } from '../schema/fields.ts';
import type { CurveView, DynoDetailView, DynoView, MarkView, PastBootView } from '../views.ts';
import { showAssessment, showIdentity } from './decision.ts';
import { showShare } from './jobs.ts';

export function showDyno(view: DynoView): Dyno {
  const { decision } = view;
  const { usageBytes, limitBytes } = decision;
  const next = nextStep(decision);
  return {
    ...showIdentity(decision),
    release: view.release,
    ...showAssessment(decision),
    class_since_ms: view.classSinceMs,
    next: { says: next.says, at_ms: next.atMs },
    headroom_bytes: usageBytes === null || limitBytes === null ? null : limitBytes - usageBytes,
    swap_bytes: view.swapBytes,
    jobs_hold_bytes: view.jobsHoldBytes,
    oldest_job_start_ms: view.oldestJobStartMs,
    completed_jobs: view.completedJobs,
    started_at_ms: view.startedAtMs,
    first_point_ms: view.firstPointMs,
    last_point_ms: view.lastPointMs,
    is_stale: view.isStale,
    held_by: view.heldBy,
    dry_run: decision.dryRun,
    attempt_id: view.attemptId,
  };
}

/** @param moments 0: without a curve */
export function showDynoInList(view: DynoView, moments: number): DynoInList {
  if (moments === 0) return { ...showDyno(view), curve: null, marks: [] };
  const { curve, marks } = view.history(moments);
  return { ...showDyno(view), curve: showCurve(curve), marks: marks.map(showMark) };
}

export function showDetail(detail: DynoDetailView): DynoDetail {
  return {
    ...showDyno(detail.view),
    curve: { ...showCurve(detail.curve), active_jobs: [...detail.curve.activeJobs] },
    marks: detail.marks.map(showMark),
    numbers: [...detail.numbers],
    checks: detail.checks.map(({ code, ok, says, untilMs }) => ({ code, ok, says, until_ms: untilMs })),
    suspects: detail.suspects.map(showShare),
    past_boots: detail.pastBoots.map(showPastBoot),
    drain: { grace_ms: detail.graceMs },
  };
}

export function showCurve({ timesMs, usageBytes, floorBytes }: CurveView): Curve {
  return { times_ms: [...timesMs], usage_bytes: [...usageBytes], floor_bytes: [...floorBytes] };
}

function showMark({ timeMs, kind, says, attemptId }: MarkView): Mark {
  return { time_ms: timeMs, kind, says, attempt_id: attemptId };
}

function showPastBoot(past: PastBootView): DynoDetail['past_boots'][number] {
  return {
    boot_id: past.bootId,
    release: past.release,
    first_point_ms: past.firstPointMs,
    last_point_ms: past.lastPointMs,
    peak_bytes: past.peakBytes,
    floor_bytes: past.floorBytes,
    class: past.class,
    ended: past.ended,
    curve: showCurve(past.curve),
  };
}
