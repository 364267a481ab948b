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
  readonly held: HeldWorker;
}

/** By queue and id, the oldest first: another object of the same job may end it. */
const handedOut = new Map<string, InHand>();
/** Jobs that other processes end stay until the next drain. More are in nobody's hands at a time. */
const MAX_HANDED_OUT = 1000;

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

/** Which of the jobs (ARGV) are not in the list of active jobs. */
const NOT_ACTIVE: RedisScript = {
  name: 'tidemark:not-active',
  lua: `
local active = {}
for _, id in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do active[id] = true end
local others = {}
for _, id in ipairs(ARGV) do if not active[id] then others[#others + 1] = id end end
return others
`,
};

/**
 * Forgets the jobs that the application fetched with `worker` and that have left `active` unseen: another process ended
 * them, or the application dropped them and they stalled. Never rejects.
 */
export async function forgetLostJobs(worker: object, held: HeldWorker): Promise<void> {
  const inHand = new Map([...handedOut].filter(([, job]) => job.held === held));
  const [first] = inHand.keys();
  if (first === undefined) return;
  const [queue = ''] = first.split('\n');
  const ids = [...inHand.keys()].map((key) => key.slice(queue.length + 1));
  const lost = await borrowRedis(worker)
    ?.evaluate(NOT_ACTIVE, [`${queue}:active`], ids)
    // At the next look.
    .catch(() => null);
  for (const id of Array.isArray(lost) ? lost : []) {
    const key = keyOf(queue, String(id));
    if (handedOut.get(key) === inHand.get(key)) forget(key);
  }
}

function end({ id, queueQualifiedName }: Job, nextId?: string): void {
  const held = forget(keyOf(queueQualifiedName, id ?? ''));
  if (nextId !== undefined && held !== undefined) handOut(keyOf(queueQualifiedName, nextId), held);
}

function handOut(key: string, held: HeldWorker): void {
  handedOut.set(key, { held });
  held.jobHandedOut(key);
  const [oldest] = handedOut.keys();
  if (handedOut.size > MAX_HANDED_OUT && oldest !== undefined) forget(oldest);
}

function forget(key: string): HeldWorker | undefined {
  const held = handedOut.get(key)?.held;
  handedOut.delete(key);
  held?.handedOutJobEnded(key);
  return held;
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
