import type { BootIdentity, MemoryTuning, Point } from '../../model/point.ts';
import { type Policy, thresholdBytes } from '../../model/policy.ts';
import { type Classified, classify } from '../classes/classify.ts';
import { Curve } from '../curve/curve.ts';
import { featuresOf } from '../curve/features.ts';
import {
  type BytesPerJob,
  bytesPerJob,
  followJobs,
  holdingJobs as holdingJobsOf,
  isNearlyIdle,
  type JobLoad,
  NO_JOB_LOAD,
  takenByJobs,
  takenSinceLastEnd,
  withoutJobs,
} from '../load/job-load.ts';
import type { Estimate } from '../load/regression.ts';
import { TUNING } from '../tuning.ts';
import {
  censusOf,
  dynoBytesOf,
  oldestJobStartOf,
  openProcess,
  type ProcessState,
  updateProcess,
} from './process-state.ts';
import { processOf, remembered, withProcess } from './processes.ts';
import { isJustBack, wasSilentAt } from './silence.ts';

/** One life of a dyno: the fold of its Points. Of bounded size, and kept as JSON. Memory in bytes. */
export interface Boot {
  readonly version: typeof SNAPSHOT_VERSION;
  readonly identity: BootIdentity;
  readonly firstPointMs: number;
  /** Of its newest point about memory or running jobs. */
  readonly lastPointMs: number;
  /**
   * RSS + swap of all its processes: as one of them reports it for the whole dyno, else the sum of theirs. Null where
   * nothing was measured yet.
   */
  readonly usageBytes: number | null;
  /** The quota as seen from inside. */
  readonly limitBytes: number | null;
  /** When that was measured; -1: never. */
  readonly limitAtMs: number;
  /** The quota as the platform says it, which is preferred. */
  readonly platformLimitBytes: number | null;
  readonly activeJobs: number | null;
  /** Jobs of the processes that report now. */
  readonly completedJobs: number | null;
  /** When the oldest of the running jobs began (Unix ms); null where none runs, or no process says so. */
  readonly oldestJobStartMs: number | null;
  readonly processes: readonly ProcessState[];
  /**
   * Of the first of the app's own processes that reported it: they are started alike. Absent in snapshots of older
   * versions.
   */
  readonly tuning?: MemoryTuning | null;
  /** How usage follows the number of running jobs. */
  readonly jobLoad: JobLoad;
  /** What one job held in earlier boots of the target; null where nothing was learned. */
  readonly learnedBytesPerJob: Estimate | null;
  /** By both; kept because it is asked for with every sample. */
  readonly perJob: BytesPerJob;
  /** Null before the first measurement. */
  readonly curve: Curve | null;
  /** What the curve looked like when its last bucket closed; null before. */
  readonly classified: Classified | null;
}

/** What of the policy shapes a boot. */
type BootPolicy = Pick<Policy, 'windowMs' | 'softLimit'>;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Of what `restored-boot.ts` reads. */
export const SNAPSHOT_VERSION = 9;
/** A process whose interval is not known has ended when it was silent for this many windows. */
const PROCESS_SILENT_WINDOWS = 3;
const MIN_PROCESS_SILENT_MS = 2_000;

export function openBoot(point: Point): Boot {
  return {
    version: SNAPSHOT_VERSION,
    identity: point.boot,
    firstPointMs: point.timeMs,
    lastPointMs: point.timeMs,
    usageBytes: null,
    limitBytes: null,
    limitAtMs: -1,
    platformLimitBytes: null,
    activeJobs: null,
    completedJobs: null,
    oldestJobStartMs: null,
    processes: [],
    tuning: null,
    jobLoad: NO_JOB_LOAD,
    learnedBytesPerJob: null,
    perJob: bytesPerJob(NO_JOB_LOAD, null),
    curve: null,
    classified: null,
  };
}

/**
 * Folds a point in, and returns the boot. It is the same object, changed in place: of a hundred thousand boots that are
 * measured every few seconds, copies would be most of the work. A point may be a part of an export: each value of it
 * that is not older than the one that is known is taken. A point of which nothing is newer changes nothing.
 */
