import { borrowRedis, type RedisScript } from '../bullmq/borrowed-redis.ts';
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

/** A job in the application's hands. A new object each time, also for a job that comes a second time. */
interface InHand {
  readonly id: string;
  readonly queue: string | undefined;
  readonly worker: object;
  readonly held: HeldWorker;
  /** Calls under way that may end it. Their answer may bring the next job. */
  endings: number;
}

/** By queue and id: another object of the same job may end it. */
const handedOut = new Map<string, InHand>();
const MAX_HANDED_OUT = 1000;
/** Jobs that other processes end stay until the next question, which a drain or this many more jobs bring about. */
const ASK_EVERY = 250;

/** The last job that its worker got when `handedOut` was full. Such a worker is not idle. */
const notCounted = new WeakMap<HeldWorker, Omit<InHand, 'endings'>>();
/** No job's name: those contain a line break. */
const NOT_COUNTED = 'not counted';

/** Workers whose lost jobs are being asked for. */
const asking = new WeakSet<HeldWorker>();

const followed = new WeakSet<object>();

/**
 * Counts `job`, which `getNextJob` passed to the application, as its worker's until it has left `active`. The methods
 * that end it are wrapped on the class, and only in applications that fetch by hand: the application itself creates the
 * job that comes with a result, by `Job.fromJSON`.
 */
export function followHandedOutJob(job: unknown, worker: object, held: HeldWorker): void {
  if (typeof job !== 'object' || job === null) return;
  const { id, queueQualifiedName } = job as Job;
  if (id === undefined) return;
  handOut({ id, queue: queueQualifiedName, worker, held });
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
    const inHand = id === undefined ? undefined : handedOut.get(keyOf(queueQualifiedName, id));
    if (inHand === undefined) return result;
    inHand.endings += 1;
    const settled = (hasEnded: boolean, nextId?: string) => {
      inHand.endings -= 1;
      if (hasEnded) guarded('following the end of a job', () => end(inHand, nextId));
    };
    void Promise.resolve(result).then(
      // `moveToWaitingChildren` resolves with false if there is nothing left to wait for: the job continues.
      (value) => settled(value !== false, idOfNext(value)),
      (error) => settled(NOT_OURS.test(String(error))),
    );
    return result;
  };
}

/** Which of the jobs (ARGV) are not in the list of active jobs, and how many others are in it. */
const NOT_ACTIVE: RedisScript = {
  name: 'tidemark:not-active',
  lua: `
local active = redis.call('LRANGE', KEYS[1], 0, -1)
local isActive = {}
for _, id in ipairs(active) do isActive[id] = true end
local lost = {}
for _, id in ipairs(ARGV) do if not isActive[id] then lost[#lost + 1] = id end end
return {lost, #active - (#ARGV - #lost)}
`,
};

/**
 * Forgets the jobs that the application fetched with `worker` and that have left `active` unseen: another process ended
 * them, or the application dropped them and they stalled. A job that a call under way may end stays: the answer to that
 * call may bring the next job, and may be read later than this one. Never rejects.
 */
export async function forgetLostJobs(worker: object, held: HeldWorker): Promise<void> {
  if (asking.has(held)) return;
  const inHand = new Map<string, InHand>();
  for (const job of handedOut.values()) if (job.held === held) inHand.set(job.id, job);
  const unknown = notCounted.get(held);
  const [first = unknown] = inHand.values();
  if (first === undefined) return;
  asking.add(held);
  const answer = await borrowRedis(worker)
    ?.evaluate(NOT_ACTIVE, [`${first.queue}:active`], [...inHand.keys()])
    // At the next look.
    .catch(() => null);
  asking.delete(held);
  const [lost, others]: readonly unknown[] = Array.isArray(answer) ? answer : [];
  if (!Array.isArray(lost)) return;
  for (const id of lost) {
    const job = inHand.get(String(id));
    if (job?.endings === 0) forget(job);
  }
  if (Number(others) === 0 && unknown !== undefined && notCounted.get(held) === unknown) {
    notCounted.delete(held);
    held.handedOutJobEnded(NOT_COUNTED);
  }
}

/** Forgets the jobs of a worker that has closed: it counts no more, and nobody can ask for them over its connection. */
export function forgetJobsOf(held: HeldWorker): void {
  for (const job of handedOut.values()) if (job.held === held) forget(job);
}

function end(job: InHand, nextId?: string): void {
  forget(job);
  if (nextId !== undefined) handOut({ ...job, id: nextId });
}

function handOut(job: Omit<InHand, 'endings'>): void {
  const { queue, id, held } = job;
  const key = keyOf(queue, id);
  const former = handedOut.get(key);
  if (former !== undefined) forget(former);
  if (handedOut.size < MAX_HANDED_OUT) {
    handedOut.set(key, { ...job, endings: 0 });
    held.jobHandedOut(key);
  } else {
    notCounted.set(held, job);
    held.jobHandedOut(NOT_COUNTED);
  }
  if (handedOut.size % ASK_EVERY > 0) return;
  const owners = new Map([...handedOut.values()].map((other) => [other.held, other.worker]));
  for (const [owner, worker] of owners) void forgetLostJobs(worker, owner);
}

function forget(job: InHand): void {
  const key = keyOf(job.queue, job.id);
  if (handedOut.get(key) !== job) return;
  handedOut.delete(key);
  job.held.handedOutJobEnded(key);
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
