import { randomUUID } from 'node:crypto';
import type { StateObstacle } from '../../model/state-obstacle.ts';
import type { Target } from '../../model/target.ts';
import type { Actuators, Journal, Leader, Ledger, ReportStore, Snapshots, TakeSnapshot } from '../../ports.ts';
import { createActuators } from './actuators.ts';
import { connectRedis } from './connection/connection.ts';
import { createRedisJournal } from './journal/journal.ts';
import { createPassedWebhooks, type PassedWebhooks } from './journal/passed-webhooks.ts';
import { createKeys } from './keys.ts';
import { createInsideLeaders, createLeader, isLed, type LeaderSeat } from './leader.ts';
import { RecordFaults } from './ledger/record-faults.ts';
import { createRedisLedger, type LedgerPolicy } from './ledger/redis-ledger.ts';
import { createReportStore } from './report-store.ts';
import { watchEviction } from './server/eviction.ts';
import { watchState } from './server/state-watch.ts';
import { createSnapshots, readSavedJobs, readSnapshots, type WantedBoots } from './snapshots.ts';

export interface RedisStateOptions {
  /** Where the state lives. Redis 5 or later, with `noeviction` or `volatile-*`; not a Redis Cluster. */
  readonly url: string;
  readonly policy: LedgerPolicy;
  /** For people. Never carries a secret. */
  readonly log?: (level: 'info' | 'warn', message: string) => void;
  /** Before every key; default `tidemark:`. */
  readonly keyPrefix?: string;
  /** Default: the one key of all actuators, held under a random id. */
  readonly seat?: LeaderSeat;
  readonly commandTimeoutMs?: number;
  readonly leaseMs?: number;
  /** Added to Redis's time in the ledger, so that tests need not wait. */
  readonly clockOffsetMs?: () => number;
}

/** Everything the actuator keeps in Redis, on one connection. */
export interface RedisState {
  readonly ledger: Ledger;
  readonly journal: Journal;
  readonly snapshots: Snapshots;
  /**
   * Passes the snapshots on to who only looks: changes and reports nothing. Throws `LedgerUnavailable`.
   *
   * @returns how many more than the most that were asked for are wanted
   */
  savedBoots(wanted: WantedBoots, take: TakeSnapshot): Promise<number>;
  /** What jobs did in these boots, by the keys of the boots; only of those that have it. Throws `LedgerUnavailable`. */
  savedJobs(bootKeys: readonly string[]): Promise<ReadonlyMap<string, string>>;
  readonly leader: Leader;
  readonly actuators: Actuators;
  readonly reports: ReportStore;
  readonly webhooks: PassedWebhooks;
  /** Whether Redis is connected. While it is not, every method of the ledger throws `LedgerUnavailable` at once. */
  available(): boolean;
  /** True as soon as Redis is connected, false when the time is over first. The connection keeps trying either way. */
  untilAvailable(timeoutMs: number): Promise<boolean>;
  /** Called at every (re)connect. */
  onAvailable(listener: () => void): void;
  /**
   * What keeps Redis from holding the state now; null where nothing is known to, and where Redis is away. Makes writes
   * that change nothing. Does not reject for faults of Redis.
   */
  obstacle(): Promise<StateObstacle | null>;
  /** What INFO alone shows of it: for who only looks. Writes nothing. */
  seenObstacle(): Promise<StateObstacle | null>;
  /**
   * Whether an actuator has used this Redis before: reading the ledger of a new one would start its hold. Throws
   * `LedgerUnavailable`.
   */
  hasLedger(): Promise<boolean>;
  /** Whether an actuator leads now. Throws `LedgerUnavailable`. */
  isLed(): Promise<boolean>;
  /**
   * Whether another actuator, inside a worker of this target, leads it: that one writes its journal and snapshots.
   * Throws `LedgerUnavailable`.
   */
  isLedInside(target: Target): Promise<boolean>;
  close(): Promise<void>;
}

/** Connects in the background. Throws `ConfigError` where the URL cannot be used. */
export function createRedisState(options: RedisStateOptions): RedisState {
  const { url, policy, log = () => {}, keyPrefix, commandTimeoutMs, leaseMs, clockOffsetMs } = options;
  const connection = connectRedis({ url, log, ...(commandTimeoutMs === undefined ? {} : { commandTimeoutMs }) });
  const keys = createKeys(keyPrefix);
  const faults = new RecordFaults(log);
  const eviction = watchEviction(connection, log, () => performance.now());
  const seat = options.seat ?? { key: keys.leader, id: randomUUID() };
  const watch = watchState(connection, { keys, seatKey: seat.key }, () => performance.now());
  const leader = createLeader({ connection, seat, log, ...(leaseMs === undefined ? {} : { leaseMs }) });
  return {
    ledger: createRedisLedger({ connection, keys, eviction, watch, policy, faults, clockOffsetMs }),
    journal: createRedisJournal({ connection, keys, faults, log }),
    snapshots: createSnapshots({ connection, keys, faults }),
    savedBoots: (wanted, take) => readSnapshots(connection, keys, wanted, take),
    savedJobs: (bootKeys) => readSavedJobs(connection, keys, bootKeys),
    leader,
    actuators: createActuators(connection, keys),
    reports: createReportStore({ connection, keys, log }),
    webhooks: createPassedWebhooks(connection, keys),
    available: connection.available,
    untilAvailable: connection.untilReady,
    onAvailable: connection.onReady,
    obstacle: watch.obstacle,
    seenObstacle: watch.seen,
    hasLedger: async () => (await connection.run('the epoch', (redis) => redis.exists(keys.epoch))) > 0,
    isLed: () => isLed(connection, keys),
    isLedInside: createInsideLeaders(connection),
    async close() {
      await leader.stop();
      await connection.close();
    },
  };
}
