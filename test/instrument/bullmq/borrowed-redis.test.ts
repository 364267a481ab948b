import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Context, type ContextManager, context, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import { Worker } from 'bullmq';
import { Worker as Worker5 } from 'bullmq5';
import { afterEach, describe, expect, inject, it, vi } from 'vitest';
import { borrowRedis } from '../../../src/instrument/bullmq/borrowed-redis.ts';

const undo: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

function connection() {
  const { hostname, port } = new URL(inject('redisUrl'));
  return { host: hostname, port: Number(port) };
}

type AnyWorker = { waitUntilReady(): Promise<unknown>; close(): Promise<void> };

function started<W extends AnyWorker>(worker: W): W {
  undo.push(() => worker.close());
  return worker;
}

const makeWorker = {
  5: () => started(new Worker5(`queue-${randomUUID()}`, async () => {}, { connection: connection() })),
  6: () => started(new Worker(`queue-${randomUUID()}`, async () => {}, { connection: connection() })),
};

/** As BullMQ adapts clients other than ioredis: no `call`, options as objects, scripts by name. */
function structuredClient(status = 'ready') {
  return {
    status,
    defineCommand: vi.fn(),
    runCommand: vi.fn(async (): Promise<unknown> => 'done'),
  };
}

function keepBusy(ms: number): void {
  for (const untilMs = performance.now() + ms; performance.now() < untilMs; );
}

const ECHO = { name: 'tidemark:echo', lua: 'return {KEYS[1], ARGV[1]}' };
const WRONG_TYPE = {
  name: 'tidemark:wrong',
  lua: "redis.call('SET', KEYS[1], 'text', 'PX', 1000) return redis.call('LLEN', KEYS[1])",
};

describe('a Redis that hangs with its connection open', () => {
  afterEach(() => void vi.useRealTimers());

  const EXPORT = 'x'.repeat(30_000);
  const calls = async (worker: object, argument: string, count: number) => {
    const redis = borrowRedis(worker);
    for (let call = 0; call < count; call += 1) {
      const failed = expect(redis?.evaluate(ECHO, ['key'], [argument])).rejects.toThrow(/answer/);
      await vi.advanceTimersByTimeAsync(10_000);
      await failed;
    }
  };

  it('is sent one export a minute, so that the client keeps few, and every short command', async () => {
    vi.useFakeTimers();
    const client = structuredClient();
    client.runCommand.mockImplementation(() => new Promise(() => {}));
    const worker = { client: Promise.resolve(client) };
    await calls(worker, EXPORT, 12);
    expect(client.runCommand).toHaveBeenCalledTimes(2);
    await calls(worker, 'drain', 3);
    expect(client.runCommand).toHaveBeenCalledTimes(5);
  });

  it('is sent exports again once it has answered', async () => {
    vi.useFakeTimers();
    const client = structuredClient();
    const { promise, resolve } = Promise.withResolvers<unknown>();
    client.runCommand.mockReturnValueOnce(promise);
    const worker = { client: Promise.resolve(client) };
    await calls(worker, EXPORT, 2);
    resolve('late');
    await vi.advanceTimersByTimeAsync(0);
    expect(await borrowRedis(worker)?.evaluate(ECHO, ['key'], [EXPORT])).toBe('done');
  });
});

