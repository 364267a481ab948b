import { DRAIN_KEY_LIFE_MS, type DrainAnswer, drainAnswersKey, drainKey } from '../../semconv.ts';
import { type BorrowedRedis, borrowRedis, type RedisScript } from '../bullmq/borrowed-redis.ts';
import type { DrainableWorker } from './drainable-worker.ts';

/** What one look at the drain key gave. */
export interface Sighting {
  readonly redis: BorrowedRedis;
  readonly server: string;
  /** Null where the key is not there. */
  readonly attemptId: string | null;
  /** Redis's time. */
  readonly atMs: number;
}

const LOOK: RedisScript = {
  name: 'tidemark:look',
  lua: `
local time = redis.call('TIME')
return {redis.call('GET', KEYS[1]), time[1] * 1000 + math.floor(time[2] / 1000)}
`,
};

const ANSWER: RedisScript = {
  name: 'tidemark:answer',
  lua: `
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return redis.call('PEXPIRE', KEYS[1], ARGV[3])
`,
};

/** Looks at the drain key over a connection of one worker for each Redis that the workers use. Where one does not answer, it is left out. */
export async function lookForDrain(workers: Iterable<DrainableWorker>, bootId: string): Promise<readonly Sighting[]> {
  const lenders = new Map<string, BorrowedRedis>();
  for (const worker of workers) {
    const server = serverOf(worker);
    if (worker.closing || lenders.has(server)) continue;
    const redis = borrowRedis(worker);
    if (redis !== null) lenders.set(server, redis);
  }
  const looks = [...lenders].map(async ([server, redis]): Promise<Sighting> => {
    const [attemptId, atMs] = (await redis.evaluate(LOOK, [drainKey(bootId)], [])) as [string | null, number];
    return { redis, server, attemptId, atMs: Number(atMs) };
  });
  const settled = await Promise.allSettled(looks);
  return settled.flatMap((look) => (look.status === 'fulfilled' ? [look.value] : []));
}

/** Tells the actuator how far this process has come. */
export async function answerDrain(
  { redis, atMs }: Sighting,
  from: { readonly bootId: string; readonly processId: string },
  answer: Omit<DrainAnswer, 'atMs'>,
): Promise<void> {
  const value: DrainAnswer = { ...answer, atMs };
  const args = [from.processId, JSON.stringify(value), `${DRAIN_KEY_LIFE_MS}`];
  await redis.evaluate(ANSWER, [drainAnswersKey(from.bootId)], args);
}

/** Workers of one process mostly share one Redis, through options that are alike and connections that are not. */
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
