import type { Level } from './level.ts';

/** The lowest or highest of floors, on its way to a coarser ring. */
export interface OpenLevel {
  count: number;
  floorBytes: number;
  jobs: number | null;
  jobsBytes: number;
  timeMs: number;
}

export function openLevel(): OpenLevel {
  return { count: 0, floorBytes: 0, jobs: null, jobsBytes: 0, timeMs: 0 };
}

type Floor = Pick<Level, 'floorBytes'>;

export function isLower(one: Floor, other: Floor): boolean {
  return one.floorBytes < other.floorBytes;
}

export function isHigher(one: Floor, other: Floor): boolean {
  return one.floorBytes > other.floorBytes;
}

/** Adds a level to the open coarser one; returns that one when it is complete. Its time is that of its middle. */
export function addTo(
  open: OpenLevel,
  level: Level,
  factor: number,
  replaces: (one: Floor, other: Floor) => boolean,
): Level | null {
  if (open.count === 0 || replaces(level, open)) {
    open.floorBytes = level.floorBytes;
    open.jobs = level.jobs;
    open.jobsBytes = level.jobsBytes;
  }
  if (open.count === Math.floor(factor / 2)) open.timeMs = level.timeMs;
  open.count += 1;
  if (open.count < factor) return null;
  open.count = 0;
  return { timeMs: open.timeMs, floorBytes: open.floorBytes, jobs: open.jobs, jobsBytes: open.jobsBytes };
}
