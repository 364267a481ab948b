import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { createRedisState, type RedisState } from '../../../../src/adapters/redis/state.ts';
import { type RedisServer, startRedis } from '../../../../src/testbed/servers/redis-server.ts';
import { aClaim } from '../../../models/a-claim.ts';

const SHOP = { app: 'shop', processType: 'worker' };
const POLICY = { cooldownMs: 0, maxRestartsPerHour: 100, holdMs: 0 };
/** What a busy machine may need; nothing is asserted about it. */
const PATIENCE = { timeout: 40_000 };

const releases: (() => unknown)[] = [];
afterEach(async () => {
  for (const release of releases.splice(0).reverse()) await release();
});

async function server(): Promise<RedisServer> {
  const redis = await startRedis();
  releases.push(() => redis.stop());
  return redis;
}

function admin({ url }: RedisServer): Redis {
  const client = new Redis(url);
  releases.push(() => client.disconnect());
  return client;
}

function stateAt(url: string, log: string[] = []): RedisState {
  const state = createRedisState({ url, policy: POLICY, log: (level, message) => log.push(`${level} ${message}`) });
  releases.push(() => state.close());
  return state;
}

/** The address of a server whose host can vanish: its connections stay, and nothing passes over them any more. */
async function address(first: RedisServer) {
  let { port } = first;
  const standing = new Set<Socket>();
  const router = createServer((socket) => {
    const upstream = connect(port, '127.0.0.1');
    for (const one of [socket, upstream]) one.on('error', () => undefined);
    socket.pipe(upstream).pipe(socket);
    standing.add(socket).add(upstream);
  }).listen(0, '127.0.0.1');
  await once(router, 'listening');
  releases.push(() => {
    for (const socket of standing) socket.destroy();
    router.close();
  });
  return {
    url: `redis://127.0.0.1:${(router.address() as AddressInfo).port}`,
    vanishFor(other: RedisServer) {
      port = other.port;
      for (const socket of standing) socket.unpipe().resume();
    },
  };
}

it('leaves a host that has gone without a word, and finds its successor', { timeout: 60_000 }, async () => {
  const [first, second] = [await server(), await server()];
  const { url, vanishFor } = await address(first);
  const log: string[] = [];
  const state = stateAt(url, log);
  await state.untilAvailable(5_000);
  await state.ledger.read(SHOP);
  vanishFor(second);
  await expect.poll(() => state.ledger.open().catch(() => null), PATIENCE).toEqual([]);
  expect((await state.ledger.claim(aClaim())).ok).toBe(true);
  expect(await admin(second).exists('tidemark:open')).toBe(1);
  expect(log.filter((line) => line.includes('has answered nothing'))).toHaveLength(1);
});

it('keeps a connection over which nothing was asked for long', { timeout: 30_000 }, async () => {
  const redis = await server();
  const client = admin(redis);
  const state = stateAt(redis.url);
  await state.untilAvailable(5_000);
  await state.ledger.read(SHOP);
  const ids = async () => /id=(\d+) .*name=tidemark-state/.exec(String(await client.client('LIST')))?.[1];
  const before = await ids();
  await new Promise((resolve) => setTimeout(resolve, 7_000));
  await client.client('PAUSE', 2_500);
  await state.ledger.read(SHOP).catch(() => null);
  await expect.poll(() => state.ledger.open().catch(() => null), PATIENCE).toEqual([]);
  expect(before).toBeDefined();
  expect(await ids()).toBe(before);
});

describe('the lines about a connection that is cut again and again', () => {
  it('are few, and the last one counts the rest', { timeout: 60_000 }, async () => {
    const redis = await server();
    const client = admin(redis);
    const log: string[] = [];
    const state = stateAt(redis.url, log);
    await state.untilAvailable(5_000);
    const cuts = 12;
    for (let count = 0; count < cuts; count += 1) {
      await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await expect.poll(() => state.available(), PATIENCE).toBe(false);
      expect(await state.untilAvailable(20_000)).toBe(true);
    }
    await state.close();
    const { host } = new URL(redis.url);
    expect(log).toEqual([
      `info connected to Redis at ${host}`,
      `warn Redis at ${host} closed the connection`,
      `info connected to Redis at ${host}`,
      `warn Redis at ${host} closed the connection (${cuts - 1} more times within 60 s; it is over now)`,
    ]);
  });

  it('name a second cause at once', { timeout: 60_000 }, async () => {
    const first = await server();
    const { port, dir } = first;
    const log: string[] = [];
    const state = stateAt(first.url, log);
    await state.untilAvailable(5_000);
    const client = admin(first);
    await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await expect.poll(() => log.length, PATIENCE).toBe(3);
    client.disconnect();
    await first.kill();
    await expect.poll(() => log.length, PATIENCE).toBe(4);
    const again = await startRedis({ port, dir });
    releases.push(() => again.stop());
    await expect.poll(() => log.length, PATIENCE).toBe(5);
    const { host } = new URL(first.url);
    expect(log.slice(3)).toEqual([
      expect.stringMatching(/^warn Redis at .* is not reachable: .*ECONNREFUSED/),
      `info connected to Redis at ${host}`,
    ]);
  });
});
