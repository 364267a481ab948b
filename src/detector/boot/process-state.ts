import type { Point, ProcessRole } from '../../model/point.ts';

/** What a process reports, each with its own newest time: an export may come in parts. */
const FIELDS = ['rssBytes', 'residentBytes', 'swapBytes', 'oldestJobStartMs', 'activeJobs', 'completedJobs'] as const;
type Field = (typeof FIELDS)[number];
const FIRST_COUNT = FIELDS.indexOf('activeJobs');
const RESIDENT = FIELDS.indexOf('residentBytes');
/** The count of finished jobs comes from another collection, at a time of its own, and says nothing of now. */
const OF_NOW = FIELDS.length - 1;

/** The newest values of one process of a boot. Memory in bytes; null: never measured. */
export interface ProcessState extends Readonly<Record<Field, number | null>> {
  readonly processId: string;
  readonly role: ProcessRole;
  /** When it started, as it says itself (Unix ms); null where it does not. */
  readonly startMs: number | null;
  readonly firstMs: number;
  /** Of its newest point. */
  readonly timeMs: number;
  /** Of its newest point about memory or running jobs; -1 before the first. */
  readonly sampledMs: number;
  /** Between such points; null before the second. */
  readonly intervalMs: number | null;
  /** When each of the values was measured, in the order of `FIELDS`; -1: never. */
  readonly atMs: readonly number[];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export function openProcess(point: Point): ProcessState {
  const { processId, processRole, processStartMs, timeMs } = point;
  return {
    processId,
    role: processRole,
    startMs: processStartMs ?? null,
    firstMs: timeMs,
    timeMs,
    sampledMs: -1,
    intervalMs: null,
    rssBytes: null,
    residentBytes: null,
    swapBytes: null,
    oldestJobStartMs: null,
    activeJobs: null,
    completedJobs: null,
    atMs: FIELDS.map(() => -1),
  };
}

/** What `register` exports at, for a process that has sent one point only. */
const USUAL_INTERVAL_MS = 10_000;
/**
 * How fast an interval that was longer than the last ones is forgotten, so that one early flush does not make a process
 * look overdue.
 */
const INTERVAL_DECAY = 0.8;
const MAX_INTERVAL_MS = 5 * 60_000;

/**
 * Folds a point into its process, in place. `isNews`: it reports memory or running jobs at a time later than any
 * before. `isChanged` is false where all of it was known, or is older than what is. A part of an export may come late,
 * by less than an interval; what is older than that is no part of the newest export and is refused.
 */
export function updateProcess(
  state: ProcessState,
  point: Point,
): { readonly isNews: boolean; readonly isChanged: boolean } {
  const own = state as Mutable<ProcessState>;
  if (state.timeMs - point.timeMs >= (state.intervalMs ?? USUAL_INTERVAL_MS))
    return { isNews: false, isChanged: false };
  const atMs = state.atMs as number[];
  const values = valuesOf(point);
  let isOfNow = false;
  let isChanged = false;
  for (let index = 0; index < FIELDS.length; index++) {
    const value = values[index] ?? null;
    if (value === null) continue;
    if (index < OF_NOW) isOfNow = true;
    const field = FIELDS[index] as Field;
    const knownAtMs = atMs[index] as number;
    // A count at the same time grows with each part of it; anything else is a repetition.
    const isMore = point.timeMs === knownAtMs && index >= FIRST_COUNT && value > (state[field] ?? 0);
    if (point.timeMs <= knownAtMs && !isMore) continue;
    isChanged = true;
    own[field] = value;
    atMs[index] = point.timeMs;
  }
  own.timeMs = Math.max(state.timeMs, point.timeMs);
  const isNews = isOfNow && point.timeMs > state.sampledMs;
  if (isNews) {
    if (state.sampledMs >= 0) {
      const gapMs = Math.min(point.timeMs - state.sampledMs, MAX_INTERVAL_MS);
      own.intervalMs = Math.max(gapMs, INTERVAL_DECAY * (state.intervalMs ?? 0));
    }
    own.sampledMs = point.timeMs;
  }
  return { isNews, isChanged };
}

/** In the order of `FIELDS`. */
function valuesOf(point: Point): readonly (number | null | undefined)[] {
  const { rssBytes, treeResidentBytes, treeSwapBytes, oldestJobStartMs, activeJobs, completedJobs } = point;
  return [rssBytes, treeResidentBytes, treeSwapBytes, oldestJobStartMs, activeJobs, completedJobs];
}

/** A process that has missed two points, and half of the time to the third, has ended. */
export const MISSED_INTERVALS = 2.5;
/** What is known of the processes of a boot at the time of its newest point. */
export interface ProcessCensus {
  /** Those that may still run: no other took their place. */
  readonly running: readonly ProcessState[];
  /** Those of them that report as they use to. */
  readonly reporting: readonly ProcessState[];
}

/**
 * Which processes still run. Nothing says that one has ended, so two things are taken for it:
 *
 * - It is silent although it should have reported: for more than two of its own intervals, or for `silentMs` where
 *   its interval is not known.
 * - Another one took its place: one of the same role that started after its newest point. A process reports for the
 *   first time one interval after its start, so a sibling that runs on has been heard of since. One successor replaces
 *   one predecessor: the one that is overdue for longest, else the youngest, since what crashes is mostly what has just
 *   begun. A process that is heard of again was not replaced, and counts again.
 *
 * A process that is blocked by its own job is silent too: its memory is left out of the sum after a while, but its jobs
 * count for as long as it is remembered.
 */
export function censusOf(processes: readonly ProcessState[], nowMs: number, silentMs: number): ProcessCensus {
  const running = processes.length < 2 ? processes : withoutReplaced(processes, nowMs);
  return { running, reporting: running.filter((state) => nowMs - state.timeMs <= overdueMs(state, silentMs)) };
}

/** How long a process is remembered after its newest point. */
export function rememberedMs(state: ProcessState, silentMs: number): number {
  return Math.max(silentMs, overdueMs(state, silentMs));
}

function overdueMs({ intervalMs }: ProcessState, silentMs: number): number {
  return intervalMs === null ? silentMs : MISSED_INTERVALS * intervalMs;
}

function withoutReplaced(processes: readonly ProcessState[], nowMs: number): readonly ProcessState[] {
  const usualMs = Math.max(...processes.map(({ intervalMs }) => intervalMs ?? 0)) || USUAL_INTERVAL_MS;
  const starts = new Map(processes.map((state) => [state, startOf(state, usualMs)]));
  const start = (state: ProcessState) => starts.get(state) as number;
  const longestSilentMs = Math.min(...processes.map(({ timeMs }) => timeMs));
  // Nearly always: each was heard of since the last one started.
  if (Math.max(...starts.values()) <= longestSilentMs) return processes;
  const overdue = ({ timeMs, intervalMs }: ProcessState) => Math.max(0, nowMs - timeMs - (intervalMs ?? usualMs));
  const running: ProcessState[] = [];
  for (const state of [...processes].sort((a, b) => start(a) - start(b))) {
    const [replaced] = running
      .filter(({ role, timeMs }) => role === state.role && timeMs < start(state))
      .sort((a, b) => overdue(b) - overdue(a) || start(b) - start(a));
    if (replaced === undefined) running.push(state);
    else running[running.indexOf(replaced)] = state;
  }
  return running;
}

/** As it says itself, else one interval before it was first heard of. */
function startOf({ startMs, firstMs, intervalMs }: ProcessState, usualMs: number): number {
  return startMs === null ? firstMs - (intervalMs ?? usualMs) : Math.min(startMs, firstMs);
}

/** When the oldest job began that runs in any of the processes (Unix ms); null where none runs, or none says so. */
export function oldestJobStartOf(processes: readonly ProcessState[]): number | null {
  let oldestMs: number | null = null;
  for (const { activeJobs, oldestJobStartMs: startMs } of processes) {
    if (activeJobs && startMs !== null && (oldestMs === null || startMs < oldestMs)) oldestMs = startMs;
  }
  return oldestMs;
}

/**
 * Resident and swap of the whole dyno, by the process that reported it last; null where none does. A new reporter
 * replaces the one before at once.
 */
export function dynoBytesOf(processes: readonly ProcessState[], nowMs: number, silentMs: number): number | null {
  let newest: ProcessState | null = null;
  for (const state of processes) {
    const atMs = state.atMs[RESIDENT] as number;
    if (atMs < 0 || nowMs - atMs > overdueMs(state, silentMs)) continue;
    if (newest === null || atMs >= (newest.atMs[RESIDENT] as number)) newest = state;
  }
  return newest === null ? null : (newest.residentBytes ?? 0) + (newest.swapBytes ?? 0);
}
