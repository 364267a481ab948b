import { guarded } from '../diagnostics.ts';
import type { HeldWorker } from './held-worker.ts';

interface Job {
  readonly id?: string;
  /** The queue's name and prefix. */
  readonly queueQualifiedName?: string;
}

type JobMethod = (this: Job, ...args: unknown[]) => unknown;

/** The methods by which a job leaves `active`. Each version has some of them. */
const ENDS = [
  'moveToCompleted',
  'moveToFailed',
  'moveToDelayed',
  'moveToWait',
  'moveToWaitingChildren',
  'remove',
] as const;

/** For Redis, the job is no longer this worker's: it stalled and another worker took it, or it is gone. */
const NOT_OURS = /Missing (?:lock|key)|not in the active state|Lock mismatch|not owned/i;

/** Which worker each job belongs to, by queue and id: another object of the same job may end it. */
const handedOut = new Map<string, HeldWorker>();

const followed = new WeakSet<object>();

/**
 * Counts `job`, which `getNextJob` passed to the application, as its worker's until it has left `active`. The methods
 * that end it are wrapped on the class, and only in applications that fetch by hand: the application itself creates the
 * job that comes with a result, by `Job.fromJSON`.
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
      // `moveToWaitingChildren` resolves with false if there is nothing left to wait for: the job continues.
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

/** The line break only separates name and id: queue names contain none. */
function keyOf(queue: string | undefined, id: string): string {
  return `${queue}\n${id}`;
}

/** The id of the next job in `[jobData, jobId, ...]`, which comes with a result if it was asked for. */
function idOfNext(value: unknown): string | undefined {
  if (!Array.isArray(value) || !value[0]) return undefined;
  return typeof value[1] === 'string' ? value[1] : undefined;
}
