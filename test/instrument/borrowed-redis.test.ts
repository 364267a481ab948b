import { randomUUID } from 'node:crypto';
import { Worker } from 'bullmq';
import { Worker as Worker5 } from 'bullmq5';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, inject, it, vi } from 'vitest';
import { borrowRedis } from '../../src/instrument/borrowed-redis.ts';

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
    get: vi.fn(async () => 'value'),
    set: vi.fn(async () => 'OK'),
    xadd: vi.fn(async () => '1-0'),
    defineCommand: vi.fn(),
    runCommand: vi.fn(async (): Promise<unknown> => 'done'),
  };
}

const ECHO = { name: 'tidemark:echo', lua: 'return {KEYS[1], ARGV[1]}' };

describe.each([5, 6] as const)('the connection borrowed of a worker of BullMQ %i', (version) => {
  it('reads, writes with an expiry, appends and evaluates', async () => {
    const worker = makeWorker[version]();
    await worker.waitUntilReady();
    const redis = borrowRedis(worker);
    const key = `test:${randomUUID()}`;
    await redis?.set(key, 'value', { px: 60_000 });
    expect(await redis?.get(key)).toBe('value');
    expect(await redis?.get(`${key}:none`)).toBeNull();
    expect(await redis?.xadd(`${key}:stream`, { a: '1', b: 'two' }, { maxLength: 10 })).toMatch(/^\d+-\d+$/);
    expect(await redis?.evaluate(ECHO, [key], ['x'])).toEqual([key, 'x']);

    const other = new Redis(inject('redisUrl'));
    undo.push(() => other.disconnect());
    expect(await other.pttl(key)).toBeGreaterThan(0);
    expect(await other.xrange(`${key}:stream`, '-', '+')).toMatchObject([[expect.any(String), ['a', '1', 'b', 'two']]]);
  });

  it('rejects what Redis answers with an error', async () => {
    const worker = makeWorker[version]();
    await worker.waitUntilReady();
    const key = `test:${randomUUID()}`;
    await borrowRedis(worker)?.set(key, 'no stream', { px: 60_000 });
    await expect(borrowRedis(worker)?.xadd(key, { a: '1' }, { maxLength: 10 })).rejects.toThrow('WRONGTYPE');
  });

  it('rejects at once when the worker has closed', async () => {
    const worker = makeWorker[version]();
    await worker.waitUntilReady();
    const redis = borrowRedis(worker);
    await worker.close();
    await expect(redis?.get('test:any')).rejects.toThrow('not ready');
  });
});

describe('a borrowed connection', () => {
  it('speaks to clients other than ioredis as BullMQ adapts them, and defines a script once', async () => {
    const client = structuredClient();
    const redis = borrowRedis({ backend: { client: Promise.resolve(client) } });
    expect(await redis?.get('key')).toBe('value');
    await redis?.set('key', 'value', { px: 5 });
    expect(client.set).toHaveBeenCalledWith('key', 'value', { PX: 5 });
    expect(await redis?.xadd('key', { a: '1' }, { maxLength: 7 })).toBe('1-0');
    expect(client.xadd).toHaveBeenCalledWith('key', '*', { a: '1' }, { MAXLEN: 7, approximate: true });
    expect(await redis?.evaluate(ECHO, ['key'], ['x'])).toBe('done');
    expect(await redis?.evaluate(ECHO, ['key'], ['y'])).toBe('done');
    expect(client.defineCommand).toHaveBeenCalledExactlyOnceWith(ECHO.name, { numberOfKeys: 1, lua: ECHO.lua });
    expect(client.runCommand).toHaveBeenLastCalledWith(ECHO.name, ['key', 'y']);
  });

  it('gives nothing to a client that would keep it for later', async () => {
    const client = structuredClient('reconnecting');
    const redis = borrowRedis({ backend: { client: Promise.resolve(client) } });
    await expect(redis?.get('key')).rejects.toThrow('not ready (reconnecting)');
    expect(client.get).not.toHaveBeenCalled();
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
    ['hangs', { client: Promise.resolve({ ...structuredClient(), get: () => new Promise(() => {}) }) }],
  ])('gives up on a Redis that %s', async (_what, worker) => {
    await expect(borrowRedis(worker, 20)?.get('key')).rejects.toThrow('within 20 ms');
  });

  it('rejects where the connection never came about', async () => {
    const redis = borrowRedis({ client: Promise.reject(new Error('no such host')) });
    await expect(redis?.get('key')).rejects.toThrow('no such host');
  });
});
