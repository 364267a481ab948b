import {
  DRAIN_KEY_LIFE_MS,
  type DrainAnswer,
  type DrainKeyNames,
  type DrainQuestion,
  parseDrainQuestion,
} from '../../shared/drain-messages.ts';
import { parseMemoryQuestion } from '../../shared/memory-report-messages.ts';
import { type BorrowedRedis, borrowRedis, type RedisScript } from '../bullmq/borrowed-redis.ts';
import { warnOfRefusal } from '../bullmq/redis-refusal.ts';
import { warnOnce } from '../warn-once.ts';
import type { DrainableWorker } from './drainable-worker.ts';

/** The result of reading the drain key once. */
export interface Sighting {
  readonly redis: BorrowedRedis;
  readonly server: string;
  /** Null if the key does not exist. */
  readonly question: DrainQuestion | null;
  /** The RSS (bytes) up to which allocations should be sampled; null if nobody asks for it. */
  readonly samplingMaxRssBytes: number | null;
  /** Redis's time, Unix ms. */
  readonly atMs: number;
}

const LOOK: RedisScript = {
  name: 'tidemark:look',
  lua: `
local time = redis.call('TIME')
-- Whatever is at the second key, a drain must be seen.
local report = KEYS[2] and redis.pcall('GET', KEYS[2])
return {
  redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1]), time[1] * 1000 + math.floor(time[2] / 1000),
  type(report) == 'string' and report or false
}
`,
};

const ANSWER: RedisScript = {
  name: 'tidemark:answer',
  lua: `
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return redis.call('PEXPIRE', KEYS[1], ARGV[3])
`,
};

/** PTTL of a key that does not expire. */
const FOR_EVER = -1;

export interface Look {
  readonly sightings: readonly Sighting[];
  /** Whether every Redis answered. */
  readonly isComplete: boolean;
}

/**
 * Reads the drain key, and the question for a memory report, from each Redis that the workers use, over the connection
 * of one of its workers. A Redis that does not answer is left out.
 *
 * @param reportKey in the cluster slot of the drain key; null: it is not read
 */
export async function lookForDrain(
  workers: Iterable<DrainableWorker>,
  keys: DrainKeyNames,
  reportKey: string | null,
): Promise<Look> {
  const lenders = new Map<string, BorrowedRedis>();
  for (const worker of workers) {
    const server = serverOf(worker);
    if (worker.closing || lenders.has(server)) continue;
    const redis = borrowRedis(worker);
    if (redis !== null) lenders.set(server, redis);
  }
  const read = reportKey === null ? [keys.question] : [keys.question, reportKey];
  const looks = [...lenders].map(async ([server, redis]): Promise<Sighting> => {
    const answer = await redis.evaluate(LOOK, read, []);
    const [value, ttlMs, atMs, report] = answer as [string | null, number, number, string | null | undefined];
    const question = questionIn(value, Number(ttlMs), keys.question);
    const samplingMaxRssBytes = parseMemoryQuestion(report ?? '');
    return { redis, server, question, samplingMaxRssBytes, atMs: Number(atMs) };
  });
  const settled = await Promise.allSettled(looks);
  const sightings = settled.flatMap((look) => {
    if (look.status === 'fulfilled') return [look.value];
    warnOfRefusal(look.reason, 'this process cannot be asked to finish its jobs before its dyno is restarted.');
    return [];
  });
  return { sightings, isComplete: sightings.length === looks.length };
}

/**
 * The actuator's question always expires, so that workers resume if the actuator dies. A key without an expiry would
 * stop them for ever, so it is ignored.
 */
function questionIn(value: string | null, ttlMs: number, key: string): DrainQuestion | null {
  if (value === null) return null;
  const question = ttlMs === FOR_EVER ? null : parseDrainQuestion(value);
  if (question === null) {
    const why = ttlMs === FOR_EVER ? 'it has no expiry' : 'its value is not one that an actuator writes';
    warnOnce(`the Redis key ${key} was not set by the actuator (${why}): it is ignored. Delete it.`);
  }
  return question;
}

export interface AnsweringProcess {
  readonly keys: DrainKeyNames;
  readonly processId: string;
}

/** Reports to the actuator how far this process is with the drain. */
export async function answerDrain(
  { redis, atMs }: Pick<Sighting, 'redis' | 'atMs'>,
  { keys, processId }: AnsweringProcess,
  answer: Omit<DrainAnswer, 'atMs'>,
): Promise<void> {
  const value: DrainAnswer = { ...answer, atMs };
  const args = [processId, JSON.stringify(value), `${DRAIN_KEY_LIFE_MS}`];
  // The second is for actuators that read the former name. Two calls, because in a cluster the keys lie in different
  // slots.
  const written = [keys.answers, keys.formerAnswers].map((key) => redis.evaluate(ANSWER, [key], args));
  for (const write of await Promise.allSettled(written)) {
    if (write.status === 'fulfilled') continue;
    const consequence = 'this process cannot report to the actuator that its jobs are done.';
    if (!warnOfRefusal(write.reason, consequence)) throw write.reason;
  }
}

/** Workers of one process usually share one Redis, with equal options and separate connections. */
function serverOf({ opts }: DrainableWorker): string {
  const connection = opts?.connection as { options?: unknown } | undefined;
  const options = (connection?.options ?? connection ?? {}) as Record<string, unknown>;
  const { url, host, port, path, db, socket, redisOptions } = options;
  const place = { url, host, port, path, db, socket, redisOptions } as Record<string, unknown>;
  try {
    return JSON.stringify(place);
  } catch {
    return '';
  }
}
