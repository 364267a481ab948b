import { setImmediate } from 'node:timers/promises';
import { context, createContextKey } from '@opentelemetry/api';
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

/**
 * What `suppressTracing` of @opentelemetry/core sets, which is not a dependency. Without it some tracers record a trace
 * of its own for each command, which is 43,000 a day for the checks of one process.
 */
const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

const CALL_TIMEOUT_MS = 2_000;
/**
 * A client keeps each command until it is answered, and a Redis that hangs with its connection open answers none. While
 * a call is overdue, longer ones are refused. One is made after this time, as the answer may have been lost.
 */
const RETRY_OVERDUE_MS = 60_000;
/** Of all arguments: a drain's are shorter. */
const MAX_CHARACTERS_OVERDUE = 1_000;
/** When the newest call that is overdue was made (monotonic ms), by worker. */
const overdueSinceMs = new WeakMap<object, number>();

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
  const run = (call: Evaluation): Promise<unknown> => {
    const nowMs = performance.now();
    const waitedMs = nowMs - (overdueSinceMs.get(worker) ?? Number.NEGATIVE_INFINITY);
    if (waitedMs < RETRY_OVERDUE_MS && call.args.join('').length > MAX_CHARACTERS_OVERDUE)
      return Promise.reject(new Error(`Redis has not answered a call for ${Math.round(waitedMs / 1000)} s`));
    const work = untraced(async () => evaluate(connected(await lookup()), call));
    return within(callTimeoutMs, work, () => {
      overdueSinceMs.set(worker, nowMs);
      const answered = () => overdueSinceMs.delete(worker);
      void work.then(answered, answered);
    });
  };
  return {
    evaluate: (script, keys, args) => run({ script, keys, args }),
    isConnected: async () => {
      const look = async () => isConnected(await lookup());
      // BullMQ's promise of a client is pending until the first connect.
      return Promise.race([look().catch(() => false), setImmediate(false)]);
    },
  };
}

function untraced<T>(work: () => T): T {
  return context.with(context.active().setValue(SUPPRESS_TRACING, true), work);
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

function within<T>(limitMs: number, work: Promise<T>, onLate: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = afterReading(limitMs, () => {
      onLate();
      reject(new Error(`Redis did not answer within ${limitMs} ms`));
    });
    // `finally` would create another promise, and nobody would handle its rejection.
    void work.then(resolve, reject).then(cancel);
  });
}