describe.each([5, 6] as const)('the connection borrowed of a worker of BullMQ %i', (version) => {
  it('evaluates scripts', async () => {
    const worker = makeWorker[version]();
    await worker.waitUntilReady();
    const key = `test:${randomUUID()}`;
    expect(await borrowRedis(worker)?.evaluate(ECHO, [key], ['x'])).toEqual([key, 'x']);
  });

  it('knows whether it is connected, and waits for no connection to know', async () => {
    const worker = makeWorker[version]();
    const redis = borrowRedis(worker);
    expect(await redis?.isConnected()).toBe(false);
    await worker.waitUntilReady();
    expect(await redis?.isConnected()).toBe(true);
    await worker.close();
    expect(await redis?.isConnected()).toBe(false);
  });

  it('rejects what Redis answers with an error', async () => {
    const worker = makeWorker[version]();
    await worker.waitUntilReady();
    await expect(borrowRedis(worker)?.evaluate(WRONG_TYPE, [`test:${randomUUID()}`], [])).rejects.toThrow('WRONGTYPE');
  });

  it('reads the answer that came while the event loop was busy, though its time is over by then', async () => {
    const worker = makeWorker[version]();
    await worker.waitUntilReady();
    const key = `test:${randomUUID()}`;
    const answer = borrowRedis(worker, 100)?.evaluate(ECHO, [key], ['x']);
    // Until the command is on its way.
    await nextTurn();
    keepBusy(500);
    expect(await answer).toEqual([key, 'x']);
  });

  it('rejects at once when the worker has closed', async () => {
    const worker = makeWorker[version]();
    await worker.waitUntilReady();
    const redis = borrowRedis(worker);
    await worker.close();
    await expect(redis?.evaluate(ECHO, ['test:any'], ['x'])).rejects.toThrow('not ready');
  });
});

describe('a borrowed connection', () => {
  it('speaks to clients other than ioredis as BullMQ adapts them, and defines a script once', async () => {
    const client = structuredClient();
    const redis = borrowRedis({ backend: { client: Promise.resolve(client) } });
    expect(await redis?.evaluate(ECHO, ['key'], ['x'])).toBe('done');
    expect(await redis?.evaluate(ECHO, ['key'], ['y'])).toBe('done');
    expect(client.defineCommand).toHaveBeenCalledExactlyOnceWith(ECHO.name, { numberOfKeys: 1, lua: ECHO.lua });
    expect(client.runCommand).toHaveBeenLastCalledWith(ECHO.name, ['key', 'y']);
  });

  it('gives nothing to a client that would keep it for later', async () => {
    const client = structuredClient('reconnecting');
    const redis = borrowRedis({ backend: { client: Promise.resolve(client) } });
    await expect(redis?.evaluate(ECHO, ['key'], ['x'])).rejects.toThrow('not ready (reconnecting)');
    expect(client.runCommand).not.toHaveBeenCalled();
  });

  it.each<[string, object]>([
    ['a Postgres backend', { backend: {} }],
    ['no worker', {}],
    [
      'a worker that is not ready to be asked',
      {
        get client() {
          throw new Error('no');
        },
      },
    ],
  ])('is none for %s', (_what, worker) => {
    expect(borrowRedis(worker)).toBeNull();
  });

  it.each<[string, object]>([
    ['is not connected yet', { client: new Promise(() => {}) }],
    ['hangs', { client: Promise.resolve({ ...structuredClient(), runCommand: () => new Promise(() => {}) }) }],
  ])('gives up on a Redis that %s', async (_what, worker) => {
    await expect(borrowRedis(worker, 20)?.evaluate(ECHO, ['key'], ['x'])).rejects.toThrow('within 20 ms');
  });

  it('rejects when the connection never came about', async () => {
    const redis = borrowRedis({ client: Promise.reject(new Error('no such host')) });
    await expect(redis?.evaluate(ECHO, ['key'], ['x'])).rejects.toThrow('no such host');
  });
});

describe('an application that traces', () => {
  /** As @opentelemetry/core names it. */
  const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');
  const contexts = new AsyncLocalStorage<Context>();
  const contextManager: ContextManager = {
    active: () => contexts.getStore() ?? ROOT_CONTEXT,
    with: (active, body, thisArg, ...args) => contexts.run(active, () => body.apply(thisArg, args)),
    bind: (_active, target) => target,
    enable: () => contextManager,
    disable: () => contextManager,
  };

  it('gets no spans of the commands, and those of its own', async () => {
    context.setGlobalContextManager(contextManager);
    undo.push(() => context.disable());
    const isSuppressed = () => context.active().getValue(SUPPRESS_TRACING);
    const call = vi.fn(async () => isSuppressed());
    const redis = borrowRedis({ client: Promise.resolve({ ...structuredClient(), call }) });

    expect(await redis?.evaluate(ECHO, ['key'], ['value'])).toBe(true);
    expect(isSuppressed()).toBeUndefined();
  });
});
