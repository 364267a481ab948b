import type { Random } from './random.ts';

/** What a dyno uses at one moment, without noise; as fractions of its quota. */
export interface Moment {
  readonly usage: number;
  /** The part of it that a full garbage collection would free. */
  readonly garbage?: number;
  readonly activeJobs: number;
  readonly jobsPerMinute: number;
}

/**
 * One life of a dyno of a family. Minutes; `uptime` since its start, `clock` since the start of the episode (day and
 * night).
 */
export interface BootModel {
  /** What stays in use between jobs, as a fraction of the quota: labels come from it. */
  floor(uptime: number): number;
  /**
   * What the running jobs hold at a moment of the episode, on top of the floor; the same for every boot. Absent: none
   * is modelled.
   */
  load?(clock: number): number;
  /** Minutes of uptime at which a leak sets in. */
  readonly onset?: number;
  at(uptime: number, clock: number): Moment;
}

/** What is right to do about a family. */
export type Duty =
  /** Never restart. */
  | 'leave'
  /** Restart once the floor stays over the soft limit. */
  | 'bloat'
  /** Restart before the floor reaches the limit, if it does so within the platform's daily cycle. */
  | 'leak'
  /** At most two restarts of the dyno, then none: memory is back within half an hour. */
  | 'loop'
  /**
   * Restart where a fresh boot would hold less under the same load, now and an hour later, and usage is over the soft
   * limit.
   */
  | 'growth-under-load';

export interface Family {
  /** As in the evaluation's tables: `H3`. */
  readonly id: string;
  readonly what: string;
  readonly duty: Duty;
  /** The classes that are right at the end of a boot of some hours. */
  readonly classes: readonly string[];
  readonly days: number;
  /** Deployments, gaps and late samples too (H8). */
  readonly rough?: boolean;
  /** RSS stops at the quota, and the rest is swap. */
  readonly clipsRss?: boolean;
  /**
   * Draws one dyno's nature, the same for all its boots; each boot draws its own details. `clock`: when the boot
   * starts.
   */
  draw(random: Random): (boot: Random, clock: number) => BootModel;
}

export const HOUR = 60;
export const DAY = 24 * HOUR;

/** A boot that takes a few minutes to its first floor, as every process does. */
export function starting(uptime: number, floor: number, tau = 1.5): number {
  return floor - (floor - Math.min(floor, 0.12)) * Math.exp(-uptime / tau);
}

/** A steady load: some jobs at every moment, and occasionally none. */
export function steadyJobs(uptime: number): Pick<Moment, 'activeJobs' | 'jobsPerMinute'> {
  return { activeJobs: Math.floor(uptime * 7) % 3 === 0 ? 0 : 1, jobsPerMinute: 20 };
}
