import { LedgerUnavailable } from '../../../model/errors.ts';
import type { StateObstacle } from '../../../model/state-obstacle.ts';
import type { RedisConnection } from '../connection/connection.ts';
import { obstacleOf } from '../connection/obstacle-of.ts';
import type { Keys } from '../keys.ts';
import { obstacleIn, parseServerInfo } from './server-info.ts';
import { REWRITE, TRY_ALL } from './write-probe.ts';

/** Checks that a Redis can hold the state. */
export interface StateWatch {
  /**
   * What keeps Redis from holding the state now; null where nothing is known to. Makes a write; makes all commands of
   * the state and reads INFO at every connect, once a minute, and while there is an obstacle. Never rejects for a fault
   * of Redis. Null also where Redis is away or does not answer in time, which other checks report.
   */
  obstacle(): Promise<StateObstacle | null>;
  /** The same; where nothing was found within the last minute, null without another look. */
  recent(): Promise<StateObstacle | null>;
  /** What INFO alone shows: for who only looks. Writes nothing. */
  seen(): Promise<StateObstacle | null>;
}

const FRESH_MS = 60_000;
/** Stands for any app, process type, actuator or boot in a key that is named and not written. */
const ANY = 'any';

export function watchState(
  connection: RedisConnection,
  { keys, seatKey }: { readonly keys: Keys; readonly seatKey: string },
  monotonic: () => number,
): StateWatch {
  /** When nothing was found last, on this connection. */
  let wellAtMs = Number.NEGATIVE_INFINITY;
  connection.onReady(() => {
    wellAtMs = Number.NEGATIVE_INFINITY;
  });
  const names = keysOf(keys, seatKey);
  const isWell = () => monotonic() - wellAtMs < FRESH_MS;

  const check = async () => {
    await connection.run('a write', (redis) => redis.eval(REWRITE, 1, keys.epoch));
    if (isWell()) return null;
    await connection.run('a try of all commands', (redis) => redis.eval(TRY_ALL, names.length, ...names));
    const found = await readInfo(connection);
    if (found === null) wellAtMs = monotonic();
    return found;
  };
  const obstacle = async () => {
    const found = await obstacleMet(connection, check);
    if (found !== null) wellAtMs = Number.NEGATIVE_INFINITY;
    return found;
  };
  return {
    obstacle,
    recent: () => (isWell() ? Promise.resolve(null) : obstacle()),
    seen: () => obstacleMet(connection, () => readInfo(connection)),
  };
}

async function readInfo(connection: RedisConnection): Promise<StateObstacle | null> {
  return obstacleIn(parseServerInfo(await connection.run('INFO', (redis) => redis.info())));
}

/** What the work finds, or what its failure shows. A connection that is not ready is not asked. */
async function obstacleMet(
  connection: RedisConnection,
  work: () => Promise<StateObstacle | null>,
): Promise<StateObstacle | null> {
  if (!connection.available()) return connection.obstacle();
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof LedgerUnavailable)) throw error;
    return obstacleOf(error.message);
  }
}

/** One of each kind of key, the probe's first. */
function keysOf(keys: Keys, seatKey: string): readonly string[] {
  const target = { app: ANY, processType: ANY };
  return [
    keys.probe,
    ...[keys.record(target), keys.spent(target), keys.open, keys.records, keys.pauseAll, keys.epoch],
    ...[keys.journal, seatKey, keys.overLimit, keys.summaryWeek, keys.actuator(ANY), keys.actuators, keys.webhooks],
    ...[keys.snapshot(ANY), keys.jobs(ANY), keys.snapshots(null), keys.snapshots(0)],
  ];
}
