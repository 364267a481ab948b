import { Random } from '../../evaluation/random.ts';
import { defaultPolicy } from '../../src/config/policy.ts';
import type { Decision, MemoryClass } from '../../src/model/decision.ts';
import { replay } from '../../src/replay/replay.ts';
import { readSeries } from '../../src/replay/series-file.ts';
import { MIB } from './curves.ts';

/** Recorded first hours of a dyno of which nothing was learned, as CSV for `tidemark replay`. */

const QUOTA_BYTES = 512 * MIB;
const START_MS = 1_700_000_000_000;
const MINUTE_MS = 60_000;
/** What of the noise of a sample is left in the next. */
const PERSISTENCE = 0.5;
/** A job takes this long on average; a job ends at any moment. */
const JOB_MINUTES = 0.5;

export interface FirstHour {
  /** What is used at a minute, without noise; a fraction of the quota. */
  readonly usageAt: (minute: number) => number;
  /** Jobs running at a minute; null: no columns about jobs. */
  readonly jobsAt: ((minute: number) => number) | null;
  readonly minutes: number;
  readonly everyS: number;
  /** Standard deviation, as a fraction of what is used. */
  readonly noise: number;
  readonly seed: number;
  /** Minutes without points. Default: none. */
  readonly isGapAt?: (minute: number) => boolean;
}

function csvOfFirstHour({ usageAt, jobsAt, minutes, everyS, noise, seed, isGapAt }: FirstHour): string {
  const random = new Random(seed);
  const lines = [`time_ms,rss_bytes${jobsAt === null ? '' : ',active_jobs,completed_jobs'}`];
  let [drift, completed] = [0, 0];
  for (let second = 0; second <= minutes * 60; second += everyS) {
    const minute = second / 60;
    if (isGapAt?.(minute)) continue;
    const jobs = Math.round(jobsAt?.(minute) ?? 0);
    completed += (jobs * everyS) / 60 / JOB_MINUTES;
    drift = PERSISTENCE * drift + Math.sqrt(1 - PERSISTENCE ** 2) * random.normal();
    const usage = Math.round(Math.max(0, usageAt(minute) * (1 + drift * noise)) * QUOTA_BYTES);
    lines.push(`${START_MS + second * 1000},${usage}${jobsAt === null ? '' : `,${jobs},${Math.floor(completed)}`}`);
  }
  return [...lines, ''].join('\n');
}

export interface Restarted {
  /** Of the recording. */
  readonly minute: number;
  readonly reason: string;
  /** What is used by then, without noise; a fraction of the quota. */
  readonly usage: number;
}

/** The decisions to restart. */
export function restartsIn(hour: FirstHour): readonly Restarted[] {
  const { restarts } = replayed(hour);
  return restarts.map(({ timeMs, reason }) => {
    const minute = (timeMs - START_MS) / MINUTE_MS;
    return { minute, reason, usage: hour.usageAt(minute) };
  });
}

/** From 20 % of the quota to all of it; `power` over 1 bends the line upwards. */
export function leakOf(toLimitMinutes: number, power = 1): FirstHour['usageAt'] {
  return (minute) => 0.2 + 0.8 * (minute / toLimitMinutes) ** power;
}

/** From 20 % of the quota to `top`, where it stays. */
export function filling(top: number, minutes: number, power = 1): FirstHour['usageAt'] {
  return (minute) => 0.2 + (top - 0.2) * Math.min(1, minute / minutes) ** power;
}

/** Jobs that start one after the other until all run, each of which holds the same. */
export function rampingTo(jobs: number, minutes: number): (minute: number) => number {
  return (minute) => Math.max(1, Math.round(jobs * Math.min(1, minute / minutes)));
}

/** The class from each minute on at which it changes. */
export function classesIn(hour: FirstHour): readonly { readonly minute: number; readonly class: MemoryClass }[] {
  const seen: Decision[] = [];
  replayed(hour, (decision) => {
    if (decision.class !== seen.at(-1)?.class) seen.push(decision);
  });
  return seen.map((decision) => ({ minute: (decision.timeMs - START_MS) / MINUTE_MS, class: decision.class }));
}

function replayed(hour: FirstHour, onDecision: (decision: Decision) => void = () => undefined) {
  const options = { policy: defaultPolicy(), quotaBytes: QUOTA_BYTES };
  return replay(readSeries(csvOfFirstHour(hour), 'first-hour.csv'), options, onDecision);
}
