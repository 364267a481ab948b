import { guarded } from '../diagnostics.ts';
import type { HeldWorker } from './held-worker.ts';

interface Job {
  readonly id?: string;
  /** The queue's name and prefix. */
  readonly queueQualifiedName?: string;
}

type JobMethod = (this: Job, ...args: unknown[]) => unknown;

/** The methods by which a job leaves `active`, as far as a version has them. */
const ENDS = [
  'moveToCompleted',
  'moveToFailed',
  'moveToDelayed',
  'moveToWait',
  'moveToWaitingChildren',
  'remove',
] as const;

/** Redis no longer knows the job as this worker's: it stalled and was taken by another, or it is gone. */
const NOT_OURS = /Missing (?:lock|key)|not in the active state|Lock mismatch|not owned/i;

/** In whose hands each job is, by queue and id: another object of the same job may end it. */
const handedOut = new Map<string, HeldWorker>();

const followed = new WeakSet<object>();

/**
 * Keeps `job`, which `getNextJob` gave to the application, in its worker's hands until it has left `active`. The methods that end it are wrapped on the
 * class, and only in applications that fetch by hand: the job that comes with a result is made by the application, by `Job.fromJSON`.
 */
export function followHandedOutJob(job: unknown, held: HeldWorker): void {
  if (typeof job !== 'object' || job === null) return;
  const { id, queueQualifiedName } = job as Job;
  if (id === undefined) return;
  handOut(keyOf(queueQualifiedName, id), held);
  const methods = Object.getPrototypeOf(job) as Record<string, JobMethod | undefined>;
  if (followed.has(methods)) return;
  followed.add(methods);
  for (const name of ENDS) {
    const original = methods[name];
    if (original !== undefined) methods[name] = ending(original);
  }
}

function ending(original: JobMethod): JobMethod {
  return function ended(...args) {
    const result = original.apply(this, args);
    const { id, queueQualifiedName } = this;
    if (id === undefined || !handedOut.has(keyOf(queueQualifiedName, id))) return result;
    void Promise.resolve(result).then(
      // `moveToWaitingChildren` says false where nothing is left to wait for: the job goes on.
      (value) => value !== false && guarded('following the end of a job', () => end(this, idOfNext(value))),
      (error) => NOT_OURS.test(String(error)) && end(this),
    );
    return result;
  };
}

function end({ id, queueQualifiedName }: Job, nextId?: string): void {
  const key = keyOf(queueQualifiedName, id ?? '');
  const held = handedOut.get(key);
  handedOut.delete(key);
  held?.handedOutJobEnded(key);
  if (nextId !== undefined && held !== undefined) handOut(keyOf(queueQualifiedName, nextId), held);
}

function handOut(key: string, held: HeldWorker): void {
  handedOut.set(key, held);
  held.jobHandedOut(key);
}

/** No name of a queue contains a line break that matters here: it only keeps name and id apart. */
function keyOf(queue: string | undefined, id: string): string {
  return `${queue}\n${id}`;
}

/** Of `[jobData, jobId, ...]`, the next job, which comes with a result where it was asked for. */
function idOfNext(value: unknown): string | undefined {
  if (!Array.isArray(value) || !value[0]) return undefined;
  return typeof value[1] === 'string' ? value[1] : undefined;
}
