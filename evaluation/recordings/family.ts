import type { Random } from '../random.ts';
import type { Work } from './jobs.ts';

/** A job of a recording, and when it is added. */
export interface PlannedWork {
  /** Since the worker's first sample; `BEFORE_START_MS`: the job is in the queue when the worker starts. */
  readonly atMs: number;
  readonly work: Work;
}

export const BEFORE_START_MS = -1;

/**
 * What is right to do about a recorded process, by how its program was written and at equal load: compared with what a
 * fresh boot of the same program would hold under the load of that moment. A restart does not give back what running
 * jobs hold.
 */
type Expectation =
  | 'leave'
  /** Restart once the floor stays over the soft limit. */
  | 'bloat'
  /** Restart before the floor is at the quota. */
  | 'leak';

export interface RecordedFamily {
  readonly name: string;
  /** The family of facts and of `evaluation/families/` that it is a real example of. */
  readonly id: string;
  readonly what: string;
  readonly expected: Expectation;
  readonly quotaMiB: number;
  readonly seconds: number;
  /**
   * Running jobs hold memory for long stretches. `alone`: this load passes the soft limit by itself. `over-growth`: the
   * load stays far below the limits, so usage over a limit shows growth that a restart gives back at equal load.
   * Absent: neither.
   */
  readonly load?: 'alone' | 'over-growth';
  /** How many jobs the worker runs at the same time; default 16. */
  readonly concurrency?: number;
  /** Flags of Node that such an application may be started with. */
  readonly nodeFlags?: readonly string[];
  /** The jobs of one recording. */
  plan(random: Random): readonly PlannedWork[];
}

/** All recordings are at a sixtieth of the usual spans: what takes an hour takes a minute. */
export const WINDOW_MS = 1000;
export const SAMPLE_MS = 200;
export const SECOND_MS = 1000;

/** Short jobs at all times, with moments between them in which none runs. */
export function ordinary(random: Random, seconds: number): readonly PlannedWork[] {
  return every(random, { fromMs: 0, toMs: seconds * SECOND_MS, everyMs: 350 }).map((atMs) => ({
    atMs,
    work: { kind: 'book-entries', waitMs: random.whole(20, 90) },
  }));
}

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  readonly everyMs: number;
}

/** Times that are `everyMs` apart on the average, and never even. */
export function every(random: Random, { fromMs, toMs, everyMs }: Span): readonly number[] {
  const times: number[] = [];
  for (let atMs = fromMs; atMs < toMs; atMs += Math.round(everyMs * random.between(0.6, 1.4))) times.push(atMs);
  return times;
}

export const work = (atMs: number, work: Work): PlannedWork => ({ atMs, work });