export function observe(boot: Boot, point: Point, policy: BootPolicy): Boot {
  const own = boot as Mutable<Boot>;
  const known = processOf(boot.processes, point.processId);
  const state = known ?? openProcess(point);
  const wasSilent = wasSilentAt(boot, point.timeMs, policy.windowMs);
  const { isNews, isChanged } = updateProcess(state, point);
  if (!isChanged && !takesLimit(boot, point)) return boot;
  const silentMs = Math.max(PROCESS_SILENT_WINDOWS * policy.windowMs, MIN_PROCESS_SILENT_MS);
  if (known === undefined) own.processes = withProcess(boot.processes, state);
  own.processes = remembered(boot.processes, point.timeMs, silentMs);
  if (!isSameIdentity(boot.identity, point.boot)) own.identity = point.boot;
  if (takesLimit(boot, point)) {
    own.limitBytes = point.limitBytes;
    own.limitAtMs = point.timeMs;
  }
  if (point.processRole === 'main') own.tuning ??= point.tuning;
  // A part of an older export may come late: it must not bring back a process that is gone by now.
  const nowMs = Math.max(point.timeMs, boot.lastPointMs);
  const { running, reporting } = censusOf(boot.processes, nowMs, silentMs);
  own.activeJobs = sumOf(running, activeJobsOf);
  own.completedJobs = sumOf(running, completedJobsOf);
  own.oldestJobStartMs = oldestJobStartOf(running);
  own.usageBytes = dynoBytesOf(boot.processes, nowMs, silentMs) ?? sumOf(reporting, rssBytesOf);
  if (isNews && point.timeMs >= boot.lastPointMs) {
    own.lastPointMs = point.timeMs;
    if (wasSilent) boot.curve?.resume();
    if (boot.usageBytes !== null) addToCurve(own, boot.usageBytes, policy);
  }
  return boot;
}

/** Ignore a zero quota; every floor would exceed it. */
function takesLimit({ limitAtMs }: Boot, { limitBytes, timeMs }: Point): boolean {
  return limitBytes !== null && limitBytes > 0 && timeMs > limitAtMs;
}

/** What the platform says the quota is: the curve is judged by it from the next bucket on. */
export function noteLimit(boot: Boot, limitBytes: number | null): void {
  if (limitBytes !== null) (boot as Mutable<Boot>).platformLimitBytes = limitBytes;
}

/** What a job held in earlier boots of the target: taken out of the curve from the next sample on. */
export function noteLearned(boot: Boot, learned: Estimate | null): void {
  if (learned?.bytes === boot.learnedBytesPerJob?.bytes && learned?.errorBytes === boot.learnedBytesPerJob?.errorBytes)
    return;
  const own = boot as Mutable<Boot>;
  own.learnedBytesPerJob = learned;
  own.perJob = bytesPerJob(own.jobLoad, learned);
}

function addToCurve(boot: Mutable<Boot>, usageBytes: number, policy: BootPolicy): void {
  const { lastPointMs: timeMs, activeJobs, completedJobs, oldestJobStartMs } = boot;
  const { windowMs } = policy;
  // Buckets of another window, from before a setting was changed, do not compare.
  if (boot.curve?.windowMs !== windowMs) {
    boot.curve = new Curve(windowMs, timeMs);
    boot.classified = null;
  }
  if (activeJobs !== null) {
    const sample = { timeMs, usageBytes, activeJobs, completedJobs, oldestJobStartMs };
    const followed = followJobs(boot.jobLoad, sample, windowMs);
    if (followed !== boot.jobLoad) boot.perJob = bytesPerJob(followed, boot.learnedBytesPerJob);
    boot.jobLoad = followed;
  }
  const { perJob } = boot;
  const heldByJobsBytes = heldByJobs(boot, windowMs);
  const holding = holdingJobs(boot);
  const jobsBytes = Math.min(heldByJobsBytes, (holding ?? 0) * perJob.bytes);
  const ownBytes = usageBytes - heldByJobsBytes;
  if (!boot.curve.observe({ timeMs, ownBytes, heldByJobsBytes, jobsBytes, activeJobs, holdingJobs: holding })) return;
  if (isJustBack(boot)) return;
  const limitBytes = boot.platformLimitBytes ?? boot.limitBytes;
  const features = featuresOf(boot.curve, {
    limitBytes,
    softLimitBytes: thresholdBytes(policy.softLimit, limitBytes),
    perJob,
    before: boot.classified?.features ?? null,
  });
  boot.classified = classify(features, boot.classified);
}

