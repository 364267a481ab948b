import { connectRedis } from '../../adapters/redis/connection.ts';
import { watchEviction } from '../../adapters/redis/eviction.ts';
import { createKeys } from '../../adapters/redis/keys.ts';
import { RecordFaults } from '../../adapters/redis/ledger/record-faults.ts';
import { createRedisLedger } from '../../adapters/redis/ledger/redis-ledger.ts';
import { LedgerUnavailable } from '../../model/errors.ts';
import type { Target } from '../../model/target.ts';

export interface SteeredLedger {
  /** The Redis, as people may see it: never its password. */
  readonly host: string;
  /** Whether an actuator leads on this ledger now. */
  readonly isLed: boolean;
  /** Whether the ledger had a record of the target before; true for all targets, and where it cannot be read. */
  readonly isKnown: boolean;
  /** What could not be paused or resumed, a sentence each. */
  readonly faults: readonly string[];
}

/** Neither pause nor resume uses a cooldown, a budget or a hold; the actuator has its own. */
const NO_POLICY = { cooldownMs: 0, maxRestartsPerHour: 0, holdMs: 0 };
const CONNECT_WITHIN_MS = 5_000;

/**
 * Pauses or resumes in the ledger itself, by the script that the actuator would run: for an actuator without HTTP. Throws
 * `LedgerUnavailable`, and `ConfigError` where the URL cannot be used.
 */
export async function steerLedger(
  url: string,
  what: 'pause' | 'resume',
  target: Target | null,
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
    const known = await connection
      .run('the record', (redis) => (target === null ? Promise.resolve(1) : redis.exists(keys.record(target))))
      .catch(() => 1);
    const faults: string[] = [];
    const recordFaults = new RecordFaults((_, message) => faults.push(message));
    await createRedisLedger({ connection, keys, eviction, policy: NO_POLICY, faults: recordFaults })[what](target);
    const leaders = await connection.run('the leader key', (redis) => redis.exists(keys.leader)).catch(() => 0);
    return { host: new URL(url).host, isLed: leaders > 0, isKnown: known > 0, faults };
  } finally {
    await connection.close();
  }
}
