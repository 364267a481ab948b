import { GROWTH_BOUNDS, JOB_KNOWN, type JobKnown, type JobShare } from '../model/job-point.ts';
import type { BootJobs } from './boot-jobs.ts';
import { GrowthSum, type GrowthView, type Series } from './series.ts';

/** What people see of jobs. Memory in bytes. */

interface JobOfDyno {
  readonly dyno: string;
  readonly bootId: string;
  /** Signed. */
  readonly netBytes: number;
  /** Null where unknown. */
  readonly runs: number | null;
}

export interface Job extends JobShare {
  /** What one run holds at its highest: the mean growth per run. */
  readonly heldPerRunBytes: number | null;
  readonly growthMedianBytes: number | null;
  readonly growthWorstBytes: number | null;
  /** By net growth, the largest first. */
  readonly dynos: readonly JobOfDyno[];
}

export interface TargetJobs {
  readonly app: string | null;
  readonly processType: string;
  /** The start of the oldest boot that is counted (Unix ms). */
  readonly sinceMs: number;
  /** By net growth, the largest first. */
  readonly jobs: readonly Job[];
  readonly idleNetBytes: number | null;
  readonly queues: readonly QueueNow[];
  readonly namesLeftOut: number;
  readonly lastPointMs: number;
}

interface QueueNow {
  readonly queue: string;
  readonly activeJobs: number | null;
  readonly heldBytes: number | null;
}

const IDLE = '_idle';
const MAX_JOBS = 200;
const MAX_DYNOS = 10;
/** What a process said longer ago is not what runs now. */
export const NOW_MS = 3 * 60_000;

/** The sums of one job name, in one boot or in many. */
class NameSums {
  readonly queue: string;
  readonly name: string;
  netBytes = 0;
  runs: number | null = null;
  growth: GrowthSum | null = null;
  readonly #weights = new Map<JobKnown, number>();
  readonly dynos: JobOfDyno[] = [];

  constructor(queue: string, name: string) {
    this.queue = queue;
    this.name = name;
  }

