import type { Snapshots } from '../../ports.ts';
import type { RedisConnection } from './connection.ts';
import type { Keys } from './keys.ts';
import type { RecordFaults } from './ledger/record-faults.ts';

/** A boot that was not heard of for so long has gone. */
const EXPIRY_MS = 48 * 3_600_000;
const PAGE = 100;

export interface SnapshotsOptions {
  readonly connection: RedisConnection;
  readonly keys: Keys;
  readonly faults: RecordFaults;
}

export function createSnapshots({ connection, keys, faults }: SnapshotsOptions): Snapshots {
  const tell = (bootKey: string, why: string) =>
    faults.tell({
      key: keys.snapshot(bootKey),
      why,
      without: 'This boot is observed from its next measurement on, as if it were new; the others are not affected.',
      advice: 'Nothing needs to be done: it is written over.',
    });
  return {
    async save(bootKey, json) {
      await connection.run('a snapshot', async (redis) => {
        // The index first: an id without a snapshot is dropped at the next load, a snapshot without its id would not be found.
        await redis.sadd(keys.snapshots, bootKey);
        await redis.set(keys.snapshot(bootKey), json, 'PX', EXPIRY_MS);
      });
      faults.clear(keys.snapshot(bootKey));
    },
    async loadAll() {
      const type = await connection.run('the snapshots', (redis) => redis.type(keys.snapshots));
      if (type !== 'set' && type !== 'none') {
        faults.tell({
          key: keys.snapshots,
          why: `it is a ${type} and no set`,
          without: 'Tidemark has deleted it, and observes the dynos as if they were new.',
          advice: 'Find out what else writes to keys that begin with tidemark:.',
        });
        await connection.run('the snapshots', (redis) => redis.del(keys.snapshots));
        return new Map();
      }
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
      const missing = ids.filter((id) => !found.has(id));
      for (const id of missing) {
        const kind = await connection.run('the snapshots', (redis) => redis.type(keys.snapshot(id)));
        if (kind !== 'none') tell(id, `it is a ${kind} and no string`);
      }
      if (missing.length > 0) {
        await connection.run('the snapshots', (redis) => redis.srem(keys.snapshots, ...missing));
      }
      return found;
    },
    refuse: (bootKey) =>
      tell(bootKey, 'it is damaged, of another version of Tidemark, or of a time that has not come yet'),
  };
}
