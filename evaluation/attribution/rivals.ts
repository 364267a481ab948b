/** What the jobs of each name, by index, did between two readings. */
export interface Interval {
  readonly durationMs: number;
  readonly changeBytes: number;
  /** Running in between. */
  readonly running: readonly number[];
  /** Begun at the first reading. */
  readonly begun: readonly number[];
  /** Ended at the second. */
  readonly ended: readonly number[];
}

/** Bytes that each name is held to have kept, from all intervals. */
export type Estimator = (intervals: readonly Interval[], names: number) => readonly number[];

/** Each change in equal parts to all jobs that run. */
export const alike: Estimator = (intervals, names) => {
  const bytes = new Array<number>(names).fill(0);
  for (const { changeBytes, running } of intervals) {
    const jobs = sum(running);
    running.forEach((count, name) => {
      bytes[name] = (bytes[name] ?? 0) + (jobs === 0 ? 0 : (changeBytes * count) / jobs);
    });
  }
  return bytes;
};

/** A rate of each name while it runs. */
export const presence: Estimator = (intervals, names) => fitted(intervals, names, ({ running }) => [running]);

/** A rate of each name while it runs, from changes over windows of a second in the place of single intervals. */
export const presenceInWindows: Estimator = (intervals, names) =>
  fitted(windows(intervals, names, 1000), names, ({ running }) => [running]);

/** An amount at each start and at each end of a job, and a rate in between. */
export const events: Estimator = (intervals, names) =>
  fitted(intervals, names, ({ durationMs, running, begun, ended }) => {
    const perMs = 1 / Math.max(durationMs, LEAST_MS);
    return [running, begun.map((count) => count * perMs), ended.map((count) => count * perMs)];
  });

const LEAST_MS = 1e-6;
const RIDGE = 0.01;
const ROUNDS = 200;

/**
 * Weighted non-negative least squares of the rate of change on features that are rates too, weighted by the time that passed.
 *
 * @param features each a number per name
 * @returns per name, what all its features together explain
 */
function fitted(
  intervals: readonly Interval[],
  names: number,
  features: (interval: Interval) => readonly (readonly number[])[],
): readonly number[] {
  const rows = intervals.map((interval) => features(interval).flat());
  const size = rows[0]?.length ?? 0;
  const [A, b, exposure] = [new Float64Array(size * size), new Float64Array(size), new Float64Array(size)];
  intervals.forEach(({ durationMs, changeBytes }, at) => {
    const ms = Math.max(durationMs, LEAST_MS);
    const row = rows[at] as readonly number[];
    for (let i = 0; i < size; i += 1) {
      const value = row[i] ?? 0;
      if (value === 0) continue;
      add(exposure, i, value * ms);
      add(b, i, value * changeBytes);
      for (let j = 0; j < size; j += 1) add(A, i * size + j, value * (row[j] ?? 0) * ms);
    }
  });
  const x = new Float64Array(size).fill(Math.max(0, sum(b) / sum(A)) || 0);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (let i = 0; i < size; i += 1) {
      const own = A[i * size + i] ?? 0;
      let rest = b[i] ?? 0;
      for (let j = 0; j < size; j += 1) if (j !== i) rest -= (A[i * size + j] ?? 0) * (x[j] ?? 0);
      x[i] = own === 0 ? 0 : Math.max(0, rest / (own * (1 + RIDGE)));
    }
  }
  const bytes = new Array<number>(names).fill(0);
  x.forEach((value, i) => {
    bytes[i % names] = (bytes[i % names] ?? 0) + value * (exposure[i] ?? 0);
  });
  return bytes;
}

function windows(intervals: readonly Interval[], names: number, windowMs: number): readonly Interval[] {
  const merged: Interval[] = [];
  let [durationMs, changeBytes, jobMs] = [0, 0, new Array<number>(names).fill(0)];
  for (const interval of intervals) {
    durationMs += interval.durationMs;
    changeBytes += interval.changeBytes;
    jobMs = jobMs.map((ms, name) => ms + (interval.running[name] ?? 0) * interval.durationMs);
    if (durationMs < windowMs) continue;
    merged.push({ durationMs, changeBytes, running: jobMs.map((ms) => ms / durationMs), begun: [], ended: [] });
    [durationMs, changeBytes, jobMs] = [0, 0, new Array<number>(names).fill(0)];
  }
  return merged;
}

function add(to: Float64Array, at: number, value: number): void {
  to[at] = (to[at] ?? 0) + value;
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
