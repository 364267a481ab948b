import type { SavedBoot, Snapshots, TakeSnapshot } from '../../ports.ts';
import { type ReadText, readMembers, readTexts } from './connection/bounded-reads.ts';
import type { RedisConnection } from './connection/connection.ts';
import type { Keys } from './keys.ts';
import type { RecordFaults } from './ledger/record-faults.ts';

/** A boot that was silent for longer is gone. */
const EXPIRY_MS = 48 * 3_600_000;
/** As long as an actuator counts the jobs of a boot. */
const JOBS_EXPIRY_MS = 24 * 3_600_000;
const PAGE = 50;
/** Longer texts were written by something else. A snapshot has 5 kB, and of a dyno with 64 processes 30 kB. */
const MAX_SNAPSHOT_BYTES = 256 * 1024;
const MAX_JOBS_BYTES = 64 * 1024;

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
    async save(boots) {
      if (boots.length === 0) return;
      await connection.run('the snapshots', async (redis) => {
        const all = redis.pipeline();
        // The index first: the next load drops an id without a snapshot, but would not find a snapshot without its id.
        for (const [index, ids] of byIndex(boots)) all.sadd(keys.snapshots(index), ...ids);
        for (const { bootKey, json, jobs = null } of boots) {
          all.set(keys.snapshot(bootKey), json, 'PX', EXPIRY_MS);
          if (jobs !== null) all.set(keys.jobs(bootKey), jobs, 'PX', JOBS_EXPIRY_MS);
        }
        for (const [fault] of (await all.exec()) ?? []) if (fault !== null) throw fault;
      });
      for (const { bootKey } of boots) faults.clear(keys.snapshot(bootKey));
    },
    async load(partition, take) {
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
        return;
      }
      for await (const ids of readMembers(connection, 'the snapshots', index)) {
        const missing: string[] = [];
        await eachText(connection, ids, { keyOf: keys.snapshot, maxBytes: MAX_SNAPSHOT_BYTES }, (id, text) => {
          if (typeof text === 'string') return take(id, text);
          missing.push(id);
          if (text !== null) report(id, text.fault);
        });
        if (missing.length > 0) await connection.run('the snapshots', (redis) => redis.srem(index, ...missing));
      }
    },
    refuse: (bootKey) => report(bootKey, 'it is damaged, from another version of Tidemark, or dated in the future'),
  };
}

/** The keys of the boots by the index that they are found in: that of all, and those of their partitions. */
function byIndex(boots: readonly SavedBoot[]): ReadonlyMap<number | null, readonly string[]> {
  const keysOf = new Map<number | null, string[]>([[null, boots.map(({ bootKey }) => bootKey)]]);
  for (const { bootKey, partition = null } of boots) {
    if (partition === null) continue;
    const ofPartition = keysOf.get(partition) ?? [];
    keysOf.set(partition, ofPartition);
    ofPartition.push(bootKey);
  }
  return keysOf;
}

/** Which of the saved boots are wanted, by their keys, and how many at most. */
export interface WantedBoots {
  readonly isWanted: (bootKey: string) => boolean;
  readonly max: number;
}

/**
 * What `load` passes on of all, for who only looks: changes and reports nothing. Throws `LedgerUnavailable`.
 *
 * @returns how many more than the most that were asked for are wanted
 */
export async function readSnapshots(
  connection: RedisConnection,
  keys: Keys,
  { isWanted, max }: WantedBoots,
  take: TakeSnapshot,
): Promise<number> {
  const type = await connection.run('the snapshots', (redis) => redis.type(keys.snapshots(null)));
  if (type !== 'set') return 0;
  let wanted = 0;
  for await (const ids of readMembers(connection, 'the snapshots', keys.snapshots(null))) {
    const page = ids.filter(isWanted);
    const read = page.slice(0, Math.max(0, max - wanted));
    wanted += page.length;
    await eachText(connection, read, { keyOf: keys.snapshot, maxBytes: MAX_SNAPSHOT_BYTES }, (id, text) => {
      if (typeof text === 'string') take(id, text);
    });
  }
  return Math.max(0, wanted - max);
}

/** What jobs did in these boots, by the keys of the boots. Throws `LedgerUnavailable`. */
export async function readSavedJobs(
  connection: RedisConnection,
  keys: Keys,
  bootKeys: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  await eachText(connection, bootKeys, { keyOf: keys.jobs, maxBytes: MAX_JOBS_BYTES }, (id, text) => {
    if (typeof text === 'string') found.set(id, text);
  });
  return found;
}

interface TextsOf {
  readonly keyOf: (id: string) => string;
  readonly maxBytes: number;
}

/** Hands on the text of each id, some at a time. */
async function eachText(
  connection: RedisConnection,
  ids: readonly string[],
  { keyOf, maxBytes }: TextsOf,
  take: (id: string, text: ReadText) => void,
): Promise<void> {
  for (let first = 0; first < ids.length; first += PAGE) {
    const page = ids.slice(first, first + PAGE);
    const texts = await readTexts(connection, 'the snapshots', page.map(keyOf), maxBytes);
    for (const [at, id] of page.entries()) take(id, texts[at] ?? null);
  }
}
