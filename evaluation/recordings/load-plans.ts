import type { Random } from '../random.ts';
import { type PlannedWork, work } from './family.ts';
import type { Work } from './jobs.ts';

/**
 * Above the largest size that glibc ever serves from its heap (32 MiB): the buffer of a job is a mapping of its own.
 */
const MEDIA_MIB: readonly [number, number] = [33, 46];

export type DrawJob = (random: Random) => Work & { readonly runsMs: number };

/** Holds 3 to 4.5 % of the quota while it runs. */
export const media: DrawJob = (random) => ({
  kind: 'convert-media',
  megabytes: random.whole(...MEDIA_MIB),
  runsMs: random.whole(4000, 8000),
});

/** Holds 1.5 to 3 % of the quota while it runs, on V8's heap. */
export const series: DrawJob = (random) => ({
  kind: 'compare-series',
  megabytes: 4 * random.whole(4, 8),
  runsMs: random.whole(4000, 8000),
});

interface Load {
  readonly fromMs: number;
  readonly toMs: number;
  /** The average number of jobs that run at that moment; over 0. */
  atATime(atMs: number): number;
  readonly job: DrawJob;
}

/** Jobs that arrive at the rate at which `atATime` of them run at the same time. */
export function arriving(random: Random, { fromMs, toMs, atATime, job }: Load): readonly PlannedWork[] {
  const jobs: PlannedWork[] = [];
  for (let atMs = fromMs; atMs < toMs; ) {
    const drawn = job(random);
    jobs.push(work(Math.round(atMs), drawn));
    atMs += (drawn.runsMs / atATime(atMs)) * random.between(0.8, 1.2);
  }
  return jobs;
}

interface Backlog {
  readonly atMs: number;
  /** How long a worker of this concurrency needs for all of them. */
  readonly lastsMs: number;
  readonly concurrency: number;
  readonly job: DrawJob;
}

/**
 * Jobs that are all added at the same moment: the worker runs `concurrency` of them at a time until the queue is empty.
 */
export function backlog(random: Random, { atMs, lastsMs, concurrency, job }: Backlog): readonly PlannedWork[] {
  const jobs: PlannedWork[] = [];
  for (let leftMs = lastsMs * concurrency; leftMs > 0; ) {
    const drawn = job(random);
    jobs.push(work(atMs, drawn));
    leftMs -= drawn.runsMs;
  }
  return jobs;
}

interface Day {
  readonly fromMs: number;
  readonly toMs: number;
  /** Jobs at a time at the edges of the day. */
  readonly min: number;
  /** Jobs at a time in the middle of it. */
  readonly max: number;
  /** The rise takes this fraction of the day, and the fall takes it again. */
  readonly edge: number;
}

/** A working day: rises from `min` to `max` jobs at a time, stays there, and falls again. */
export function day({ fromMs, toMs, min, max, edge }: Day): (atMs: number) => number {
  return (atMs) => {
    const elapsed = (atMs - fromMs) / (toMs - fromMs);
    const height = Math.min(1, elapsed / edge, (1 - elapsed) / edge);
    return min + (max - min) * 0.5 * (1 - Math.cos(Math.PI * Math.max(0, height)));
  };
}

/** A load in waves between 70 % of `max` and `max` jobs at a time: something grows beneath it. */
export function waves(random: Random, max: number): (atMs: number) => number {
  const [periodMs, phase] = [random.whole(45_000, 70_000), random.between(0, 2 * Math.PI)];
  return (atMs) => max * (1 - 0.15 * (1 + Math.sin((2 * Math.PI * atMs) / periodMs + phase)));
}
