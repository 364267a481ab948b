import { LedgerUnavailable } from '../../model/errors.ts';
import { connectRedis, isHerokuKeyValueStore, type RedisConnection } from './connection.ts';

/** How a Redis is set up, from its own INFO. Sizes in bytes; null where INFO has none, or where there is no maximum. */
export interface RedisInspection {
  readonly host: string;
  readonly version: string | null;
  readonly tls: 'verified' | 'not-verified' | 'none';
  readonly maxmemoryPolicy: string | null;
  readonly usedBytes: number | null;
  readonly maxBytes: number | null;
  readonly isCluster: boolean;
  /** It takes no writes of clients. */
  readonly isReplica: boolean;
  /** Its clock less this machine's, in ms; null where it is unknown. */
  readonly clockAheadMs: number | null;
}

export type InspectAnswer =
  | { readonly ok: true; readonly found: RedisInspection }
  | { readonly ok: false; readonly host: string; readonly why: string };

const CONNECT_TIMEOUT_MS = 8_000;

/** Connects, reads, and disconnects. Throws `ConfigError` where the URL cannot be used. */
export async function inspectRedis(url: string): Promise<InspectAnswer> {
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
    const field = (name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1] ?? null;
    const bytes = (name: string) => Number(field(name)) || null;
    return {
      ok: true,
      found: {
        host,
        version: field('redis_version'),
        tls: protocol === 'redis:' ? 'none' : isHerokuKeyValueStore(hostname) ? 'not-verified' : 'verified',
        maxmemoryPolicy: field('maxmemory_policy'),
        usedBytes: bytes('used_memory'),
        maxBytes: bytes('maxmemory'),
        isCluster: field('cluster_enabled') === '1',
        isReplica: field('role') === 'slave',
        clockAheadMs,
      },
    };
  } catch (error) {
    if (error instanceof LedgerUnavailable) return { ok: false, host, why: error.message };
    throw error;
  } finally {
    await connection.close();
  }
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