  add({ figure, value, growth, labels }: Series): void {
    if (growth !== null) {
      this.growth ??= new GrowthSum();
      this.growth.add(growth);
      return;
    }
    if (figure === 'net') this.netBytes += value;
    if (figure === 'runs') {
      this.runs = (this.runs ?? 0) + value;
      this.#weights.set(labels.known, (this.#weights.get(labels.known) ?? 0) + value);
    } else if (!this.#weights.has(labels.known)) this.#weights.set(labels.known, 0);
  }

  absorb(other: NameSums, { identity }: BootJobs): void {
    const { netBytes, runs } = other;
    this.netBytes += netBytes;
    if (runs !== null) this.runs = (this.runs ?? 0) + runs;
    for (const [known, weight] of other.#weights) this.#weights.set(known, (this.#weights.get(known) ?? 0) + weight);
    this.dynos.push({ dyno: identity.dyno, bootId: identity.bootId, netBytes, runs });
  }

  /** As most of its runs are known. */
  get known(): JobKnown {
    return [...this.#weights].sort((a, b) => b[1] - a[1] || rank(a[0]) - rank(b[0]))[0]?.[0] ?? 'estimated';
  }
}

function rank(known: JobKnown): number {
  return JOB_KNOWN.indexOf(known);
}

/** Of one boot, the names that grew, the worst first. */
export function sharesOf(jobs: BootJobs): readonly JobShare[] {
  return [...sumsOf(jobs).values()]
    .filter(({ name, netBytes }) => name !== IDLE && netBytes > 0)
    .sort((a, b) => b.netBytes - a.netBytes)
    .map(({ queue, name, netBytes, runs, known }) => ({ queue, name, netBytes: Math.round(netBytes), runs, known }));
}

/** The keys of a boot's names (queue and name), the largest net growth first. Keys without any growth come last. */
export function byNetGrowth(jobs: BootJobs, keys: Iterable<string>): readonly string[] {
  const sums = sumsOf(jobs);
  return [...keys].sort((a, b) => (sums.get(b)?.netBytes ?? 0) - (sums.get(a)?.netBytes ?? 0));
}

/**
 * A step for each boot.
 *
 * @param boots of one target, at least one
 */
export function* targetJobs(boots: readonly BootJobs[], nowMs: number): Generator<void, TargetJobs> {
  const names = new Map<string, NameSums>();
  const queues = new Map<string, JobsNow>();
  for (const jobs of boots) {
    for (const [key, sums] of sumsOf(jobs, names)) names.get(key)?.absorb(sums, jobs);
    addQueues(queues, jobs, nowMs);
    yield;
  }
  const all = [...names.values()].filter(({ name }) => name !== IDLE).sort((a, b) => b.netBytes - a.netBytes);
  const idle = [...names.values()].filter(({ name }) => name === IDLE);
  const identity = boots[0]?.identity;
  return {
    app: identity?.app ?? null,
    processType: identity?.processType ?? '',
    sinceMs: Math.min(...boots.map(({ startMs }) => startMs)),
    jobs: all.slice(0, MAX_JOBS).map(jobOf),
    idleNetBytes: idle.length === 0 ? null : idle.reduce((sum, { netBytes }) => sum + netBytes, 0),
    queues: queuesOf(queues),
    namesLeftOut: Math.max(0, all.length - MAX_JOBS) + Math.max(...boots.map(({ leftOut }) => leftOut)),
    lastPointMs: Math.max(...boots.map(({ lastMs }) => lastMs)),
  };
}

/**
 * The sums of one boot. How its runs grew goes straight into the sums of the target: adding histograms up is most of
 * the work.
 *
 * @param all the names of the target, to which those of the boot are added; default: nobody asks
 */
function sumsOf(jobs: BootJobs, all: Map<string, NameSums> = new Map()): ReadonlyMap<string, NameSums> {
  const names = new Map<string, NameSums>();
  for (const series of jobs.series()) {
    const { queue, name } = series.labels;
    if (series.figure === 'active' || series.figure === 'held') continue;
    const key = `${queue}\0${name}`;
    const ofTarget = all.get(key) ?? new NameSums(queue, name);
    all.set(key, ofTarget);
    if (series.figure === 'growth') {
      ofTarget.add(series);
      continue;
    }
    const known = names.get(key) ?? new NameSums(queue, name);
    names.set(key, known);
    known.add(series);
  }
  return names;
}

function jobOf(sums: NameSums): Job {
  const { queue, name, netBytes, runs, known, growth, dynos } = sums;
  const view = growth?.view() ?? null;
  return {
    queue,
    name,
    netBytes: Math.round(netBytes),
    heldPerRunBytes: view === null || !runs ? null : Math.round(view.sum / runs),
    growthMedianBytes: view === null ? null : medianOf(view, runs),
    growthWorstBytes: view === null ? null : worstOf(view),
    runs,
    known,
    dynos: dynos.sort((a, b) => b.netBytes - a.netBytes).slice(0, MAX_DYNOS),
  };
}

/**
 * By a line through its bucket. A run that grew by nothing is in no bucket, but it was a run. Null where some runs are
 * in a histogram without buckets.
 */
function medianOf({ counts, unplaced, max }: GrowthView, runs: number | null): number | null {
  if (unplaced > 0) return null;
  const grown = counts.reduce((sum, count) => sum + count, 0);
  const all = Math.max(grown, runs ?? 0);
  if (all === 0) return null;
  let below = all - grown;
  const middle = all / 2;
  if (below >= middle) return 0;
  for (const [at, count] of counts.entries()) {
    if (below + count >= middle && count > 0) {
      const from = at === 0 ? 0 : (GROWTH_BOUNDS[at - 1] ?? 0);
      const to = Math.max(
        from,
        Math.min(GROWTH_BOUNDS[at] ?? Number.POSITIVE_INFINITY, max ?? Number.POSITIVE_INFINITY),
      );
      return Number.isFinite(to) ? Math.round(from + ((middle - below) / count) * (to - from)) : from;
    }
    below += count;
  }
  return null;
}

/** The largest that was sent, else the end of the highest bucket that holds a run. */
function worstOf({ counts, max }: GrowthView): number | null {
  if (max !== null) return max;
  const highest = counts.findLastIndex((count) => count > 0);
  return highest < 0 ? null : (GROWTH_BOUNDS[highest] ?? GROWTH_BOUNDS.at(-1) ?? null);
}

interface JobsNow {
  activeJobs: number | null;
  heldBytes: number | null;
}

function addQueues(queues: Map<string, JobsNow>, jobs: BootJobs, nowMs: number): void {
  for (const { figure, labels, value, timeMs } of jobs.series()) {
    if ((figure !== 'active' && figure !== 'held') || nowMs - timeMs > NOW_MS) continue;
    const now = queues.get(labels.queue) ?? { activeJobs: null, heldBytes: null };
    queues.set(labels.queue, now);
    if (figure === 'active') now.activeJobs = (now.activeJobs ?? 0) + value;
    else now.heldBytes = (now.heldBytes ?? 0) + value;
  }
}

function queuesOf(queues: ReadonlyMap<string, JobsNow>): readonly QueueNow[] {
  const named = [...queues].map(([queue, now]) => ({ queue, ...now }));
  return named.sort((a, b) => (a.queue < b.queue ? -1 : 1)).slice(0, MAX_JOBS);
}
