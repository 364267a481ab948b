import { Random } from '../random.ts';

/** A worker that always has as many jobs as it takes at a time, and what they do to its memory. Bytes are in units of what the test likes; times in ms. */
export interface SimulatedName {
  readonly meanMs: number;
  /** What a job keeps when it is done. */
  readonly keepsBytes?: number;
  /** When in its life it takes that. */
  readonly takes?: 'start' | 'end' | 'evenly';
  /** What it takes at its start and gives back again, at its end unless the next two say otherwise. */
  readonly borrowsBytes?: number;
  /** So long after its end, on average. */
  readonly returnsAfterMs?: number;
  /** From its end on that is garbage: given back when a collector runs. */
  readonly leavesGarbage?: boolean;
  /** The share of jobs that keep or borrow at all. Default 1. */
  readonly share?: number;
}

export interface SimulatedWorker {
  readonly names: readonly SimulatedName[];
  readonly concurrency: number;
  readonly jobs: number;
  /** Standard deviation of what a reading is off. */
  readonly noiseBytes: number;
  readonly seed: number;
  /** The collector runs when so much garbage has gathered. */
  readonly garbageLimitBytes?: number;
}

export interface JobsObserver {
  begins(name: number, rssBytes: number, nowMs: number): number;
  /** @param handle what `begins` returned for the job */
  ends(handle: number, rssBytes: number, nowMs: number): void;
}

interface Running {
  readonly name: number;
  readonly handle: number;
  readonly beganMs: number;
  readonly endsMs: number;
  readonly keepsBytes: number;
  readonly borrowsBytes: number;
}

const GARBAGE_LIMIT_BYTES = 64_000_000;

const START_BYTES = 100_000_000;

/** Plays the worker; returns what each name really kept. */
export function playJobs(worker: SimulatedWorker, observer: JobsObserver) {
  const { names, concurrency, jobs, noiseBytes, seed, garbageLimitBytes = GARBAGE_LIMIT_BYTES } = worker;
  const random = new Random(seed);
  const kept = names.map(() => 0);
  const running: Running[] = [];
  const owed: { readonly atMs: number; readonly bytes: number }[] = [];
  let heldBytes = START_BYTES;
  let garbageBytes = 0;
  let nowMs = 0;
  const reading = () => Math.round(heldBytes + noiseBytes * random.normal());
  const begin = () => {
    const name = Math.floor(random.unit() * names.length);
    const { meanMs, keepsBytes = 0, borrowsBytes = 0, share = 1 } = names[name] as SimulatedName;
    const acts = random.unit() < share ? 1 : 0;
    const job = {
      name,
      beganMs: nowMs,
      endsMs: nowMs + meanMs * Math.exp(0.5 * random.normal()),
      keepsBytes: acts * keepsBytes * Math.exp(0.5 * random.normal() - 0.125),
      borrowsBytes: acts * borrowsBytes,
      handle: observer.begins(name, reading(), nowMs),
    };
    running.push(job);
    if ((names[name]?.takes ?? 'start') === 'start') take(job, 1);
    heldBytes += job.borrowsBytes;
  };
  const take = ({ name, keepsBytes }: Running, share: number) => {
    kept[name] = (kept[name] ?? 0) + keepsBytes * share;
    heldBytes += keepsBytes * share;
  };
  /** What was borrowed by a job that has ended. */
  const release = ({ name, borrowsBytes }: Running) => {
    const { returnsAfterMs, leavesGarbage } = names[name] as SimulatedName;
    if (returnsAfterMs !== undefined) {
      owed.push({ atMs: nowMs - returnsAfterMs * Math.log(random.unit() + 1e-12), bytes: borrowsBytes });
      owed.sort((a, b) => a.atMs - b.atMs);
    } else if (leavesGarbage) {
      garbageBytes += borrowsBytes;
      if (garbageBytes <= garbageLimitBytes) return;
      heldBytes -= garbageBytes;
      garbageBytes = 0;
    } else heldBytes -= borrowsBytes;
  };
  const payBack = () => {
    while (owed.length > 0 && (owed[0]?.atMs ?? 0) <= nowMs) heldBytes -= owed.shift()?.bytes ?? 0;
  };
  for (let done = 0; done < jobs; done += 1) {
    while (running.length < concurrency) begin();
    running.sort((a, b) => a.endsMs - b.endsMs);
    const ending = running[0] as Running;
    const passedMs = ending.endsMs - nowMs;
    for (const job of running) {
      if (names[job.name]?.takes === 'evenly') take(job, passedMs / (job.endsMs - job.beganMs));
    }
    nowMs = ending.endsMs;
    payBack();
    running.shift();
    if (names[ending.name]?.takes === 'end') take(ending, 1);
    release(ending);
    observer.ends(ending.handle, reading(), nowMs);
  }
  return { kept, nowMs, startBytes: START_BYTES };
}
