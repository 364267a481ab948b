import type { Recording } from './recording.ts';

/** Bytes that each name of a recording, by index, is estimated to keep. */
export type Estimator = (recording: Recording) => readonly number[];

/** What happened between two readings of RSS. */
interface Interval {
  readonly durationMs: number;
  readonly changeBytes: number;
  /** Milliseconds that jobs of each name ran, summed over the jobs. */
  readonly jobMs: readonly number[];
}

/** Each change in equal parts to all jobs that ran. */
export const evenSplit: Estimator = (recording) => {
  const bytes = recording.plan.names.map(() => 0);
  for (const { changeBytes, jobMs } of intervalsOf(recording, 0)) {
    const total = sum(jobMs);
    jobMs.forEach((ms, name) => {
      bytes[name] = (bytes[name] ?? 0) + (total === 0 ? 0 : (changeBytes * ms) / total);
    });
  }
  return bytes;
};

/** Plain non-negative least squares on which names ran between two readings. */
export const leastSquares: Estimator = (recording) => fitted(intervalsOf(recording, 0), recording.plan.names.length);

/** The same over intervals of a second. */
export const leastSquaresBySecond: Estimator = (recording) =>
  fitted(intervalsOf(recording, 1000), recording.plan.names.length);

const RIDGE = 0.01;
const ROUNDS = 300;

function fitted(intervals: readonly Interval[], names: number): readonly number[] {
  const A = Array.from({ length: names }, () => new Float64Array(names));
  const b = new Float64Array(names);
  for (const { changeBytes, jobMs } of intervals) {
    for (let i = 0; i < names; i += 1) {
      const own = jobMs[i] ?? 0;
      b[i] = (b[i] ?? 0) + own * changeBytes;
      const row = A[i] as Float64Array;
      for (let j = 0; j < names; j += 1) row[j] = (row[j] ?? 0) + own * (jobMs[j] ?? 0);
    }
  }
  const bytesPerMs = new Float64Array(names);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (let i = 0; i < names; i += 1) {
      const row = A[i] as Float64Array;
      const own = row[i] ?? 0;
      const others = row.reduce((total, value, j) => total + (j === i ? 0 : value * (bytesPerMs[j] ?? 0)), 0);
      bytesPerMs[i] = own === 0 ? 0 : Math.max(0, ((b[i] ?? 0) - others) / (own * (1 + RIDGE)));
    }
  }
  return Array.from(bytesPerMs, (rate, name) => rate * sum(intervals.map(({ jobMs }) => jobMs[name] ?? 0)));
}

/** From one reading to the next, or to the first one after at least `minMs`. */
function intervalsOf({ plan, events }: Recording, minMs: number): readonly Interval[] {
  const intervals: Interval[] = [];
  const running = plan.names.map(() => 0);
  let jobMs = plan.names.map(() => 0);
  let opened = events[0];
  let before = events[0];
  for (const event of events) {
    const ms = event.timeMs - (before?.timeMs ?? 0);
    jobMs = jobMs.map((total, name) => total + (running[name] ?? 0) * ms);
    const durationMs = event.timeMs - (opened?.timeMs ?? 0);
    if (durationMs > minMs) {
      intervals.push({ durationMs, changeBytes: event.rssBytes - (opened?.rssBytes ?? 0), jobMs });
      jobMs = jobMs.map(() => 0);
      opened = event;
    }
    if (event.kind === 'start') running[event.name] = (running[event.name] ?? 0) + 1;
    if (event.kind === 'end') running[event.name] = (running[event.name] ?? 0) - 1;
    before = event;
  }
  return intervals;
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
