import { Random } from '../../evaluation/random.ts';
import { defaultPolicy } from '../../src/config/policy.ts';
import type { Decision } from '../../src/model/decision.ts';
import { type Judged, replay } from '../../src/replay/replay.ts';
import { readSeries } from '../../src/replay/series-file.ts';
import { MIB } from './curves.ts';

/**
 * Recorded workers whose memory follows their running jobs, as CSV. Minutes are of the recording; memory in MB, on a
 * dyno of 1,024 MB.
 */

export const LOAD_QUOTA_MB = 1024;
const START_MS = 1_700_000_000_000;
const MINUTE_MS = 60_000;
/** Of the noise of usage, as a fraction of the quota; what of it is left in the next sample. */
const NOISE_FRACTION = 0.004;
const PERSISTENCE = 0.8;

export interface Worker {
  readonly minutes: number;
  readonly everyS: number;
  readonly seed: number;
  /** How many jobs run at a minute, before chance has its say. */
  readonly jobsAt: (minute: number) => number;
  readonly jobMb: number;
  /** What the process holds by itself. */
  readonly ownMb: (minute: number) => number;
  /** How long a small job takes. */
  readonly jobMinutes?: number;
  /** One large job: from, to, and what it holds at a minute of its life. It counts as one more running job. */
  readonly longJob?: { readonly from: number; readonly to: number; readonly heldMb: (minute: number) => number };
  /** Whether chance adds and takes jobs. True by default. */
  readonly isVaried?: boolean;
  /** Whether the worker reports since when its oldest job runs. */
  readonly isAged?: boolean;
  /** False: no columns about jobs. */
  readonly isCounted?: boolean;
  readonly bootIdAt?: (minute: number) => string;
}

/** The lines of the recording. */
function csvOfWorker(worker: Worker): string {
  const { minutes, everyS, seed, jobsAt, jobMb, ownMb, jobMinutes = 2, longJob, isVaried = true } = worker;
  const { isCounted = true, isAged = false, bootIdAt = () => 'boot' } = worker;
  const random = new Random(seed);
  // Of its own, so that a recording with ages is otherwise the same as one without.
  const ages = new Random(seed + 1000);
  const lines = [
    `time_ms,boot_id,rss_bytes${isCounted ? ',active_jobs,completed_jobs' : ''}${isAged ? ',oldest_job_age_s' : ''}`,
  ];
  let [noise, completed, small] = [0, 0, Math.round(jobsAt(0))];
  for (let second = 0; second < minutes * 60; second += everyS) {
    const minute = second / 60;
    // A part of the jobs ends in each interval; as many come as there should be, give or take some.
    const ended = Math.min(small, small * Math.min(1, everyS / 60 / jobMinutes));
    const wanted = jobsAt(minute);
    const spread = isVaried && wanted > 2 ? Math.sqrt(wanted) * 0.4 : 0;
    small = Math.max(0, Math.round(wanted + spread * random.normal()));
    const isLong = longJob !== undefined && minute >= longJob.from && minute < longJob.to;
    completed += ended + (longJob !== undefined && minute >= longJob.to && minute - everyS / 60 < longJob.to ? 1 : 0);
    noise = PERSISTENCE * noise + Math.sqrt(1 - PERSISTENCE ** 2) * random.normal() * NOISE_FRACTION * LOAD_QUOTA_MB;
    const heldMb = small * jobMb + (isLong ? longJob.heldMb(minute - longJob.from) : 0);
    const usage = Math.round((ownMb(minute) + heldMb + noise) * MIB);
    const counts = isCounted ? `,${small + (isLong ? 1 : 0)},${Math.floor(completed)}` : '';
    const smallS = small === 0 ? 0 : Math.min(second, jobMinutes * 60 * ages.unit() ** (1 / small));
    const oldestS = Math.max(smallS, isLong ? (minute - longJob.from) * 60 : 0);
    const age = isAged ? `,${oldestS.toFixed(3)}` : '';
    lines.push(`${START_MS + second * 1000},${bootIdAt(minute)},${usage}${counts}${age}`);
  }
  return [...lines, ''].join('\n');
}

export interface Watched {
  readonly decisions: readonly Decision[];
  readonly judged: readonly Judged[];
  /** Minutes of the recording. */
  readonly restartMinutes: readonly number[];
}

export function watch(worker: Worker): Watched {
  const decisions: Decision[] = [];
  const judged: Judged[] = [];
  const options = { policy: { ...defaultPolicy(), dynoCycleMs: null }, quotaBytes: LOAD_QUOTA_MB * MIB };
  const { restartsMs } = replay(
    readSeries(csvOfWorker(worker), 'load.csv'),
    options,
    (decision) => decisions.push(decision),
    (one) => judged.push(one),
  );
  return { decisions, judged, restartMinutes: restartsMs.map((ms) => (ms - START_MS) / MINUTE_MS) };
}

/** At `high` for `minutes` after `from`, else at `low`, with edges of `edgeMinutes` before and after. */
export function loadOf(
  low: number,
  high: number,
  {
    from,
    minutes,
    edgeMinutes = 0,
  }: { readonly from: number; readonly minutes: number; readonly edgeMinutes?: number },
) {
  return (minute: number): number => {
    const outsideMinutes = Math.max(from - minute, minute - from - minutes, 0);
    const fraction = outsideMinutes === 0 ? 1 : Math.max(0, 1 - outsideMinutes / Math.max(edgeMinutes, 1e-9));
    return low + (high - low) * fraction;
  };
}