/**
 * What the running jobs hold of the boot's usage, as far as it is known; bytes. The curve is that of the rest: a fresh
 * boot would meet the same jobs.
 */
export function heldByJobs(boot: Boot, windowMs: number): number {
  const { jobLoad, activeJobs, usageBytes, lastPointMs: timeMs, perJob } = boot;
  if (usageBytes === null || activeJobs === null || activeJobs === 0) return 0;
  const known = (holdingJobs(boot) ?? 0) * perJob.bytes;
  const limitBytes = boot.platformLimitBytes ?? boot.limitBytes;
  // Growth while an old job runs may be a leak: over the quota it is no longer taken for the job's.
  const isOver = limitBytes !== null && usageBytes > limitBytes;
  const taken = (isOver ? takenSinceLastEnd : takenByJobs)(jobLoad, { timeMs, usageBytes }, windowMs);
  return Math.min((1 - TUNING.minOwnFraction) * usageBytes, Math.max(known, taken));
}

/** Jobs that run, and the part of those that have just ended that still holds memory. Null where not counted. */
export function holdingJobs({ activeJobs, jobLoad }: Boot): number | null {
  return activeJobs === null ? null : Math.max(activeJobs, holdingJobsOf(jobLoad));
}

/** Counts the buckets closed so far. */
export function closedBuckets(boot: Boot): number {
  return boot.curve?.closedBuckets ?? 0;
}

/**
 * The floor that this boot showed after its warm-up; null while that is not over, and for a boot that was first seen
 * when it was already old.
 *
 * @param createdAtMs as the platform says it, where the boot does not say when it started; null: unknown
 */
export function postWarmupFloor(
  boot: Boot,
  policy: Pick<Policy, 'windowMs'>,
  createdAtMs: number | null = null,
): number | null {
  const startTimeMs = boot.identity.startTimeMs ?? createdAtMs;
  // Not since the first point: a curve that began again, with another window, has not seen the start.
  const seenSinceMs = boot.curve?.originMs ?? boot.firstPointMs;
  const seenFromStart = startTimeMs === null || seenSinceMs - startTimeMs < 5 * policy.windowMs;
  return seenFromStart ? floorWhenFirstLevel(boot) : null;
}

/** The same of any boot: of one that was old when it was first seen, where it was first level since. */
export function floorWhenFirstLevel({ curve, perJob }: Boot): number | null {
  const warm = curve?.warm ?? null;
  return warm === null ? null : withoutJobs(warm, perJob);
}

/**
 * The floor after the warm-up as other boots may be compared with it; null too where running jobs may have held much of
 * it.
 */
export function floorWithoutJobs(
  boot: Boot,
  policy: Pick<Policy, 'windowMs'>,
  createdAtMs: number | null,
): number | null {
  const { curve, perJob } = boot;
  if (postWarmupFloor(boot, policy, createdAtMs) === null || curve?.warm == null) return null;
  return isNearlyIdle(curve.warm, perJob) ? withoutJobs(curve.warm, perJob) : null;
}

/** Each point brings an identity of its own; the strings of the first are kept for as long as they are the same. */
function isSameIdentity(one: BootIdentity, other: BootIdentity): boolean {
  return (
    one.bootId === other.bootId &&
    one.dyno === other.dyno &&
    one.app === other.app &&
    one.processType === other.processType &&
    one.bootIdSource === other.bootIdSource &&
    one.startTimeMs === other.startTimeMs &&
    one.release === other.release
  );
}

const rssBytesOf = ({ rssBytes }: ProcessState) => rssBytes;
const activeJobsOf = ({ activeJobs }: ProcessState) => activeJobs;
const completedJobsOf = ({ completedJobs }: ProcessState) => completedJobs;

/** Null where none is known. */
function sumOf(processes: readonly ProcessState[], read: (state: ProcessState) => number | null): number | null {
  let total: number | null = null;
  for (const state of processes) {
    const value = read(state);
    if (value !== null) total = (total ?? 0) + value;
  }
  return total;
}
