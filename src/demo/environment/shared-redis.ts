import { Redis } from 'ioredis';
import { BadInputError } from '../../model/errors.ts';
import type { DemoRedis } from './own-redis.ts';

/** A logical database holds this while a demo uses it, so that a second one takes another. */
const MARK = 'tidemark-demo-database';
/** A server has 16 unless it is told otherwise. */
const LAST_DATABASE = 15;

/**
 * A Redis that is there already (`REDIS_URL`): the demo takes an empty logical database of it, whatever the others hold, and leaves it empty.
 * It must have one to itself because the actuator's keys have fixed names, and another actuator may use the same server.
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
      `REDIS_URL: the Redis there cannot be used (${error instanceof Error ? error.message : String(error)}); unset REDIS_URL to let the demo start one of its own`,
      { cause: error },
    );
  }
}

async function takeEmptyDatabase(connection: Redis, runId: string): Promise<number> {
  for (let database = LAST_DATABASE; database > 0; database--) {
    try {
      await connection.select(database);
    } catch {
      continue; // It has fewer.
    }
    if ((await connection.dbsize()) > 0) continue;
    const mine = await connection.set(MARK, runId, 'NX');
    if (mine === 'OK' && (await connection.dbsize()) === 1) return database;
    if (mine === 'OK') await connection.del(MARK);
  }
  throw new BadInputError(
    `REDIS_URL: the demo needs an empty logical database (1 to ${LAST_DATABASE}), and there is none; unset REDIS_URL to let it start a Redis of its own`,
  );
}

/** The actuator restarts nothing where its ledger may be evicted: said here, before a demo that could not end well. */
async function refuseEviction(connection: Redis): Promise<void> {
  let policy: unknown;
  try {
    policy = ((await connection.config('GET', 'maxmemory-policy')) as readonly unknown[])[1];
  } catch {
    return; // Not everybody may ask.
  }
  if (typeof policy === 'string' && policy.startsWith('allkeys-')) {
    throw new BadInputError(
      `REDIS_URL: the maxmemory-policy of this Redis is ${policy}, so it may drop the ledger, and nothing would be restarted; set it to noeviction or unset REDIS_URL`,
    );
  }
}

/** The database was empty, and the demo's keys all begin alike; what anybody else wrote to it meanwhile stays. */
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
