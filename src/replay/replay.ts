import { decideAlone } from '../decision/decide-alone.ts';
import { keepLearned, type LearnedBoot, normalBytesPerJob, normalFloor } from '../decision/learned.ts';
import { type Boot, closedBuckets, noteLearned, observe, openBoot } from '../detector/boot/boot.ts';
import { learnableOf } from '../detector/boot/learnable.ts';
import type { Decision } from '../model/decision.ts';
import type { Point } from '../model/point.ts';
import type { Policy } from '../model/policy.ts';
import type { SeriesRow } from './series-file.ts';

/** A recorded series names neither app nor process type: all dynos of a file are one target. */
const TARGET = { app: 'replay', processType: 'replay' };

export interface ReplayOptions {
  readonly policy: Policy;
  /** The quota if the file has none; null: unknown. */
  readonly quotaBytes: number | null;
  /**
   * True: a boot's rows after its restart are skipped, because that boot would be gone and the recording does not show
   * the next one. False (the default): the recording continues, and the same boot may be restarted again.
   */
  readonly restartEndsBoot?: boolean;
}

export interface ReplaySummary {
  /** The class of the dyno whose row came last. */
  readonly finalClass: Decision['class'];
  readonly restartsMs: readonly number[];
  /** The decisions to restart, oldest first. */
  readonly restarts: readonly Decision[];
}

/** One assessed moment: each closed bucket, and each row while the decision waits for a moment without jobs. */
export interface Judged {
  readonly decision: Decision;
  /** When the floor's last lasting rise was (ms); null if the detector sees none. */
  readonly stepMs: number | null;
}

/**
 * Runs detector and policy over a recorded series, open-loop: after a restart the series continues as recorded, with
 * the cooldown and the hourly budget in force (unless `restartEndsBoot`). Nothing else prevents a restart: no
 * allow-list, no dry run, no Redis, no spent boots.
 * `onChange` gets each decision that differs from the same dyno's last one in class or action, `onJudged` every
 * decision.
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
    // Floors change when a bucket closes. Between two buckets only a moment without jobs can change the decision.
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

/** When the floor's last lasting rise was (ms); null if the detector sees none. */
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
  const ageS = row.oldestJobAgeS ?? null;
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
    oldestJobStartMs: ageS === null ? null : Math.max(0, row.timeMs - ageS * 1000),
  };
}
