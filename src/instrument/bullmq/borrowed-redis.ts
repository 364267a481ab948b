import { setImmediate } from 'node:timers/promises';
import { afterReading } from '../patience.ts';

/** A Lua script. `name` must be unique and must not be one of BullMQ's. */
export interface RedisScript {
  readonly name: string;
  readonly lua: string;
}

/**
 * The worker's connection for fetching jobs, never its blocking one. A promise is rejected if there is no connection,
 * if Redis does not answer in time, or if it answers with an error. After a rejection the command may still have run,
 * or may run later. No method throws, and no timer keeps the process alive.
 */
export interface BorrowedRedis {
  /** All keys of one call must lie in one cluster slot. */
  evaluate(script: RedisScript, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  /** Whether a command would be sent now. Does not wait for a connection; never rejects. */
  isConnected(): Promise<boolean>;
}

/** BullMQ 6 has the client on its backend (absent with Postgres); BullMQ 5 has it on the worker. */
interface ConnectedWorker {
  readonly backend?: { readonly client?: unknown };
  readonly client?: unknown;
}

/**
 * What BullMQ 6 and late BullMQ 5 make of every client (`IRedisClient`). `call` exists only with ioredis and in early
 * BullMQ 5.
 */
interface Client {
  readonly status: string;
  readonly isCluster?: boolean;
  call?(command: string, ...args: string[]): Promise<unknown>;
  defineCommand(name: string, definition: { numberOfKeys: number; lua: string }): void;
  runCommand(name: string, args: readonly string[]): Promise<unknown>;
}

const CALL_TIMEOUT_MS = 2_000;

/**
 * Shares BullMQ's own connection of a worker (BullMQ 5 and 6; ioredis, node-redis and every other client that BullMQ
 * adapts). Null if the worker has no Redis: it has a Postgres backend, or is not a BullMQ worker.
 */
export function borrowRedis(worker: object, callTimeoutMs: number = CALL_TIMEOUT_MS): BorrowedRedis | null {
  const source = worker as ConnectedWorker;
  const lookup = () => (source.backend === undefined ? source.client : source.backend.client) as Promise<Client>;
  try {
    if (typeof lookup()?.then !== 'function') return null;
  } catch {
    return null;
  }
  // Looked up again for every call: BullMQ's promise is pending until the first connect.
  const run = <T>(command: (client: Client) => Promise<T>): Promise<T> => {
    const work = (async () => command(connected(await lookup())))();
    return within(callTimeoutMs, work);
  };
  return {
    evaluate: (script, keys, args) => run((client) => evaluate(client, { script, keys, args })),
    isConnected: async () => {
      const look = async () => isConnected(await lookup());
      // BullMQ's promise of a client is pending until the first connect.
      return Promise.race([look().catch(() => false), setImmediate(false)]);
    },
  };
}

interface Evaluation {
  readonly script: RedisScript;
  readonly keys: readonly string[];
  readonly args: readonly string[];
}

const defined = new WeakMap<object, Set<string>>();

function evaluate(client: Client, { script, keys, args }: Evaluation): Promise<unknown> {
  if (client.call !== undefined) return client.call('EVAL', script.lua, `${keys.length}`, ...keys, ...args);
  const names = defined.get(client) ?? new Set();
  defined.set(client, names);
  if (!names.has(script.name)) client.defineCommand(script.name, { numberOfKeys: keys.length, lua: script.lua });
  names.add(script.name);
  return client.runCommand(script.name, [...keys, ...args]);
}

/** A client that is not connected would queue the command for as long as Redis is away. */
function connected(client: Client): Client {
  if (!isConnected(client)) throw new Error(`BullMQ's connection is not ready (${client.status})`);
  return client;
}

function isConnected(client: Client): boolean {
  return client.status === 'ready' || (client.isCluster === true && client.status === 'connect');
}

function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = afterReading(limitMs, () => reject(new Error(`Redis did not answer within ${limitMs} ms`)));
    // `finally` would create another promise, and nobody would handle its rejection.
    void work.then(resolve, reject).then(cancel);
  });
}
