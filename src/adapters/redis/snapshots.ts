import type { RedisConnection } from './connection.ts';
import type { Keys } from './keys.ts';

/** A boot that was not heard of for so long has gone. */
const EXPIRY_MS = 48 * 3_600_000;
const PAGE = 100;

/** The folded state of each boot, so that a restarted actuator goes on where the last one was. */
export interface Snapshots {
  /** By a key that no other boot has, of another app neither. Throws `LedgerUnavailable`. */
  save(bootKey: string, json: string): Promise<void>;
  /** All snapshots that have not expired, by their key. Throws `LedgerUnavailable`. */
  loadAll(): Promise<ReadonlyMap<string, string>>;
}

export function createSnapshots(connection: RedisConnection, keys: Keys): Snapshots {
  return {
    async save(bootKey, json) {
      await connection.run('a snapshot', async (redis) => {
        // The index first: an id without a snapshot is dropped at the next load, a snapshot without its id would not be found.
        await redis.sadd(keys.snapshots, bootKey);
        await redis.set(keys.snapshot(bootKey), json, 'PX', EXPIRY_MS);
      });
    },
    async loadAll() {
      const found = new Map<string, string>();
      const ids = await connection.run('the snapshots', (redis) => redis.smembers(keys.snapshots));
      for (let first = 0; first < ids.length; first += PAGE) {
        const page = ids.slice(first, first + PAGE);
        const texts = await connection.run('the snapshots', (redis) => redis.mget(page.map(keys.snapshot)));
        page.forEach((id, index) => {
          const text = texts[index];
          if (typeof text === 'string') found.set(id, text);
        });
      }
      const expired = ids.filter((id) => !found.has(id));
      if (expired.length > 0) {
        await connection.run('the snapshots', (redis) => redis.srem(keys.snapshots, ...expired));
      }
      return found;
    },
  };
}
