import type { StateObstacle } from '../../../model/state-obstacle.ts';

/** What a Redis says of itself by INFO. Sizes in bytes; null where it says nothing, or where there is no maximum. */
export interface ServerInfo {
  readonly version: string | null;
  readonly maxmemoryPolicy: string | null;
  /** What counts towards the maximum: neither the buffers of replicas do nor that of the append-only file. */
  readonly usedBytes: number | null;
  readonly maxBytes: number | null;
  readonly isCluster: boolean;
  /** It has a master: what is written to it, if it takes writes at all, is lost. */
  readonly isReplica: boolean;
  /** It must have replicas to take writes (`min-replicas-to-write`), and has none in time. */
  readonly lacksReplicas: boolean;
}

/** The scripts need effects replication, the default since Redis 5.0. */
const OLDEST_MAJOR = 5;

export function parseServerInfo(info: string): ServerInfo {
  const field = (name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1] ?? null;
  const bytes = (name: string) => Number(field(name)) || null;
  const usedBytes = bytes('used_memory');
  return {
    version: field('redis_version'),
    maxmemoryPolicy: field('maxmemory_policy'),
    usedBytes: usedBytes === null ? null : usedBytes - (bytes('mem_not_counted_for_evict') ?? 0),
    maxBytes: bytes('maxmemory'),
    isCluster: field('cluster_enabled') === '1',
    isReplica: field('role') === 'slave',
    lacksReplicas: field('min_slaves_good_slaves') === '0',
  };
}

/** What INFO alone shows, without a write. */
export function obstacleIn(info: ServerInfo): StateObstacle | null {
  if (info.isCluster) return { code: 'cluster', detail: 'INFO has cluster_enabled:1' };
  if (Number.parseInt(info.version ?? '', 10) < OLDEST_MAJOR) {
    return { code: 'too-old', detail: `it is Redis ${info.version}, older than ${OLDEST_MAJOR}.0` };
  }
  if (info.isReplica) return { code: 'replica', detail: 'INFO has role:slave' };
  // Redis 5 lets scripts write all the same.
  if (info.lacksReplicas) return { code: 'too-few-replicas', detail: 'INFO has min_slaves_good_slaves:0' };
  const { usedBytes, maxBytes, maxmemoryPolicy } = info;
  const isFull = usedBytes !== null && maxBytes !== null && usedBytes > maxBytes && maxmemoryPolicy === 'noeviction';
  return isFull ? { code: 'full', detail: `${usedBytes} of ${maxBytes} bytes are in use` } : null;
}
