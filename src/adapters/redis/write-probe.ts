import { LedgerUnavailable } from '../../model/errors.ts';
import type { RedisConnection } from './connection.ts';
import type { Keys } from './keys.ts';

/** Writes what is there already, and nothing where nothing is: a Redis without memory refuses the command all the same. */
const REWRITE = `
redis.call('SET', KEYS[1], redis.call('GET', KEYS[1]) or '', 'XX')
return 1
`;

/**
 * Whether Redis takes writes. One that is full (OOM), that cannot save (MISCONF), or that is a replica (READONLY) answers every read, so that
 * all seems well until a restart is due. A Redis that does not answer at all is not told apart here: true.
 */
export async function takesWrites(connection: RedisConnection, keys: Keys): Promise<boolean> {
  try {
    await connection.run('a write', (redis) => redis.eval(REWRITE, 1, keys.epoch));
    return true;
  } catch (error) {
    if (!(error instanceof LedgerUnavailable)) throw error;
    return !/\b(OOM|MISCONF|READONLY|NOREPLICAS)\b/.test(error.message);
  }
}
