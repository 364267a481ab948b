import { Redis } from 'ioredis';
import { BadInputError } from '../../model/errors.ts';
import type { DemoRedis } from './own-redis.ts';

/** Set in a logical database while a demo uses it, so that a second demo takes another one. */
const MARK = 'tidemark-demo-database';
/** A server has 16 databases by default. */
const LAST_DATABASE = 15;

/**
 * An existing Redis (`REDIS_URL`): the demo takes one of its empty logical databases and leaves it empty. It needs its
 * own because the actuator's keys have fixed names, and another actuator may use the same server.
 */
export async function borrowRedis(url: string, runId: string): Promise<DemoRedis> {
  const connection = new Redis(url, { maxRetriesPerRequest: 1, connectTimeout: 5_000, lazyConnect: true });
  connection.on('error', () => {}); // Every command rejects with it too.
  try {
    await connection.connect();
    await refuseEviction(connection);
    const database = await takeEmptyDatabase(connection, runId);
    return { url: withDatabase(url, database), stop: () => giveBack(connection) };
  } catch (error) {
    connection.disconnect();
    if (error instanceof BadInputError) throw error;
    throw new BadInputError(
      `REDIS_URL: the Redis there cannot be used (${error instanceof Error ? error.message : String(error)}); ` +
        'unset REDIS_URL to let the demo start its own',
      { cause: error },
    );
  }
}

async function takeEmptyDatabase(connection: Redis, runId: string): Promise<number> {
  for (let database = LAST_DATABASE; database > 0; database--) {
    try {
      await connection.select(database);
    } catch {
      continue; // The server has fewer databases.
    }
    if ((await connection.dbsize()) > 0) continue;
    const mine = await connection.set(MARK, runId, 'NX');
    if (mine === 'OK' && (await connection.dbsize()) === 1) return database;
    if (mine === 'OK') await connection.del(MARK);
  }
  throw new BadInputError(
    `REDIS_URL: the demo needs an empty logical database (1 to ${LAST_DATABASE}), and none is empty; ` +
      'unset REDIS_URL to let the demo start its own Redis',
  );
}

/**
 * The actuator restarts nothing if its ledger may be evicted, so the demo could not succeed: refuse it at the start.
 */
async function refuseEviction(connection: Redis): Promise<void> {
  let policy: unknown;
  try {
    policy = ((await connection.config('GET', 'maxmemory-policy')) as readonly unknown[])[1];
  } catch {
    return; // Some servers do not allow CONFIG.
  }
  if (typeof policy === 'string' && policy.startsWith('allkeys-')) {
    throw new BadInputError(
      `REDIS_URL: the maxmemory-policy of this Redis is ${policy}, so it may drop the ledger, ` +
        'and nothing would be restarted; set it to noeviction or unset REDIS_URL',
    );
  }
}

/** Deletes the demo's keys, which all begin with `tidemark`. What others wrote to the database meanwhile stays. */
async function giveBack(connection: Redis): Promise<void> {
  try {
    let cursor = '0';
    do {
      const [next, keys] = await connection.scan(cursor, 'MATCH', 'tidemark*', 'COUNT', 500);
      if (keys.length > 0) await connection.unlink(...keys);
      cursor = next;
    } while (cursor !== '0');
  } finally {
    connection.disconnect();
  }
}

function withDatabase(url: string, database: number): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}
