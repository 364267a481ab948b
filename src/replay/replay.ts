import { decideAlone } from '../decision/decide-alone.ts';
import { decideEveryMs } from '../decision/decide-every.ts';
import { keepLearned, type LearnedBoot, normalBytesPerJob, normalFloor } from '../decision/learned.ts';
import { type Boot, closedBuckets, noteLearned, observe, openBoot } from '../detector/boot/boot.ts';
import { learnableOf } from '../detector/boot/learnable.ts';
import type { Decision } from '../model/decision.ts';
import type { Point } from '../model/point.ts';
import type { Policy } from '../model/policy.ts';
import type { SeriesRow } from './series-file.ts';

/** A recorded series names no app; its dynos' names may say their process types. Dynos without one are one target. */
const TARGET = { app: 'replay', processType: 'replay' };
/** A boot that began before the recording is at least this old at its first row, so that it does not count as fresh. */
const EARLIER_WINDOWS = 5;
/** As many as the actuator keeps. */
const MAX_BOOTS_OF_DYNO = 32;

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

/** One assessed moment: each closed bucket, each restart, and each row while one waits for a moment without jobs. */
export interface Judged {
  readonly decision: Decision;
  /** When the floor's last lasting rise was (ms); null if the detector sees none. */
  readonly stepMs: number | null;
}

/**
 * Runs detector and policy over a recorded series, open-loop: after a restart the series continues as recorded, with
 * the cooldown and the hourly budget in force (unless `restartEndsBoot`). Nothing else prevents a restart: no
 * allow-list, no dry run, no Redis, no spent boots.
 * `onChange` gets each decision that differs from the same dyno's last one in class or action, `onJudged` what `Judged`
 * says.
 */
export function replay(
  rows: readonly SeriesRow[],
  options: ReplayOptions,
  onChange: (decision: Decision) => void,
  onJudged?: (judged: Judged) => void,
): ReplaySummary {
  const run = new ReplayRun(options, onChange, onJudged);
  const startsMs = new Map<string, number | null>();
  for (const row of rows) {
    const key = JSON.stringify([row.dyno, row.bootId]);
    if (!startsMs.has(key)) startsMs.set(key, startOf(row, options.policy));
    run.take(pointOf(row, options.quotaBytes, startsMs.get(key) ?? null));
  }
  return run.summary();
}

/** The same for Points of one app, in the order of time. */
export function replayPoints(points: readonly Point[], options: ReplayOptions): ReplaySummary {
  const run = new ReplayRun(options, () => undefined);
  for (const point of points) run.take(point);
  return run.summary();
}

function startOf({ bootStart = null, timeMs }: SeriesRow, { windowMs }: Policy): number | null {
  return bootStart === 'earlier' ? timeMs - EARLIER_WINDOWS * windowMs : bootStart;
}

/** What is remembered of one process type. */
interface TargetState {
  learned: readonly LearnedBoot[];
  readonly restartsMs: number[];
}

class ReplayRun {
  readonly #options: ReplayOptions;
  readonly #onChange: (decision: Decision) => void;
  readonly #onJudged: ((judged: Judged) => void) | undefined;
  /** By dyno and boot: while one boot takes over from another, the rows of both alternate. */
  readonly #boots = new Map<string, Map<string, Boot>>();
  readonly #changes = new Map<string, string>();
  readonly #targets = new Map<string, TargetState>();
  readonly #restarts: Decision[] = [];
  readonly #waiting = new Set<string>();
  readonly #decidedMs = new Map<string, number>();
  readonly #ended = new Set<string>();
  #finalClass: Decision['class'] = 'unknown';

  constructor(options: ReplayOptions, onChange: (decision: Decision) => void, onJudged?: (judged: Judged) => void) {
    this.#options = options;
    this.#onChange = onChange;
    this.#onJudged = onJudged;
  }

