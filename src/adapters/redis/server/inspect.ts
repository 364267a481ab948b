import { LedgerUnavailable } from '../../../model/errors.ts';
import type { StateObstacle } from '../../../model/state-obstacle.ts';
import { connectRedis, isHerokuKeyValueStore, type RedisConnection } from '../connection/connection.ts';
import { createKeys } from '../keys.ts';
import { parseServerInfo, type ServerInfo } from './server-info.ts';
import { watchState } from './state-watch.ts';

/** How a Redis is set up, from its own INFO. */
export interface RedisInspection extends ServerInfo {
  readonly host: string;
  readonly tls: 'verified' | 'not-verified' | 'none';
  /** Its clock less this machine's, in ms; null where it is unknown. */
  readonly clockAheadMs: number | null;
  /** What keeps it from holding the state; null where nothing does, or where that was not asked. */
  readonly obstacle: StateObstacle | null;
}

export type InspectAnswer =
  | { readonly ok: true; readonly found: RedisInspection }
  | { readonly ok: false; readonly host: string; readonly why: string };

const CONNECT_TIMEOUT_MS = 8_000;

/**
 * Connects, reads, and disconnects. Throws `ConfigError` where the URL cannot be used.
 *
 * @param use `state`: also makes the writes of the state, on a key that nothing else uses
 */
export async function inspectRedis(url: string, use: 'state' | 'other'): Promise<InspectAnswer> {
  const fault = Promise.withResolvers<string>();
  const log = (level: 'info' | 'warn', message: string) => {
    if (level === 'warn') fault.resolve(message);
  };
  const connection = connectRedis({ url, log });
  const { host, hostname, protocol } = new URL(url);
  try {
    // The connection would retry forever; here the first fault is the answer.
    const ready = await Promise.race([connection.untilReady(CONNECT_TIMEOUT_MS), fault.promise]);
    if (ready !== true) return { ok: false, host, why: ready || `no connection within ${CONNECT_TIMEOUT_MS / 1000} s` };
    const info = await connection.run('INFO', (redis) => redis.info());
    const clockAheadMs = await readClock(connection);
    const tls = protocol === 'redis:' ? 'none' : isHerokuKeyValueStore(hostname) ? 'not-verified' : 'verified';
    const obstacle = use === 'state' ? await stateObstacle(connection) : null;
    return { ok: true, found: { host, tls, ...parseServerInfo(info), clockAheadMs, obstacle } };
  } catch (error) {
    if (error instanceof LedgerUnavailable) return { ok: false, host, why: error.message };
    throw error;
  } finally {
    await connection.close();
  }
}

function stateObstacle(connection: RedisConnection): Promise<StateObstacle | null> {
  const keys = createKeys();
  return watchState(connection, { keys, seatKey: keys.leader }, () => performance.now()).obstacle();
}

/** Uses TIME, which a restricted Redis user may not be allowed. Takes half of the round trip for the way back. */
async function readClock(connection: RedisConnection): Promise<number | null> {
  const askedMs = Date.now();
  try {
    const [seconds, microseconds] = await connection.run('TIME', (redis) => redis.time());
    const answeredMs = Date.now();
    return Math.round(Number(seconds) * 1000 + Number(microseconds) / 1000 - (askedMs + answeredMs) / 2);
  } catch (error) {
    if (error instanceof LedgerUnavailable) return null;
    throw error;
  }
}
