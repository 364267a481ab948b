import type { WarmFloor } from '../curve/level.ts';
import { PARTS, TUNING } from '../tuning.ts';
import { bestHolders, closeHolders, countHolders, type Holders, noHolders } from './holders.ts';
import { type Estimate, isSure, slopeOf, type UsageChanges } from './regression.ts';

/**
 * What the running jobs of one boot hold. Two ways, the larger counts: changes of usage over five windows are regressed
 * on changes of the number of jobs that hold memory over the same (changes, because a leak or a plateau beneath the
 * load moves the level and hardly the change); and whatever was taken since a job last ended may belong to a job that
 * still runs. Bounded, and kept with the boot as JSON.
 */
export interface JobLoad extends UsageChanges {
  /** Start of the open window, Unix ms; its samples, and their sums. */
  readonly openMs: number;
  readonly openSamples: number;
  readonly openUsageBytes: number;
  /** Means of the newest windows, oldest first: at most `loadLagWindows`. */
  readonly usageBytes: readonly number[];
  /** The jobs that hold memory, for each delay that it may be given back with. */
  readonly holders: readonly Holders[];
  /** Of the newest sample, Unix ms. */
  readonly sampledMs: number;
  /** The newest slope that was beyond doubt; null before the first. Bytes. */
  readonly sureBytes: number | null;
  /** Of the newest sample. Null where not counted. */
  readonly activeJobs: number | null;
  readonly completedJobs: number | null;
  /** When a job last ended, Unix ms, and usage then; null before the first sample. */
  readonly endedMs: number | null;
  readonly endedUsageBytes: number | null;
  /** When the oldest running job began, Unix ms, and usage then; null where none runs, or its age is not reported. */
  readonly oldestMs: number | null;
  readonly oldestUsageBytes: number | null;
}

export const NO_JOB_LOAD: JobLoad = {
  openMs: 0,
  openSamples: 0,
  openUsageBytes: 0,
  usageBytes: [],
  holders: noHolders(),
  sampledMs: 0,
  bytes2: 0,
  changes: 0,
  sureBytes: null,
  activeJobs: null,
  completedJobs: null,
  endedMs: null,
  endedUsageBytes: null,
  oldestMs: null,
  oldestUsageBytes: null,
};

