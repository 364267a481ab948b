import { decide, type LedgerFacts } from '../decision/decide.ts';
import { learnedFloor } from '../decision/learned-floor.ts';
import { type Boot, closedBuckets, observe, openBoot, shapeOfBoot } from '../detector/boot.ts';
import { floorToLearn } from '../detector/verdict.ts';
import type { Decision } from '../model/decision.ts';
import type { Point } from '../model/point.ts';
import type { Policy } from '../model/policy.ts';
import { targetKey } from '../model/target.ts';
import type { SeriesRow } from './series-file.ts';

/** A recorded series names neither app nor process type: all dynos of a file are one target. */
const TARGET = { app: 'replay', processType: 'replay' };
const HOUR_MS = 3_600_000;

export interface ReplayOptions {
  readonly policy: Policy;
  /** The quota if the file has none; null: unknown. */
  readonly quotaBytes: number | null;
  /**
   * True: a boot's rows after its restart are skipped, because that boot would be gone and the recording does not show the next one.
   * False (the default): the recording goes on, and the same boot may be restarted again.
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

/** One judged moment: each closed bucket, and each row while the decision waits for a moment without jobs. */
export interface Judged {
  readonly decision: Decision;
  /** When the floor's last lasting rise was (ms); null if the detector sees none. */
  readonly stepMs: number | null;
}

/**
 * Runs detector and policy over a recorded series, open-loop: after a restart the series goes on as it was recorded, with the cooldown and the
 * hourly budget in force (unless `restartEndsBoot`). Nothing else prevents a restart: no allow-list, no dry run, no Redis, no spent boots.
 * `onChange` gets each decision that differs from the same dyno's last one in class or action, `onJudged` every decision.
 */
export function replay(
  rows: readonly SeriesRow[],
  options: ReplayOptions,
  onChange: (decision: Decision) => void,
  onJudged?: (judged: Judged) => void,
): ReplaySummary {
  const boots = new Map<string, Boot>();
  const changes = new Map<string, string>();
  const floors = new Map<string, number>();
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
    learn(floors, boot, options.policy);
    // Floors change when a bucket closes. Between two buckets only a moment without jobs can change the decision.
    if (closedBuckets(boot) === closedBefore && !waiting.has(dyno)) continue;
    const decision = decideOne(boot, { nowMs: row.timeMs, restartsMs, floors, policy: options.policy });
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
  readonly floors: ReadonlyMap<string, number>;
  readonly policy: Policy;
}

function decideOne(boot: Boot, { nowMs, restartsMs, floors, policy }: Moment): Decision {
  const ledger: LedgerFacts = {
    nowMs,
    open: null,
    cooldownUntilMs: restartsMs.length === 0 ? 0 : (restartsMs.at(-1) ?? 0) + policy.cooldownMs,
    dryCooldownUntilMs: 0,
    sentLastHour: restartsMs.filter((sentMs) => nowMs - sentMs < HOUR_MS).length,
    heldUntilMs: 0,
    breakerOpenUntilMs: 0,
    paused: false,
    mayBeEvicted: false,
    spentBootIds: [],
    history: [],
    dryHistory: [],
    uselessRestarts: 0,
    learnedFloorBytes: learnedFloor([...floors.values()].slice(-8)),
  };
  const [decision] = decide({
    boots: [{ boot, facts: null }],
    ledgers: new Map([[targetKey(TARGET), ledger]]),
    nowMs,
    policy: { ...policy, minHealthy: 0 },
    permissions: { allowed: [TARGET], dryRun: false, ownApp: null },
    upCount: () => null,
  });
  if (decision === undefined) throw new Error('decide gave no decision for a boot');
  return decision;
}

/** When the floor's last lasting rise was (ms); null if the detector sees none. */
export function lastStepMs(boot: Boot): number | null {
  const shape = shapeOfBoot(boot);
  const newest = boot.curve?.fine().at(-1);
  if (newest === undefined || shape === null || shape.flatMs === null || shape.steps === 0) return null;
  return Math.round(newest.timeMs - shape.flatMs);
}

function learn(floors: Map<string, number>, boot: Boot, policy: Policy): void {
  const floorBytes = floorToLearn(boot, null, policy);
  if (floorBytes !== null) floors.set(boot.identity.bootId, floorBytes);
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
