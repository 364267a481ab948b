import { type InspectAnswer, inspectRedis, type RedisInspection } from '../adapters/redis/server/inspect.ts';
import { probeDrainKeys } from '../adapters/redis/server/permissions.ts';
import { obstacleIn } from '../adapters/redis/server/server-info.ts';
import type { ActuatorSettings } from '../config/resolve.ts';
import { STATE_OBSTACLES } from '../model/state-obstacle.ts';
import { formatBytes } from '../model/text/format.ts';
import { type Finding, findingsOn } from './finding.ts';

const { ok, warning, fault } = findingsOn('Redis');

const NEARLY_FULL = 0.9;

/** The state's Redis, and the queue's where it is another. */
export async function checkRedis({ stateRedisUrl, queueRedisUrl }: ActuatorSettings): Promise<readonly Finding[]> {
  if (stateRedisUrl === null) {
    return [fault('no Redis is configured: nothing is restarted, decisions are advice only', 'set REDIS_URL')];
  }
  const stateAnswer = await inspectRedis(stateRedisUrl, 'state');
  const state = judgeState(stateAnswer);
  if (queueRedisUrl === null) {
    const advice = "set REDIS_URL to the queue's Redis";
    return [...state, warning("the queue's Redis is not configured: jobs are not drained before a restart", advice)];
  }
  const isSame = queueRedisUrl === stateRedisUrl;
  const queueAnswer = isSame ? stateAnswer : await inspectRedis(queueRedisUrl, 'other');
  const queue = isSame ? [] : judgeQueue(queueAnswer);
  // A replica and a cluster refuse every key, and that is said already.
  const mayWrite = queueAnswer.ok && !queueAnswer.found.isReplica && !queueAnswer.found.isCluster;
  return [...state, ...queue, ...(mayWrite ? await judgeDrainKeys(queueRedisUrl) : [])];
}

/** Whether Tidemark can write its drain keys there. */
async function judgeDrainKeys(queueRedisUrl: string): Promise<readonly Finding[]> {
  const refusal = await probeDrainKeys(queueRedisUrl);
  if (refusal === null) return [];
  const isFull = /\bOOM\b/.test(refusal);
  return [
    fault(
      `the queue's Redis does not let Tidemark write its drain keys: jobs are not drained before a restart ` +
        `(${refusal})`,
      isFull
        ? 'it is full: free memory, or choose a bigger plan'
        : 'allow its user, and that of the workers, ~tidemark:* ' +
            'and the commands under "Redis permissions" in docs/settings.md',
    ),
  ];
}

/** What the ledger needs. */
export function judgeState(answer: InspectAnswer): readonly Finding[] {
  if (!answer.ok) return [unreached(answer, (why) => `${why}: nothing is restarted without the ledger`)];
  const { found } = answer;
  if (found.isCluster) {
    return [
      fault(`${found.host} is a Redis Cluster, which the ledger cannot use`, 'give TIDEMARK_REDIS_URL a single Redis'),
    ];
  }
  if (found.isReplica) {
    return [fault(`${found.host} is a replica, which takes no writes: nothing is restarted`, GIVE_MASTER)];
  }
  const obstacle = found.obstacle ?? obstacleIn(found);
  if (obstacle !== null) {
    const { says, advice } = STATE_OBSTACLES[obstacle.code];
    const finding = fault(`${found.host}: ${says}, so nothing is restarted (${obstacle.detail})`, advice);
    return [finding, ...judgeMemory(found), judgeEviction(found)];
  }
  const version = found.version ?? 'of unknown version';
  const reached = ok(`${found.host}: Redis ${version}, ${TLS_WORDS[found.tls]}${memoryOf(found)}`);
  return [reached, ...judgeMemory(found), judgeEviction(found)];
}

/** BullMQ checks what the queue needs; Tidemark only has to reach it. */
function judgeQueue(answer: InspectAnswer): readonly Finding[] {
  if (!answer.ok)
    return [unreached(answer, (why) => `the queue's Redis: ${why}: jobs are not drained before a restart`)];
  const { host, tls, isCluster, isReplica } = answer.found;
  if (isCluster) {
    const says = `the queue's Redis at ${host} is a Redis Cluster: Tidemark cannot drain jobs there, nor read points`;
    return [fault(says, 'give REDIS_URL a single Redis; a cluster is not supported')];
  }
  if (isReplica) {
    const says = `the queue's Redis at ${host} is a replica and takes no writes: jobs are not drained before a restart`;
    return [fault(says, GIVE_MASTER)];
  }
  return [
    ok(`the queue's Redis at ${host} is there, ${TLS_WORDS[tls]}${memoryOf(answer.found)}`),
    ...judgeMemory(answer.found),
  ];
}

/** The connection's own advice, where it has one, after the arrow. */
function unreached({ why }: Extract<InspectAnswer, { ok: false }>, says: (why: string) => string): Finding {
  const [fact = why, advice = CHECK_URL] = why.split(' -> ', 2);
  return fault(says(fact), advice);
}

const GIVE_MASTER = 'give the URL of its master (INFO replication names it)';
const CHECK_URL = 'check the URL, and that this machine may reach it';

const TLS_WORDS: Readonly<Record<RedisInspection['tls'], string>> = {
  verified: 'over TLS',
  'not-verified': 'over TLS with the self-signed chain of Heroku Key-Value Store, which is not verified',
  none: 'without TLS',
};

function judgeEviction({ maxmemoryPolicy }: RedisInspection): Finding {
  if (maxmemoryPolicy === null) {
    const advice = 'make sure that it is noeviction';
    return warning('its maxmemory-policy cannot be read: under allkeys-* Redis may drop the ledger', advice);
  }
  if (!maxmemoryPolicy.startsWith('allkeys-')) return ok(`maxmemory-policy ${maxmemoryPolicy}: it keeps the ledger`);
  const advice = 'set it to noeviction (on Heroku: heroku redis:maxmemory --policy noeviction)';
  return fault(`maxmemory-policy ${maxmemoryPolicy} may drop the ledger: nothing is restarted`, advice);
}

function memoryOf({ usedBytes, maxBytes }: RedisInspection): string {
  if (usedBytes === null) return '';
  return `, ${formatBytes(usedBytes)}${maxBytes === null ? '' : ` of ${formatBytes(maxBytes)}`} in use`;
}

function judgeMemory({ host, usedBytes, maxBytes }: RedisInspection): readonly Finding[] {
  if (usedBytes === null || maxBytes === null || usedBytes < NEARLY_FULL * maxBytes) return [];
  const says = `${host} is nearly full: ${formatBytes(usedBytes)} of ${formatBytes(maxBytes)}`;
  return [
    warning(says, 'when it is full it accepts no jobs and no ledger entries: free memory, or choose a bigger plan'),
  ];
}