export interface JobSample {
  readonly timeMs: number;
  readonly usageBytes: number;
  /** Jobs running. */
  readonly activeJobs: number;
  /** Jobs ended so far; null where not counted. */
  readonly completedJobs: number | null;
  /** When the oldest of the jobs that run began, Unix ms; null where none runs, or its age is not reported. */
  readonly oldestJobStartMs: number | null;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Adds a sample. Changes the load in place until a window closes, as this is done for every sample of every boot. */
export function followJobs(load: JobLoad, sample: JobSample, windowMs: number): JobLoad {
  const closed = load.openSamples > 0 && sample.timeMs - load.openMs >= windowMs ? closeWindow(load) : load;
  const open: Mutable<JobLoad> = closed === NO_JOB_LOAD ? { ...NO_JOB_LOAD, holders: noHolders() } : closed;
  if (open.openSamples === 0) {
    open.openMs = sample.timeMs;
    open.openUsageBytes = 0;
  }
  markOldest(open, sample, windowMs);
  open.openSamples += 1;
  open.openUsageBytes += sample.usageBytes;
  countHolders(open.holders, {
    activeJobs: sample.activeJobs,
    sinceWindows: Math.max(0, sample.timeMs - open.sampledMs) / windowMs,
    isFirstOfWindow: open.openSamples === 1,
  });
  open.sampledMs = sample.timeMs;
  if (hasEnded(open, sample)) {
    open.endedMs = sample.timeMs;
    open.endedUsageBytes = sample.usageBytes;
  }
  open.activeJobs = sample.activeJobs;
  open.completedJobs = sample.completedJobs;
  return open;
}

function hasEnded(before: JobLoad, { activeJobs, completedJobs }: JobSample): boolean {
  if (before.activeJobs === null || activeJobs === 0 || activeJobs < before.activeJobs) return true;
  return completedJobs !== null && before.completedJobs !== null && completedJobs !== before.completedJobs;
}

/** Of the reported start of a job: clocks are corrected while it runs, by at most this fraction of its age. */
const START_JITTER_MS = 1000;
const START_DRIFT_FRACTION = 0.001;

/**
 * Keeps the mark while the oldest job is the same. A later start means that the job has ended and another one is the
 * oldest now.
 */
function markOldest(load: Mutable<JobLoad>, sample: JobSample, windowMs: number): void {
  const { timeMs, usageBytes, oldestJobStartMs: startMs } = sample;
  const { oldestMs } = load;
  if (startMs === null) {
    load.oldestMs = null;
    load.oldestUsageBytes = null;
    return;
  }
  const toleranceMs = START_JITTER_MS + START_DRIFT_FRACTION * Math.max(0, timeMs - startMs);
  if (oldestMs !== null && startMs <= oldestMs + toleranceMs) return;
  load.oldestMs = startMs;
  // The job that was the oldest before may have given its memory back since.
  load.oldestUsageBytes = Math.min(usageBytes, usageBefore(load, startMs, windowMs) ?? usageBytes);
}

/**
 * Usage in the last window that ended before a time, or in the oldest that is remembered; null before the first has
 * ended.
 */
function usageBefore({ openMs, usageBytes }: JobLoad, timeMs: number, windowMs: number): number | null {
  const windowsBack = 1 + Math.max(0, Math.ceil((openMs - timeMs) / windowMs));
  return usageBytes.at(-Math.min(windowsBack, usageBytes.length)) ?? null;
}

function closeWindow(load: JobLoad): JobLoad {
  const usageBytes = load.usageBytes.concat(load.openUsageBytes / load.openSamples);
  const isFull = usageBytes.length > TUNING.loadLagWindows;
  const byBytes = isFull ? (usageBytes.at(-1) ?? 0) - (usageBytes[0] ?? 0) : null;
  const kept = 1 - 1 / TUNING.loadDecayWindows;
  const isStart = load.changes < TUNING.warmupMaxWindows;
  const holders = closeHolders(load.holders, { samples: load.openSamples, byBytes, kept, isStart });
  if (byBytes === null) return { ...load, usageBytes, holders, openSamples: 0 };
  const next = {
    ...load,
    usageBytes: usageBytes.slice(1),
    holders,
    openSamples: 0,
    bytes2: kept * load.bytes2 + byBytes * byBytes,
    changes: kept * load.changes + 1,
  };
  return { ...next, sureBytes: ownBytesPerJob(next)?.bytes ?? load.sureBytes };
}

/** Jobs that hold memory now: those that run, and the part of those that have just ended that still does. */
export function holdingJobs(load: JobLoad): number {
  return bestHolders(load.holders, load).jobs;
}

/** By the count of jobs that memory follows best. */
function ownSlope(load: JobLoad): Estimate | null {
  return slopeOf(bestHolders(load.holders, load), load);
}

/**
 * What the boot has found out by itself that one job holds, with its standard error; null where that is not beyond
 * doubt. For later boots.
 */
export function ownBytesPerJob(load: JobLoad): Estimate | null {
  const slope = ownSlope(load);
  return isSure(slope) ? slope : null;
}

/** More than any job holds. */
const NOTHING_KNOWN_BYTES = 2 ** 50;

/** What one running job holds. Bytes. */
export interface BytesPerJob {
  /** Beyond doubt; 0 where nothing is. */
  readonly bytes: number;
  /** What it may be more (`loadMarginErrors` standard errors); `NOTHING_KNOWN_BYTES` where nothing is known. */
  readonly marginBytes: number;
}

/** By this boot's own slope, and what earlier boots of the target showed: each weighted by how sure it is. */
export function bytesPerJob(load: JobLoad, learned: Estimate | null): BytesPerJob {
  const { sureBytes } = load;
  const known = [ownSlope(load), learned].filter((estimate) => estimate !== null);
  if (known.length === 0 || !PARTS.jobLoad) return { bytes: 0, marginBytes: PARTS.jobLoad ? NOTHING_KNOWN_BYTES : 0 };
  const weights = known.map(({ errorBytes }) => 1 / Math.max(1, errorBytes) ** 2);
  const weight = weights.reduce((sum, one) => sum + one, 0);
  const bytes = known.reduce((sum, estimate, index) => sum + estimate.bytes * (weights[index] ?? 0), 0) / weight;
  const mean = { bytes: Math.max(0, bytes), errorBytes: 1 / Math.sqrt(weight) };
  const marginBytes = TUNING.loadMarginErrors * mean.errorBytes;
  if ((sureBytes !== null || learned !== null) && mean.bytes > 0) return { bytes: mean.bytes, marginBytes };
  return { bytes: 0, marginBytes: mean.bytes + marginBytes };
}

/** What the running jobs may have taken, by either mark: since one last ended, or since the oldest began. Bytes. */
export function takenByJobs(load: JobLoad, sample: Pick<JobSample, 'timeMs' | 'usageBytes'>, windowMs: number): number {
  return Math.max(takenSinceLastEnd(load, sample, windowMs), takenSinceOldestBegan(load, sample, windowMs));
}

/**
 * What was taken since the oldest running job began: short jobs that end meanwhile do not show that it holds nothing. 0
 * where its age is not known, or where it has run for too long to be waited for.
 */
function takenSinceOldestBegan(
  { oldestMs, oldestUsageBytes, activeJobs }: JobLoad,
  { timeMs, usageBytes }: Pick<JobSample, 'timeMs' | 'usageBytes'>,
  windowMs: number,
): number {
  if (!PARTS.longJobs || oldestMs === null || oldestUsageBytes === null || !activeJobs) return 0;
  return timeMs - oldestMs > TUNING.longJobWindows * windowMs ? 0 : Math.max(0, usageBytes - oldestUsageBytes);
}

/**
 * What was taken since a job last ended: a job that still runs may hold it. 0 where none runs, or where it has run for
 * too long to be waited for.
 */
export function takenSinceLastEnd(
  { endedMs, endedUsageBytes, activeJobs }: JobLoad,
  { timeMs, usageBytes }: Pick<JobSample, 'timeMs' | 'usageBytes'>,
  windowMs: number,
): number {
  if (!PARTS.longJobs || endedMs === null || endedUsageBytes === null || !activeJobs) return 0;
  return timeMs - endedMs > TUNING.longJobWindows * windowMs ? 0 : Math.max(0, usageBytes - endedUsageBytes);
}

/** Whether jobs held so little of a floor that other boots may be compared with it, whatever ran then. */
export function isNearlyIdle({ floorBytes, jobs, jobsBytes }: WarmFloor, { bytes, marginBytes }: BytesPerJob): boolean {
  return jobs === null || jobs * (bytes + marginBytes) <= TUNING.idleFraction * (floorBytes + jobsBytes);
}

/**
 * A floor without what jobs held then, by what is known of that by now: levels from before it was known compare with
 * newer ones. Bytes.
 */
export function withoutJobs({ floorBytes, jobs, jobsBytes }: WarmFloor, { bytes }: BytesPerJob): number {
  if (jobs === null || !PARTS.baseAtEqualLoad) return floorBytes;
  return Math.max(TUNING.minOwnFraction * (floorBytes + jobsBytes), floorBytes + jobsBytes - jobs * bytes);
}
