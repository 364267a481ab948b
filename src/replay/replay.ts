import { decideAlone } from '../decision/decide-alone.ts';
import { keepLearned, type LearnedBoot, normalBytesPerJob, normalFloor } from '../decision/learned.ts';
import { type Boot, closedBuckets, noteLearned, observe, openBoot } from '../detector/boot.ts';
import { learnableOf } from '../detector/learnable.ts';
import type { Decision } from '../model/decision.ts';
import type { Point } from '../model/point.ts';
import type { Policy } from '../model/policy.ts';
import type { SeriesRow } from './series-file.ts';

/** A replay knows neither app nor process type: all dynos of a file are one target. */
const TARGET = { app: 'replay', processType: 'replay' };

export interface ReplayOptions {
  readonly policy: Policy;
  /** The quota where the file has none. */
  readonly quotaBytes: number | null;
  /**
   * Whether a boot's rows after its restart are left out: that boot would be gone, and the recording does not show the one that would have come.
   * False (the default): the recording goes on, and the same boot may be restarted again.
   */
  readonly restartEndsBoot?: boolean;
}

export interface ReplaySummary {
  /** Of the dyno whose row came last. */
  readonly finalClass: Decision['class'];
  readonly restartsMs: readonly number[];
  /** The decisions to restart, in the order of time. */
  readonly restarts: readonly Decision[];
}

/** One judged moment: each closed bucket, and each row while a moment without jobs is waited for. */
export interface Judged {
  readonly decision: Decision;
  /** When the detector saw the floor's last lasting rise; null where it sees none. */
  readonly stepMs: number | null;
}

/**
 * Runs detector and policy over a recorded series, open-loop: after a restart the series goes on as it was recorded, with the cooldown and the
 * hourly budget in force (`restartEndsBoot` tells the other way). Nothing else stands in the way: no allow-list, no dry run, no Redis, and a boot may be restarted again.
 * `onChange` gets the decisions that differ from the same dyno's last one in class or action, `onJudged` every one.
 */
export function replay(
  rows: readonly SeriesRow[],
  options: ReplayOptions,
  onChange: (decision: Decision) => void,
  onJudged?: (judged: Judged) => void,
): ReplaySummary {
  const boots = new Map<string, Boot>();
  const changes = new Map<string, string>();
  let learned: readonly LearnedBoot[] = [];
  const restartsMs: number[] = [];
  const restarts: Decision[] = [];
  const waiting = new Set<string>();
  const ended = new Set<string>();
  let finalClass: Decision['class'] = 'unknown';
  for (const row of rows) {
    const dyno = row.dyno ?? 'dyno';
    const point = pointOf(row, options.quotaBytes);
    const bootKey = JSON.stringify([dyno, point.boot.bootId]);
    if (ended.has(bootKey)) continue;
    const before = boots.get(dyno);
    const known = before?.identity.bootId === point.boot.bootId ? before : null;
    const closedBefore = known === null ? -1 : closedBuckets(known);
    const boot = observe(known ?? openBoot(point), point, options.policy);
    boots.set(dyno, boot);
    // Floors change when a bucket closes; in between only a moment without jobs can be news.
    if (closedBuckets(boot) === closedBefore && !waiting.has(dyno)) continue;
    learned = learn(learned, boot, row.timeMs, options.policy);
    noteLearned(boot, normalBytesPerJob(learned, row.timeMs));
    const decision = decideOne(boot, { nowMs: row.timeMs, restartsMs, learned, policy: options.policy });
    if (decision.action === 'restart') {
      restartsMs.push(row.timeMs);
      restarts.push(decision);
      if (options.restartEndsBoot) ended.add(bootKey);
    }
    finalClass = decision.class;
    onJudged?.({ decision, stepMs: lastStepMs(boot) });
    if (decision.reason === 'jobs-running') waiting.add(dyno);
    else waiting.delete(dyno);
    const change = `${decision.class}/${decision.action}`;
    if (changes.get(dyno) !== change) onChange(decision);
    changes.set(dyno, change);
  }
  return { finalClass, restartsMs, restarts };
}

interface Moment {
  readonly nowMs: number;
  readonly restartsMs: readonly number[];
  readonly learned: readonly LearnedBoot[];
  readonly policy: Policy;
}

function decideOne(boot: Boot, { nowMs, restartsMs, learned, policy }: Moment): Decision {
  const ofTarget = { learnedFloorBytes: normalFloor(learned, nowMs) };
  return decideAlone({ boot, facts: null, target: TARGET, nowMs, policy, sentMs: restartsMs, learned: ofTarget });
}

/** When the detector saw the floor's last lasting rise; null where it sees none. */
export function lastStepMs(boot: Boot): number | null {
  const features = boot.classified?.features ?? null;
  return features === null || features.steps === 0 ? null : Math.round(features.timeMs - features.flatMs);
}

/** As the ledger keeps it. */
function learn(before: readonly LearnedBoot[], boot: Boot, nowMs: number, policy: Policy): readonly LearnedBoot[] {
  const shown = learnableOf(boot, null, policy);
  const { dyno, bootId } = boot.identity;
  return shown === null ? before : keepLearned(before, { ...shown, dyno, bootId, learnedAtMs: nowMs, release: null });
}

function pointOf(row: SeriesRow, quotaBytes: number | null): Point {
  const dyno = row.dyno ?? 'dyno';
  return {
    boot: {
      ...TARGET,
      dyno,
      bootId: row.bootId ?? `${dyno}-boot`,
      bootIdSource: 'platform',
      startTimeMs: null,
      release: null,
    },
    processId: `${dyno}-process`,
    processRole: 'main',
    tuning: null,
    timeMs: row.timeMs,
    rssBytes: row.rssBytes,
    treeResidentBytes: row.rssBytes,
    treeSwapBytes: row.swapBytes,
    limitBytes: row.quotaBytes ?? quotaBytes,
    heapUsedBytes: row.heapUsedBytes,
    externalBytes: row.externalBytes,
    activeJobs: row.activeJobs,
    completedJobs: row.completedJobs,
  };
}
