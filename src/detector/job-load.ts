/**
 * How usage follows the number of running jobs in one boot: changes of usage over five windows, regressed on changes of the number of jobs over the
 * same. Changes, because a leak or a plateau beneath the load moves the level and hardly the change. Bounded, and kept with the boot as JSON.
 */
export interface JobLoad {
  /** Start of the open window, Unix ms; its samples, and their sums. */
  readonly openMs: number;
  readonly openSamples: number;
  readonly openUsageBytes: number;
  readonly openJobs: number;
  /** Means of the newest windows, oldest first: at most `LAG_WINDOWS`. */
  readonly usageBytes: readonly number[];
  readonly jobs: readonly number[];
  /** Sums over changes, older ones decayed: of jobs squared, of jobs times bytes, of bytes squared, and of ones. */
  readonly jobs2: number;
  readonly jobsBytes: number;
  readonly bytes2: number;
  readonly changes: number;
  /** The newest slope that was beyond doubt; null before the first. Bytes. */
  readonly bytesPerJob: number | null;
}

export const NO_JOB_LOAD: JobLoad = {
  openMs: 0,
  openSamples: 0,
  openUsageBytes: 0,
  openJobs: 0,
  usageBytes: [],
  jobs: [],
  jobs2: 0,
  jobsBytes: 0,
  bytes2: 0,
  changes: 0,
  bytesPerJob: null,
};

/** A change is taken over so many windows: allocators give back late, and noise that lasts for minutes is no change. */
const LAG_WINDOWS = 5;
/** After so many windows (half a day at the default) a change counts a third: what a job holds may change with a deploy or with the day. */
const DECAY_WINDOWS = 720;
/** A slope is beyond doubt when it is so many of its standard errors above zero. */
const SURE_ERRORS = 3;
/** The newest slope that was beyond doubt may be off by this fraction by now. */
const PRIOR_ERROR_FRACTION = 0.3;

export interface JobSample {
  readonly timeMs: number;
  readonly usageBytes: number;
  /** Jobs running. */
  readonly activeJobs: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Adds a sample. Returns the same object until a window closes, as this is done for every sample of every boot. */
export function followJobs(load: JobLoad, sample: JobSample, windowMs: number): JobLoad {
  const closed = load.openSamples > 0 && sample.timeMs - load.openMs >= windowMs ? closeWindow(load) : load;
  const open: Mutable<JobLoad> = closed === NO_JOB_LOAD ? { ...NO_JOB_LOAD } : closed;
  if (open.openSamples === 0) {
    open.openMs = sample.timeMs;
    open.openUsageBytes = 0;
    open.openJobs = 0;
  }
  open.openSamples += 1;
  open.openUsageBytes += sample.usageBytes;
  open.openJobs += sample.activeJobs;
  return open;
}

function closeWindow(load: JobLoad): JobLoad {
  const usageBytes = [...load.usageBytes, load.openUsageBytes / load.openSamples];
  const jobs = [...load.jobs, load.openJobs / load.openSamples];
  const next = { ...load, usageBytes, jobs, openSamples: 0 };
  const [firstBytes, firstJobs] = [usageBytes[0], jobs[0]];
  if (usageBytes.length <= LAG_WINDOWS || firstBytes === undefined || firstJobs === undefined) return next;
  const byBytes = (usageBytes.at(-1) ?? firstBytes) - firstBytes;
  const byJobs = (jobs.at(-1) ?? firstJobs) - firstJobs;
  const kept = 1 - 1 / DECAY_WINDOWS;
  const sums = {
    jobs2: kept * load.jobs2 + byJobs * byJobs,
    jobsBytes: kept * load.jobsBytes + byJobs * byBytes,
    bytes2: kept * load.bytes2 + byBytes * byBytes,
    changes: kept * load.changes + 1,
  };
  const slope = slopeOf(sums);
  const isSure = slope !== null && slope.bytes > SURE_ERRORS * slope.errorBytes;
  return {
    ...next,
    ...sums,
    usageBytes: usageBytes.slice(1),
    jobs: jobs.slice(1),
    bytesPerJob: isSure ? slope.bytes : load.bytesPerJob,
  };
}

type Sums = Pick<JobLoad, 'jobs2' | 'jobsBytes' | 'bytes2' | 'changes'>;

/** Least squares through the origin; null where the number of jobs has not changed yet. */
function slopeOf({ jobs2, jobsBytes, bytes2, changes }: Sums): { bytes: number; errorBytes: number } | null {
  if (jobs2 <= 0 || changes < LAG_WINDOWS) return null;
  const bytes = jobsBytes / jobs2;
  const unexplained = Math.max(0, bytes2 - bytes * jobsBytes) / changes;
  // Changes over five windows overlap: one in five is independent.
  return { bytes, errorBytes: Math.sqrt((LAG_WINDOWS * unexplained) / jobs2) };
}

/**
 * What one running job holds, bytes: the newest slope that was beyond doubt and the present one, each weighted by how sure it is. 0 where usage is not
 * known to follow the number of jobs.
 */
export function bytesPerJob(load: JobLoad): number {
  const priorBytes = load.bytesPerJob;
  const own = slopeOf(load);
  if (priorBytes === null || own === null) return 0;
  const weight = 1 / Math.max(1, own.errorBytes) ** 2;
  const priorWeight = 1 / (PRIOR_ERROR_FRACTION * priorBytes) ** 2;
  return Math.max(0, (weight * own.bytes + priorWeight * priorBytes) / (weight + priorWeight));
}

/** Whether a value read back can be a `JobLoad`. */
export function isJobLoad(value: unknown): value is JobLoad {
  if (typeof value !== 'object' || value === null) return false;
  const load = value as Record<string, unknown>;
  return (
    SCALARS.every((name) => isFiniteNumber(load[name])) &&
    (load.bytesPerJob === null || isFiniteNumber(load.bytesPerJob)) &&
    RINGS.every((name) => {
      const ring = load[name];
      return Array.isArray(ring) && ring.length <= LAG_WINDOWS && ring.every(isFiniteNumber);
    })
  );
}

const SCALARS = [
  'openMs',
  'openSamples',
  'openUsageBytes',
  'openJobs',
  'jobs2',
  'jobsBytes',
  'bytes2',
  'changes',
] as const;
const RINGS = ['usageBytes', 'jobs'] as const;

function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
