import { classify } from './classify.ts';
import { Curve } from './curve.ts';
import type { BootIdentity, MemoryTuning, Point } from './point.ts';
import { type Policy, thresholdBytes } from './policy.ts';
import { type Shape, shapeOf } from './shape.ts';

/** The newest values of one process of the boot. */
export interface ProcessState {
  readonly processId: string;
  readonly timeMs: number;
  readonly rssBytes: number | null;
  /** Resident and swap of its whole tree; null where it reports none. */
  readonly treeBytes: number | null;
  readonly activeJobs: number | null;
  readonly completedJobs: number | null;
}

/** One life of a dyno: the fold of its Points. Of bounded size, and kept as JSON. Memory in bytes. */
export interface Boot {
  readonly version: typeof SNAPSHOT_VERSION;
  readonly identity: BootIdentity;
  readonly firstPointMs: number;
  readonly lastPointMs: number;
  /** RSS + swap of all its processes; null where nothing was measured yet. */
  readonly usageBytes: number | null;
  /** The quota as seen from inside. */
  readonly limitBytes: number | null;
  /** The quota as the platform says it, which is preferred. */
  readonly platformLimitBytes: number | null;
  readonly activeJobs: number | null;
  /** Jobs of the processes that report now. */
  readonly completedJobs: number | null;
  readonly processes: readonly ProcessState[];
  /** Of the first of the app's own processes that told it: they are started alike. Absent in snapshots of older versions. */
  readonly tuning?: MemoryTuning | null;
  /** Null before the first measurement. */
  readonly curve: Curve | null;
}

/** What of the policy shapes a boot. */
type BootPolicy = Pick<Policy, 'windowMs' | 'softLimit'>;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Of what `restored-boot.ts` reads. */
export const SNAPSHOT_VERSION = 3;
/** More processes than these are not kept apart; a dyno that forks without end must not fill the actuator's memory. */
const MAX_PROCESSES = 64;
/** A process that is silent for so many windows has ended. */
const PROCESS_SILENT_WINDOWS = 3;
const PROCESS_SILENT_LEAST_MS = 2_000;

export function openBoot(point: Point): Boot {
  return {
    version: SNAPSHOT_VERSION,
    identity: point.boot,
    firstPointMs: point.timeMs,
    lastPointMs: point.timeMs,
    usageBytes: null,
    limitBytes: null,
    platformLimitBytes: null,
    activeJobs: null,
    completedJobs: null,
    processes: [],
    tuning: null,
    curve: null,
  };
}

/**
 * Folds a point in, and returns the boot. It is the same object, changed in place: of a hundred thousand boots that are measured every few
 * seconds, copies would be most of the work. A point not later than the newest of its process changes nothing.
 */
export function observe(boot: Boot, point: Point, policy: BootPolicy): Boot {
  const state = processOf(boot.processes, point.processId);
  if (state !== undefined && point.timeMs <= state.timeMs) return boot;
  const own = boot as Mutable<Boot>;
  const silentMs = Math.max(PROCESS_SILENT_WINDOWS * policy.windowMs, PROCESS_SILENT_LEAST_MS);
  own.processes = liveProcesses(boot.processes, point, silentMs);
  keepProcess(own, state, point);
  if (!isSameIdentity(boot.identity, point.boot)) own.identity = point.boot;
  // A quota of nothing is none: every floor would lie over it.
  if (point.limitBytes !== null && point.limitBytes > 0) own.limitBytes = point.limitBytes;
  if (point.processRole === 'main') own.tuning ??= point.tuning;
  own.activeJobs = sumOf(boot.processes, activeJobsOf);
  own.completedJobs = sumOf(boot.processes, completedJobsOf);
  // Over the tree reporters, where there is one; else over the processes.
  own.usageBytes = sumOf(boot.processes, treeBytesOf) ?? sumOf(boot.processes, rssBytesOf);
  const isNews = point.timeMs >= boot.lastPointMs;
  if (isNews) own.lastPointMs = point.timeMs;
  if (isNews && boot.usageBytes !== null) addToCurve(own, boot.usageBytes, policy);
  return boot;
}

/** What the platform says the quota is: the shape is judged by it from the next bucket on. */
export function noteLimit(boot: Boot, limitBytes: number | null): void {
  if (limitBytes !== null) (boot as Mutable<Boot>).platformLimitBytes = limitBytes;
}

function addToCurve(boot: Mutable<Boot>, usageBytes: number, policy: BootPolicy): void {
  const { lastPointMs, activeJobs } = boot;
  // Of another window, from before a setting was changed: its buckets do not compare.
  if (boot.curve?.windowMs !== policy.windowMs) boot.curve = new Curve(policy.windowMs, lastPointMs);
  if (!boot.curve.observe(lastPointMs, usageBytes, activeJobs)) return;
  const limitBytes = boot.platformLimitBytes ?? boot.limitBytes;
  classify(boot.curve, { limitBytes, softLimitBytes: thresholdBytes(policy.softLimit, limitBytes) });
}

/** Counts the buckets closed so far. */
export function closedBuckets(boot: Boot): number {
  return boot.curve?.closedBuckets ?? 0;
}

/** What the curve looks like; null before the first measurement. */
export function shapeOfBoot(boot: Boot): Shape | null {
  return boot.curve === null ? null : shapeOf(boot.curve);
}

/**
 * The floor that this boot showed after its warm-up; null while that is not over, and for a boot that was first seen when it was already old.
 */
export function postWarmupFloor(boot: Boot, policy: Pick<Policy, 'windowMs'>): number | null {
  const { startTimeMs } = boot.identity;
  // Not since the first point: a curve that was begun anew, with another window, has not seen the start.
  const seenSinceMs = boot.curve?.originMs ?? boot.firstPointMs;
  const seenFromStart = startTimeMs === null || seenSinceMs - startTimeMs < 5 * policy.windowMs;
  return seenFromStart ? floorWhenFirstLevel(boot) : null;
}

/** The same of any boot: of one that was old when it was first seen, where it was first level since. */
export function floorWhenFirstLevel(boot: Boot): number | null {
  return boot.curve?.warmFloorBytes ?? null;
}

function processOf(processes: readonly ProcessState[], processId: string): ProcessState | undefined {
  for (const state of processes) if (state.processId === processId) return state;
  return undefined;
}

function liveProcesses(processes: readonly ProcessState[], point: Point, silentMs: number): readonly ProcessState[] {
  for (const { processId, timeMs } of processes) {
    if (processId === point.processId || point.timeMs - timeMs <= silentMs) continue;
    return processes.filter((other) => other.processId === point.processId || point.timeMs - other.timeMs <= silentMs);
  }
  return processes;
}

function keepProcess(boot: Mutable<Boot>, state: Mutable<ProcessState> | undefined, point: Point): void {
  const tree = point.treeResidentBytes === null ? null : point.treeResidentBytes + (point.treeSwapBytes ?? 0);
  if (state === undefined) {
    const { processId, timeMs, rssBytes, activeJobs, completedJobs } = point;
    const opened = { processId, timeMs, rssBytes, treeBytes: tree, activeJobs, completedJobs };
    boot.processes = [...boot.processes, opened].slice(-MAX_PROCESSES);
    return;
  }
  state.timeMs = point.timeMs;
  state.rssBytes = point.rssBytes ?? state.rssBytes;
  state.treeBytes = tree ?? state.treeBytes;
  state.activeJobs = point.activeJobs ?? state.activeJobs;
  state.completedJobs = point.completedJobs ?? state.completedJobs;
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

const treeBytesOf = ({ treeBytes }: ProcessState) => treeBytes;
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