  summary(): ReplaySummary {
    const restartsMs = this.#restarts.map(({ timeMs }) => timeMs);
    return { finalClass: this.#finalClass, restartsMs, restarts: this.#restarts };
  }

  take(point: Point): void {
    const { policy, restartEndsBoot } = this.#options;
    const { dyno, bootId, processType } = point.boot;
    const bootKey = JSON.stringify([dyno, bootId]);
    if (this.#ended.has(bootKey)) return;
    const known = this.#boots.get(dyno)?.get(bootId) ?? null;
    const closedBefore = known === null ? -1 : closedBuckets(known);
    const boot = observe(known ?? openBoot(point), point, policy);
    this.#keep(boot);
    const nowMs = point.timeMs;
    const isNotable = closedBuckets(boot) !== closedBefore || this.#waiting.has(bootKey);
    if (!isNotable && !this.#isDue(bootKey, nowMs)) return;
    this.#decidedMs.set(bootKey, nowMs);
    const target = this.#targets.get(processType) ?? { learned: [], restartsMs: [] };
    this.#targets.set(processType, target);
    target.learned = learn(target.learned, boot, nowMs, policy);
    noteLearned(boot, normalBytesPerJob(target.learned, nowMs));
    const decision = decideOne(boot, { nowMs, ...target, policy });
    if (decision.action === 'restart') {
      target.restartsMs.push(nowMs);
      this.#restarts.push(decision);
      if (restartEndsBoot) this.#ended.add(bootKey);
    }
    if (isNotable || decision.action === 'restart') this.#onJudged?.({ decision, stepMs: lastStepMs(boot) });
    this.#note(decision);
  }

  /** The service decides by the newest measurement, not by closed buckets alone. */
  #isDue(bootKey: string, nowMs: number): boolean {
    const beforeMs = this.#decidedMs.get(bootKey);
    const everyMs = decideEveryMs(this.#options.policy.windowMs);
    return beforeMs === undefined || nowMs - beforeMs >= everyMs;
  }

  /** The newest is the last one in its map, and the most silent one goes first. */
  #keep(boot: Boot): void {
    const { dyno, bootId } = boot.identity;
    const ofDyno = this.#boots.get(dyno) ?? new Map<string, Boot>();
    ofDyno.delete(bootId);
    ofDyno.set(bootId, boot);
    const [silent] = ofDyno.keys();
    if (ofDyno.size > MAX_BOOTS_OF_DYNO && silent !== undefined) ofDyno.delete(silent);
    this.#boots.set(dyno, ofDyno);
  }

  #note(decision: Decision): void {
    const { dyno, bootId } = decision;
    const bootKey = JSON.stringify([dyno, bootId]);
    this.#finalClass = decision.class;
    if (decision.reason === 'jobs-running') this.#waiting.add(bootKey);
    else this.#waiting.delete(bootKey);
    const change = `${decision.class}/${decision.action}`;
    // A new boot that is what its dyno was before has changed nothing.
    const before = this.#changes.get(bootKey) ?? this.#changes.get(dyno);
    if (before !== change) this.#onChange(decision);
    this.#changes.set(bootKey, change);
    this.#changes.set(dyno, change);
  }
}

interface Moment {
  readonly nowMs: number;
  readonly restartsMs: readonly number[];
  readonly learned: readonly LearnedBoot[];
  readonly policy: Policy;
}

function decideOne(boot: Boot, { nowMs, restartsMs, learned, policy }: Moment): Decision {
  const ofTarget = { learnedFloorBytes: normalFloor(learned, nowMs) };
  const { app, processType } = boot.identity;
  const target = { app: app ?? TARGET.app, processType };
  return decideAlone({ boot, facts: null, target, nowMs, policy, sentMs: restartsMs, learned: ofTarget });
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

function pointOf(row: SeriesRow, quotaBytes: number | null, startTimeMs: number | null): Point {
  const dyno = row.dyno ?? 'dyno';
  const ageS = row.oldestJobAgeS ?? null;
  return {
    boot: {
      ...TARGET,
      processType: row.processType ?? TARGET.processType,
      dyno,
      bootId: row.bootId ?? `${dyno}-boot`,
      bootIdSource: 'platform',
      startTimeMs,
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
