import { connectRedis, type RedisConnection } from '../../adapters/redis/connection/connection.ts';
import { createRedisJournal } from '../../adapters/redis/journal/journal.ts';
import { createKeys, type Keys } from '../../adapters/redis/keys.ts';
import { isLed } from '../../adapters/redis/leader.ts';
import { RecordFaults } from '../../adapters/redis/ledger/record-faults.ts';
import { createRedisLedger } from '../../adapters/redis/ledger/redis-ledger.ts';
import { watchEviction } from '../../adapters/redis/server/eviction.ts';
import { createSnapshots } from '../../adapters/redis/snapshots.ts';
import { readSnapshot } from '../../detector/boot/snapshot.ts';
import { LedgerUnavailable } from '../../model/errors.ts';
import { type Target, targetKey } from '../../model/target.ts';

export interface SteeredLedger {
  /** The Redis, as people may see it: never its password. */
  readonly host: string;
  /** Whether an actuator leads on this ledger now. */
  readonly isLed: boolean;
  /** False: Redis has neither a record nor a reporting dyno of the target. */
  readonly isKnown: boolean;
  /** What could not be paused or resumed, a sentence each. */
  readonly faults: readonly string[];
}

/** Neither pause nor resume uses a cooldown, a budget or a hold; the actuator has its own. */
const NO_POLICY = { cooldownMs: 0, maxRestartsPerHour: 0, holdMs: 0 };
const CONNECT_WITHIN_MS = 5_000;

/**
 * Pauses or resumes in the ledger itself, by the script that the actuator would run: for an actuator without HTTP.
 * Throws `LedgerUnavailable`, and `ConfigError` where the URL cannot be used.
 */
export async function steerLedger(
  url: string,
  what: 'pause' | 'resume',
  target: Target | null,
  by: string | null,
): Promise<SteeredLedger> {
  const said: string[] = [];
  const log = (level: 'info' | 'warn', message: string) => {
    if (level === 'warn') said.push(message);
  };
  const connection = connectRedis({ url, log });
  try {
    if (!(await connection.untilReady(CONNECT_WITHIN_MS)))
      throw new LedgerUnavailable(said.at(-1) ?? `Redis at ${new URL(url).hostname} does not answer`);
    const keys = createKeys();
    const eviction = watchEviction(
      connection,
      () => {},
      () => performance.now(),
    );
    const faults: string[] = [];
    const recordFaults = new RecordFaults((_, message) => faults.push(message));
    // A name that cannot be looked up must not stop the pause.
    const isKnown = target === null || (await isKnownTo(connection, keys, target).catch(() => true));
    const parts = { connection, keys, eviction, watch: null, policy: NO_POLICY, faults: recordFaults };
    await createRedisLedger(parts)[what](target, by);
    const event = { type: 'steering', timeMs: Date.now(), what, target: target && targetKey(target), by } as const;
    await createRedisJournal({ connection, keys, faults: recordFaults, log }).append(event);
    const isLedNow = await isLed(connection, keys).catch(() => false);
    return { host: new URL(url).host, isLed: isLedNow, isKnown, faults };
  } finally {
    await connection.close();
  }
}

async function isKnownTo(connection: RedisConnection, keys: Keys, target: Target): Promise<boolean> {
  if ((await connection.run('the record', (redis) => redis.exists(keys.record(target)))) > 0) return true;
  let isKnown = false;
  await createSnapshots({ connection, keys, faults: new RecordFaults(() => {}) }).load(null, (_, text) => {
    const identity = readSnapshot(text)?.boot.identity;
    isKnown ||= identity?.app === target.app && identity.processType === target.processType;
  });
  return isKnown;
}
