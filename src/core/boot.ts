import { type Curve, emptyCurve, observeSample } from './curve.ts';
import type { BootIdentity, Point } from './point.ts';
import type { Policy } from './policy.ts';

/** The newest values of one process of the boot. */
interface ProcessState {
  readonly timeMs: number;
  readonly rssBytes: number | null;
  /** Resident and swap of its whole tree; null where it reports none. */
  readonly treeBytes: number | null;
  readonly activeJobs: number | null;
  readonly completedJobs: number | null;
}

/** One life of a dyno: the fold of its Points. Plain values of bounded size, so that it can be kept as JSON. Memory in bytes. */
export interface Boot {
  readonly version: typeof SNAPSHOT_VERSION;
  readonly identity: BootIdentity;
  readonly firstPointMs: number;
  readonly lastPointMs: number;
  /** RSS + swap of all its processes; null where nothing was measured yet. */
  readonly usageBytes: number | null;
  /** The quota as seen from inside. */
  readonly limitBytes: number | null;
  readonly activeJobs: number | null;
  /** Jobs of the processes that report now. */
  readonly completedJobs: number | null;
  readonly processes: Readonly<Record<string, ProcessState>>;
  readonly curve: Curve;
}

const SNAPSHOT_VERSION = 1;
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
    activeJobs: null,
    completedJobs: null,
    processes: {},
    curve: emptyCurve(),
  };
}

/** Folds a point in. A point not later than the newest of its process changes nothing. */
export function observe(boot: Boot, point: Point, policy: Pick<Policy, 'windowMs'>): Boot {
  const known = boot.processes[point.processId];
  if (known !== undefined && point.timeMs <= known.timeMs) return boot;
  const processes = withProcess(boot.processes, point, policy.windowMs);
  const states = Object.values(processes);
  const usageBytes = usageOf(states);
  const activeJobs = sum(states.map((state) => state.activeJobs));
  const lastPointMs = Math.max(boot.lastPointMs, point.timeMs);
  const isNews = usageBytes !== null && point.timeMs >= boot.lastPointMs;
  return {
    ...boot,
    identity: point.boot,
    lastPointMs,
    usageBytes,
    limitBytes: point.limitBytes ?? boot.limitBytes,
    activeJobs,
    completedJobs: sum(states.map((state) => state.completedJobs)),
    processes,
    curve: isNews
      ? observeSample(boot.curve, { timeMs: point.timeMs, usageBytes, activeJobs }, policy.windowMs)
      : boot.curve,
  };
}

/** A boot from what its snapshot held; null where it is none, or of another version. */
export function restoreBoot(value: unknown): Boot | null {
  const boot = value as Boot | null | undefined;
  return boot?.version === SNAPSHOT_VERSION ? boot : null;
}

/** Counts the buckets closed so far. */
export function closedBuckets(boot: Boot): number {
  return boot.curve.closedBuckets;
}

/**
 * The floor that this boot showed after its warm-up; null while that is not over, and for a boot that was first seen when it was already old.
 */
export function postWarmupFloor(boot: Boot, policy: Pick<Policy, 'windowMs'>): number | null {
  const { startTimeMs } = boot.identity;
  const seenFromStart = startTimeMs === null || boot.firstPointMs - startTimeMs < 5 * policy.windowMs;
  return seenFromStart ? boot.curve.warmFloorBytes : null;
}

function withProcess(processes: Boot['processes'], point: Point, windowMs: number): Boot['processes'] {
  const silentMs = Math.max(PROCESS_SILENT_WINDOWS * windowMs, PROCESS_SILENT_LEAST_MS);
  const live = Object.entries(processes).filter(([, state]) => point.timeMs - state.timeMs <= silentMs);
  const before = processes[point.processId];
  const tree = point.treeResidentBytes === null ? null : point.treeResidentBytes + (point.treeSwapBytes ?? 0);
  const state: ProcessState = {
    timeMs: point.timeMs,
    rssBytes: point.rssBytes ?? before?.rssBytes ?? null,
    treeBytes: tree ?? before?.treeBytes ?? null,
    activeJobs: point.activeJobs ?? before?.activeJobs ?? null,
    completedJobs: point.completedJobs ?? before?.completedJobs ?? null,
  };
  return Object.fromEntries(
    [...live.filter(([id]) => id !== point.processId), [point.processId, state] as const].slice(-MAX_PROCESSES),
  );
}

/** Over the tree reporters, where there is one; else over the processes. */
function usageOf(states: readonly ProcessState[]): number | null {
  return sum(states.map(({ treeBytes }) => treeBytes)) ?? sum(states.map(({ rssBytes }) => rssBytes));
}

function sum(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((total, value) => total + value, 0);
}
