import '../../quiet-debug.ts';
import { Redis } from 'ioredis';
import { ConfigError, LedgerUnavailable } from '../../../model/errors.ts';
import type { StateObstacle } from '../../../model/state-obstacle.ts';
import { scrubber } from '../../scrub.ts';
import { greetingOf } from './greeting.ts';
import { CUT_OFF, describeOutages } from './outages.ts';
import { watchReplica } from './replica-watch.ts';
import { watchSilence } from './silence.ts';

export interface RedisConnectionOptions {
  /** `redis://` or `rediss://`. A single Redis (or its replicated master): Redis Cluster is not supported. */
  readonly url: string;
  /** Reports the state of the connection to people. Never contains a secret. */
  readonly log?: (level: 'info' | 'warn', message: string) => void;
  readonly commandTimeoutMs?: number;
}

/** The connection to the actuator's state. A command is written to the socket at most once, and never queued. */
export interface RedisConnection {
  /** Whether commands can be sent now. */
  available(): boolean;
  /** Why it is not available, where that is known; null also while it is. Does not reject for faults of Redis. */
  obstacle(): Promise<StateObstacle | null>;
  /**
   * Runs one command. Throws `LedgerUnavailable` for every fault: the command may have been executed, or may still be.
   */
  run<T>(what: string, command: (redis: Redis) => Promise<T>): Promise<T>;
  /** Called at every (re)connect. */
  onReady(listener: () => void): void;
  /** True at the next connect, at once if connected; false when the time is over first. */
  untilReady(timeoutMs: number): Promise<boolean>;
  close(): Promise<void>;
}

const COMMAND_TIMEOUT_MS = 2_000;
const LONGEST_BACKOFF_MS = 5_000;
/** Three unanswered commands in a row, or as long as a connection takes to be made. */
const SILENT_MS = 6_000;
/** A Redis that did not open the database is asked again, on a new connection: its user may be permitted to by then. */
const OPEN_DATABASE_EVERY_MS = 5_000;
/** How a replica refuses: all writes, or, where it must not show what may be old, everything until it has a master. */
const OF_A_REPLICA = /READONLY|MASTERDOWN/;

/** Connects in the background, and keeps trying. Throws `ConfigError` where the URL cannot be used. */
export function connectRedis(options: RedisConnectionOptions): RedisConnection {
  const { url, log } = options;
  const parsed = parseUrl(url);
  const scrub = scrubber([parsed.password, decodeURIComponent(parsed.password)]);
  const outages = describeOutages(parsed, (level, message) => log?.(level, message));
  let hasDatabase = true;
  let isClosing = false;
  let reopening: NodeJS.Timeout | undefined;
  let isAsking = false;
  const silence = watchSilence(() => performance.now());
  const replica = watchReplica((refusal) =>
    log?.('warn', `Redis at ${parsed.host} is a replica (${refusal}): reconnecting to find its master`),
  );
  const redis = new Redis(url, redisOptions(parsed, options.commandTimeoutMs ?? COMMAND_TIMEOUT_MS, replica.leave));
  const isReady = () => redis.status === 'ready' && hasDatabase;

  redis.on('connect', () => {
    clearTimeout(reopening);
    hasDatabase = true;
    silence.heard();
    redis.stream.on('data', silence.heard);
  });
  redis.on('close', outages.closed);
  const note = (fault: string) => outages.failed(fault, hasDatabase);
  redis.on('error', (error: Error) => {
    // A close while it still connects cuts off the client's own first commands.
    if (isClosing) return;
    // The client would go on in database 0, which is another application's.
    if (isAnswerToSelect(error)) hasDatabase = false;
    const fault = messageOf(error, scrub);
    replica.lose();
    if (!CUT_OFF.test(fault) || parsed.protocol !== 'redis:') return note(fault);
    if (isAsking) return;
    isAsking = true;
    void greetingOf(parsed).then((said) => {
      isAsking = false;
      if (!isClosing && !isReady()) note(said === null ? fault : scrub(said));
    });
  });
  redis.on('ready', () => {
    if (hasDatabase) outages.connected(replica.arrive());
    else reopening = setTimeout(() => redis.disconnect(true), OPEN_DATABASE_EVERY_MS).unref();
  });
  const leaveSilent = () => {
    if (isClosing || redis.status !== 'ready' || silence.lastsMs() < SILENT_MS) return;
    silence.heard();
    replica.lose();
    note(`it has answered nothing for ${SILENT_MS / 1000} s, so Tidemark connects again`);
    redis.disconnect(true);
  };
  const refusal = (what: string, why: string) =>
    new LedgerUnavailable(`${what}: Redis at ${parsed.host} did not execute it: ${why}`);

  return {
    available: isReady,
    async obstacle() {
      if (isReady()) return null;
      return outages.obstacle() ?? replica.left() ?? (redis.status === 'connect' ? loadingOf(redis) : null);
    },
    async run(what, command) {
      if (!hasDatabase) throw refusal(what, outages.fault() ?? 'it has no such database');
      if (isReady()) silence.asked();
      try {
        return await command(redis);
      } catch (error) {
        // After a suspension of this process its timers run out before it reads what came in meanwhile.
        setImmediate(leaveSilent);
        // Not passed on as `cause`: ioredis errors contain the command's arguments, and for AUTH that is the password.
        throw refusal(what, messageOf(error, scrub));
      }
    },
    onReady: (listener) => void redis.on('ready', () => isReady() && listener()),
    untilReady: (timeoutMs) => untilReady(redis, isReady, timeoutMs),
    async close() {
      isClosing = true;
      clearTimeout(reopening);
      outages.end();
      redis.disconnect();
    },
  };
}

