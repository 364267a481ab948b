import { Redis } from 'ioredis';
import { ConfigError, LedgerUnavailable } from '../../model/errors.ts';

export interface RedisConnectionOptions {
  /** `redis://` or `rediss://`. A single Redis (or its replicated master): Redis Cluster is not supported. */
  readonly url: string;
  /** For people: how the connection is doing. Never carries a secret. */
  readonly log?: (level: 'info' | 'warn', message: string) => void;
  readonly commandTimeoutMs?: number;
}

/** The connection of the actuator's state. A command is written to the socket at most once, and never kept for later. */
export interface RedisConnection {
  /** Whether commands can be given now. */
  available(): boolean;
  /** Runs one command. Every fault becomes `LedgerUnavailable`: the command may have been carried out, or may yet be. */
  run<T>(what: string, command: (redis: Redis) => Promise<T>): Promise<T>;
  /** Called at every (re)connect. */
  onReady(listener: () => void): void;
  /** Settles at the next connect, at once where it is connected; false where the time is over before. */
  untilReady(timeoutMs: number): Promise<boolean>;
  close(): Promise<void>;
}

const COMMAND_TIMEOUT_MS = 2_000;
const LONGEST_BACKOFF_MS = 5_000;
const SAY_READ_ONLY_EVERY_MS = 60_000;

/** Connects in the background and for ever. Throws `ConfigError` where the URL cannot be used. */
export function connectRedis(options: RedisConnectionOptions): RedisConnection {
  const { url, log } = options;
  const parsed = parseUrl(url);
  const scrub = scrubber(parsed);
  let lastFault: string | null = null;
  let isClosing = false;
  let readOnlySaidMs: number | null = null;
  const onReadOnly = () => {
    const nowMs = performance.now();
    if (readOnlySaidMs !== null && nowMs - readOnlySaidMs < SAY_READ_ONLY_EVERY_MS) return;
    readOnlySaidMs = nowMs;
    log?.('warn', `Redis at ${parsed.host} has become a replica (READONLY): connecting anew, to find its master`);
  };
  const redis = new Redis(url, redisOptions(parsed, options.commandTimeoutMs ?? COMMAND_TIMEOUT_MS, onReadOnly));

  redis.on('error', (error: Error) => {
    // A close while it still connects cuts off the client's own first commands.
    if (isClosing) return;
    const fault = scrub(messageOf(error));
    if (fault !== lastFault) log?.('warn', `Redis at ${parsed.host} is not reachable: ${fault}`);
    lastFault = fault;
  });
  redis.on('ready', () => {
    lastFault = null;
    log?.('info', `connected to Redis at ${parsed.host}`);
  });

  return {
    available: () => redis.status === 'ready',
    async run(what, command) {
      try {
        return await command(redis);
      } catch (error) {
        // Not passed on as `cause`: errors of ioredis carry the command's arguments, which for AUTH is the password.
        throw new LedgerUnavailable(`${what}: Redis at ${parsed.host} did not do it: ${scrub(messageOf(error))}`);
      }
    },
    onReady: (listener) => void redis.on('ready', listener),
    untilReady: (timeoutMs) => untilReady(redis, timeoutMs),
    async close() {
      isClosing = true;
      redis.disconnect();
    },
  };
}

function redisOptions(url: URL, commandTimeoutMs: number, onReadOnly: () => void) {
  return {
    // Nothing waits for a connection and nothing is sent again: a command that was not answered is "not mine".
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: commandTimeoutMs,
    connectTimeout: 5_000,
    retryStrategy: (times: number) => Math.min(LONGEST_BACKOFF_MS, 50 * 2 ** Math.min(times, 10)),
    // A master that was demoted keeps its connections and refuses every write on them; a new one goes where the name leads by now.
    // 1 reconnects and lets the command fail; 2 would send it again.
    reconnectOnError: (error: Error) => {
      // Redis before 7 puts what a script met into the middle of a sentence.
      if (!error.message.includes('READONLY')) return false;
      onReadOnly();
      return 1 as const;
    },
    connectionName: 'tidemark-state',
    // RESP2 is what every Redis speaks that has the scripts' features (5.0 and later).
    protocol: 2 as const,
    ...(url.protocol === 'rediss:' ? { tls: { rejectUnauthorized: !isHerokuKeyValueStore(url.hostname) } } : {}),
  };
}

/**
 * Heroku Key-Value Store serves a self-signed chain on hosts of EC2, and documents that clients must not verify it
 * (devcenter.heroku.com/articles/connecting-heroku-redis). The exception is this connection's alone: the process-wide switch
 * `NODE_TLS_REJECT_UNAUTHORIZED` would open the connection to Heroku's API too.
 */
export function isHerokuKeyValueStore(hostname: string): boolean {
  return /^ec2-[\d-]+\.([\w-]+\.)?compute(-\d+)?\.amazonaws\.com$/.test(hostname);
}

function parseUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || !/^rediss?:$/.test(parsed.protocol) || parsed.hostname === '') {
    // The URL itself may hold a password, so it is not repeated.
    throw new ConfigError(['the Redis URL must look like redis://host:6379 or rediss://user:password@host:6379']);
  }
  return parsed;
}

function scrubber(url: URL): (text: string) => string {
  const secrets = [url.password, decodeURIComponent(url.password)].filter((secret) => secret !== '');
  return (text) => secrets.reduce((scrubbed, secret) => scrubbed.replaceAll(secret, '[redacted]'), text);
}

/** A refused connection to a name with several addresses is an AggregateError with an empty message. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}

function untilReady(redis: Redis, timeoutMs: number): Promise<boolean> {
  if (redis.status === 'ready') return Promise.resolve(true);
  return new Promise((resolve) => {
    const settle = (ready: boolean) => {
      clearTimeout(timer);
      redis.removeListener('ready', onReady);
      resolve(ready);
    };
    const onReady = () => settle(true);
    const timer = setTimeout(() => settle(false), timeoutMs);
    redis.on('ready', onReady);
  });
}
