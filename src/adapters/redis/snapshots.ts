import type { Snapshots } from '../../ports.ts';
import type { RedisConnection } from './connection.ts';
import type { Keys } from './keys.ts';
import type { RecordFaults } from './ledger/record-faults.ts';

/** A boot that was silent for longer is gone. */
const EXPIRY_MS = 48 * 3_600_000;
/** As long as an actuator counts the jobs of a boot. */
const JOBS_EXPIRY_MS = 24 * 3_600_000;
const PAGE = 100;

export interface SnapshotsOptions {
  readonly connection: RedisConnection;
  readonly keys: Keys;
  readonly faults: RecordFaults;
}

export function createSnapshots({ connection, keys, faults }: SnapshotsOptions): Snapshots {
  const report = (bootKey: string, why: string) =>
    faults.report({
      key: keys.snapshot(bootKey),
      why,
      without:
        'Tidemark observes this boot from its next measurement on, as if it were new; no other boot is affected.',
      advice: 'Nothing needs to be done: Tidemark overwrites it.',
    });
  return {
    async save(bootKey, json, { jobs = null, partition = null } = {}) {
      await connection.run('a snapshot', async (redis) => {
        // The index first: the next load drops an id without a snapshot, but would not find a snapshot without its id.
        const indexes = new Set([null, partition]);
        await Promise.all([...indexes].map((index) => redis.sadd(keys.snapshots(index), bootKey)));
        const saved = redis.set(keys.snapshot(bootKey), json, 'PX', EXPIRY_MS);
        await Promise.all([saved, jobs === null ? null : redis.set(keys.jobs(bootKey), jobs, 'PX', JOBS_EXPIRY_MS)]);
      });
      faults.clear(keys.snapshot(bootKey));
    },
    async load(partition) {
      const index = keys.snapshots(partition);
      const type = await connection.run('the snapshots', (redis) => redis.type(index));
      if (type !== 'set' && type !== 'none') {
        faults.report({
          key: index,
          why: `it is a ${type}, not a set`,
          without: 'Tidemark has deleted it, and observes all dynos as if they were new.',
          advice: 'Find out what else writes to keys that begin with tidemark:.',
        });
        await connection.run('the snapshots', (redis) => redis.del(index));
        return new Map();
      }
      const ids = await connection.run('the snapshots', (redis) => redis.smembers(index));
      const found = await readTexts(connection, ids, keys.snapshot);
      const missing = ids.filter((id) => !found.has(id));
      for (const id of missing) {
        const kind = await connection.run('the snapshots', (redis) => redis.type(keys.snapshot(id)));
        if (kind !== 'none') report(id, `it is a ${kind}, not a string`);
      }
      if (missing.length > 0) await connection.run('the snapshots', (redis) => redis.srem(index, ...missing));
      return found;
    },
    refuse: (bootKey) => report(bootKey, 'it is damaged, from another version of Tidemark, or dated in the future'),
  };
}

/** Which of the saved boots are wanted, by their keys, and how many at most. */
export interface WantedBoots {
  readonly isWanted: (bootKey: string) => boolean;
  readonly max: number;
}

export interface SavedBoots {
  /** By the keys of the boots. */
  readonly texts: ReadonlyMap<string, string>;
  /** Wanted ones beyond the most that were asked for. */
  readonly leftOut: number;
}

/** What `load` answers of all, for who only looks: changes and reports nothing. Throws `LedgerUnavailable`. */
export async function readSnapshots(
  connection: RedisConnection,
  keys: Keys,
  { isWanted, max }: WantedBoots,
): Promise<SavedBoots> {
  const type = await connection.run('the snapshots', (redis) => redis.type(keys.snapshots(null)));
  if (type !== 'set') return { texts: new Map(), leftOut: 0 };
  const ids = await connection.run('the snapshots', (redis) => redis.smembers(keys.snapshots(null)));
  const wanted = ids.filter(isWanted);
  const texts = await readTexts(connection, wanted.slice(0, max), keys.snapshot);
  return { texts, leftOut: Math.max(0, wanted.length - max) };
}

/** What jobs did in these boots, by the keys of the boots. Throws `LedgerUnavailable`. */
export function readSavedJobs(
  connection: RedisConnection,
  keys: Keys,
  bootKeys: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  return readTexts(connection, bootKeys, keys.jobs);
}

/** The texts of those ids that have one, some at a time. */
async function readTexts(
  connection: RedisConnection,
  ids: readonly string[],
  keyOf: (id: string) => string,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (let first = 0; first < ids.length; first += PAGE) {
    const page = ids.slice(first, first + PAGE);
    const texts = await connection.run('the snapshots', (redis) => redis.mget(page.map(keyOf)));
    page.forEach((id, index) => {
      const text = texts[index];
      if (typeof text === 'string') found.set(id, text);
    });
  }
  return found;
}
