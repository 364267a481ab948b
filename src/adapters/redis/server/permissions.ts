import { randomUUID } from 'node:crypto';
import { LedgerUnavailable } from '../../../model/errors.ts';
import { DRAIN_KEY_LIFE_MS, drainKeyNames } from '../../../shared/drain-messages.ts';
import { connectRedis } from '../connection/connection.ts';

const CONNECT_TIMEOUT_MS = 8_000;

/** One call per key, as a cluster requires, with every command that workers and actuator use on it. */
const PROBES = [
  `redis.call('TIME') redis.call('SET', KEYS[1], '', 'PX', ARGV[1]) redis.call('GET', KEYS[1])
redis.call('PTTL', KEYS[1]) return redis.call('DEL', KEYS[1])`,
  `redis.call('HSET', KEYS[1], '', '') redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('HGETALL', KEYS[1]) return redis.call('DEL', KEYS[1])`,
] as const;

/**
 * Writes and deletes the drain keys of an invented boot, as workers and actuator do. Returns Redis's refusal; null
 * where it permits everything or cannot be reached. Throws `ConfigError` where the URL cannot be used.
 */
export async function probeDrainKeys(url: string): Promise<string | null> {
  const names = drainKeyNames({ app: 'tidemark-doctor', bootId: randomUUID() });
  if (names === null) return null;
  const connection = connectRedis({ url });
  try {
    if (!(await connection.untilReady(CONNECT_TIMEOUT_MS))) return null;
    for (const [index, key] of [names.question, names.answers].entries()) {
      await connection.run('a drain key', (redis) => redis.eval(PROBES[index] ?? '', 1, key, DRAIN_KEY_LIFE_MS));
    }
    return null;
  } catch (error) {
    if (error instanceof LedgerUnavailable) return error.message;
    throw error;
  } finally {
    await connection.close();
  }
}