function isAnswerToSelect(error: Error): boolean {
  const { command } = error as { command?: { readonly name?: unknown } };
  return command?.name === 'select';
}

/** INFO is answered before Redis has read its files. The client waits for that before it is ready. */
async function loadingOf(redis: Redis): Promise<StateObstacle | null> {
  const info = await redis.info('persistence').catch(() => '');
  return /^loading:1/m.test(info) ? { code: 'loading', detail: 'INFO has loading:1' } : null;
}

function redisOptions(url: URL, commandTimeoutMs: number, leaveReplica: (refusal: string) => boolean) {
  return {
    // Commands neither wait for a connection nor are sent again: one that was not answered counts as not granted.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: commandTimeoutMs,
    connectTimeout: 5_000,
    retryStrategy: (times: number) => Math.min(LONGEST_BACKOFF_MS, 50 * 2 ** Math.min(times, 10)),
    // A demoted master keeps its connections and refuses every write on them. A new connection follows the name to the
    // current master. 1 reconnects and lets the command fail; 2 would send it again.
    reconnectOnError: (error: Error) => {
      // Redis before 7 puts a script's error into the middle of the message.
      const [refusal] = OF_A_REPLICA.exec(error.message) ?? [];
      return refusal !== undefined && leaveReplica(refusal) && (1 as const);
    },
    connectionName: 'tidemark-state',
    // Every Redis that can run the scripts (5.0 and later) speaks RESP2.
    protocol: 2 as const,
    ...(url.protocol === 'rediss:' ? { tls: { rejectUnauthorized: !isHerokuKeyValueStore(url.hostname) } } : {}),
  };
}

/**
 * Heroku Key-Value Store serves a self-signed chain on hosts of EC2, and documents that clients must not verify it
 * (devcenter.heroku.com/articles/connecting-heroku-redis). The exception is this connection's alone: the process-wide
 * switch `NODE_TLS_REJECT_UNAUTHORIZED` would open the connection to Heroku's API too.
 */
export function isHerokuKeyValueStore(hostname: string): boolean {
  return /^ec2-[\d-]+\.([\w-]+\.)?compute(-\d+)?\.amazonaws\.com$/.test(hostname);
}

function parseUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || !/^rediss?:$/.test(parsed.protocol) || parsed.hostname === '') {
    // The URL may contain a password, so the message does not repeat it.
    throw new ConfigError(['the Redis URL must look like redis://host:6379 or rediss://user:password@host:6379']);
  }
  if (![parsed.pathname.slice(1), parsed.searchParams.get('db') ?? ''].every((text) => DATABASE.test(text)))
    throw new ConfigError(['after the host the Redis URL may have the number of a database only: redis://host:6379/1']);
  return parsed;
}

/** The client would send `SELECT NaN` for another text, and end the process when Redis refuses it. */
const DATABASE = /^(-?\d+)?$/;

/** Characters. Redis repeats in an error what it was sent, and a script's error holds what the script met. */
const MAX_ERROR_LENGTH = 300;
/** How a Redis Cluster answers a client of a single Redis. */
const OF_A_CLUSTER = /^(MOVED|ASK|CROSSSLOT|CLUSTERDOWN) /;

/** A refused connection to a host with several addresses is an AggregateError with an empty message. */
function messageOf(error: unknown, scrub: (text: string) => string): string {
  if (error instanceof AggregateError) return error.errors.map((one) => messageOf(one, scrub)).join('; ');
  // Before it is cut: half a password would not be recognised.
  const text = scrub(error instanceof Error ? error.message : String(error));
  const short = text.length > MAX_ERROR_LENGTH ? `${text.slice(0, MAX_ERROR_LENGTH)}...` : text;
  return OF_A_CLUSTER.test(text) ? `${short} (it is a Redis Cluster, and Tidemark needs a single Redis)` : short;
}

function untilReady(redis: Redis, isReady: () => boolean, timeoutMs: number): Promise<boolean> {
  if (isReady()) return Promise.resolve(true);
  return new Promise((resolve) => {
    const settle = (ready: boolean) => {
      clearTimeout(timer);
      redis.removeListener('ready', onReady);
      resolve(ready);
    };
    const onReady = () => isReady() && settle(true);
    const timer = setTimeout(() => settle(false), timeoutMs);
    redis.on('ready', onReady);
  });
}
