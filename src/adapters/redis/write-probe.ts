import { LedgerUnavailable } from '../../model/errors.ts';
import type { RedisConnection } from './connection.ts';
import type { Keys } from './keys.ts';

/**
 * Rewrites the current value; writes nothing if the key does not exist. A Redis without memory refuses the command
 * either way.
 */
const REWRITE = `
redis.call('SET', KEYS[1], redis.call('GET', KEYS[1]) or '', 'XX')
return 1
`;

/**
 * Whether Redis accepts writes. A Redis that is full (OOM), cannot save (MISCONF) or is a replica (READONLY) answers
 * every read, so the fault would show only when a restart is due. True also where Redis does not answer at all; other
 * checks report that.
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
