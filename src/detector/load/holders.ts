import { PARTS, TUNING } from '../tuning.ts';
import { isSure, type JobChanges, slopeOf, type UsageChanges } from './regression.ts';

/**
 * The jobs that hold memory: those that run, and where an allocator gives back late, for a while those that have ended.
 * Which is so shows by how well memory follows them. By running jobs alone, each would seem to hold little where what
 * one has freed is taken by the next.
 */
export interface Holders extends JobChanges {
  /** At the newest sample. */
  readonly jobs: number;
  /** Sum over the samples of the open window. */
  readonly openJobs: number;
  /** Means of the newest windows, oldest first: at most `loadLagWindows`. */
  readonly windows: readonly number[];
}

/**
 * One for each delay that an allocator may give back with, from none on, as fractions of `loadReleaseWindows`.
 */
const DELAYS = [0, 0.25, 1] as const;

/** Before the first sample. */
export function noHolders(): readonly Holders[] {
  return DELAYS.map(() => ({ jobs: 0, openJobs: 0, windows: [], jobs2: 0, jobsBytes: 0 }));
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What a sample adds to them, in place. */
export function countHolders(
  all: readonly Holders[],
  { activeJobs, sinceWindows, isFirstOfWindow }: HolderSample,
): void {
  for (let index = 0; index < DELAYS.length; index++) {
    const delay = DELAYS[index] as number;
    const own = all[index] as Mutable<Holders>;
    const ended = delay === 0 ? 0 : Math.max(0, own.jobs - activeJobs);
    const left = ended === 0 ? 0 : ended * Math.exp(-sinceWindows / (delay * TUNING.loadReleaseWindows));
    own.jobs = activeJobs + left;
    own.openJobs = (isFirstOfWindow ? 0 : own.openJobs) + own.jobs;
  }
}

interface HolderSample {
  readonly activeJobs: number;
  /** Since the sample before. */
  readonly sinceWindows: number;
  readonly isFirstOfWindow: boolean;
}

interface ClosedWindow {
  readonly samples: number;
  /** How much usage has changed over `loadLagWindows`; null before `loadLagWindows` have closed. */
  readonly byBytes: number | null;
  /** What is left of a sum after one more change. */
  readonly kept: number;
  /**
   * In the boot's first half hour. A late count rises then with the first jobs, and memory with the boot: late ones
   * learn nothing from it.
   */
  readonly isStart: boolean;
}

export function closeHolders(all: readonly Holders[], window: ClosedWindow): readonly Holders[] {
  return all.map((one, index) => closeOne(one, window, window.isStart && DELAYS[index] !== 0));
}

function closeOne(holders: Holders, { samples, byBytes, kept }: ClosedWindow, isLeftOut: boolean): Holders {
  const windows = holders.windows.concat(holders.openJobs / samples);
  if (byBytes === null) return { ...holders, windows };
  const byJobs = (windows.at(-1) ?? 0) - (windows[0] ?? 0);
  const newest = windows.slice(1);
  if (isLeftOut) return { ...holders, windows: newest };
  return {
    ...holders,
    windows: newest,
    jobs2: kept * holders.jobs2 + byJobs * byJobs,
    jobsBytes: kept * holders.jobsBytes + byJobs * byBytes,
  };
}

/**
 * The count that memory follows best. A late count is used only if it changes nearly as much as that of running jobs:
 * while short jobs come and go without end it is level, and shows nothing. Memory must also follow it beyond doubt. A
 * late count moves slowly, so among few changes a single step of bloat easily coincides with a rise of it.
 */
export function bestHolders(all: readonly Holders[], usage: UsageChanges): Holders {
  const atOnce = all[0] as Holders;
  let best = atOnce;
  if (!PARTS.lateRelease) return best;
  for (const one of all) {
    const isBetter = explained(one) > explained(best) && one.jobs2 >= TUNING.loadLateFraction * atOnce.jobs2;
    if (isBetter && isSure(slopeOf(one, usage))) best = one;
  }
  return best;
}

/** Whether a value read back has the right count of them. */
export function isOneForEachDelay(holders: readonly unknown[]): boolean {
  return holders.length === DELAYS.length;
}

/** How much of the squared changes of usage they account for. */
function explained({ jobs2, jobsBytes }: Holders): number {
  return jobs2 <= 0 ? 0 : (Math.max(0, jobsBytes) * jobsBytes) / jobs2;
}
