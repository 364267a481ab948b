import { createServer } from 'node:net';
import { Redis } from 'ioredis';
import { afterEach, expect, it } from 'vitest';
import { resolveActuatorSettings } from '../../src/config/resolve.ts';
import { checkRedis, judgeState } from '../../src/doctor/check-redis.ts';
import { freePort } from '../../src/testbed/dyno-manager/free-port.ts';
import { type RedisServer, startRedis } from '../../src/testbed/servers/redis-server.ts';

const undo: (() => unknown)[] = [];

afterEach(async () => {
  for (const step of undo.splice(0)) await step();
});

async function redis(...extraArgs: readonly string[]): Promise<RedisServer> {
  const server = await startRedis({ extraArgs });
  undo.push(() => server.stop());
  return server;
}

function check(env: Readonly<Record<string, string>>) {
  return checkRedis(resolveActuatorSettings({ env, flags: {} }));
}

it('finds nothing wrong with one that keeps what it is given', async () => {
  const found = await check({ REDIS_URL: (await redis()).url });
  expect(found.map(({ level }) => level)).toEqual(['ok', 'ok']);
  expect(found[0]?.says).toMatch(/Redis \d+\.\d+.*without TLS, \d+ MB in use/);
});

it('reports that without one nothing is restarted', async () => {
  expect(await check({})).toEqual([expect.objectContaining({ level: 'fault' })]);
});

it('reports one that may drop the ledger', async () => {
  const { url } = await redis('--maxmemory-policy', 'allkeys-lru');
  expect(await check({ REDIS_URL: url })).toContainEqual(
    expect.objectContaining({ level: 'fault', says: expect.stringContaining('allkeys-lru') }),
  );
});

it("reports the queue's next to the state's, and which cannot be reached", async () => {
  const state = await redis();
  const found = await check({
    TIDEMARK_REDIS_URL: state.url,
    REDIS_URL: `redis://:pass-word@127.0.0.1:${await freePort()}`,
  });
  expect(found.at(-1)).toMatchObject({ level: 'fault', says: expect.stringMatching(/queue's Redis.*not drained/) });
  expect(JSON.stringify(found)).not.toContain('pass-word');
});

it('reports one that refuses its password', async () => {
  const { url } = await redis();
  const client = new Redis(url);
  await client.config('SET', 'requirepass', 'secret-word');
  client.disconnect();
  const found = await check({ REDIS_URL: url });
  expect(found).toEqual([expect.objectContaining({ level: 'fault', says: expect.stringMatching(/NOAUTH/) })]);
});

it('reports a queue in a Redis Cluster, which it can neither drain nor read', async () => {
  const queue = await redis('--cluster-enabled', 'yes');
  const state = await redis();
  expect(await check({ REDIS_URL: queue.url, TIDEMARK_REDIS_URL: state.url })).toContainEqual(
    expect.objectContaining({ level: 'fault', says: expect.stringMatching(/queue's Redis at .* is a Redis Cluster/) }),
  );
});

it("reports a replica, the state's and the queue's, and does not blame permissions", async () => {
  const master = await redis();
  const replica = await redis('--replicaof', '127.0.0.1', new URL(master.url).port);
  const says = (found: Awaited<ReturnType<typeof check>>) => found.map((one) => `${one.level}: ${one.says}`);
  expect(says(await check({ REDIS_URL: replica.url }))).toEqual([
    expect.stringMatching(/^fault: .* is a replica, which takes no writes: nothing is restarted$/),
  ]);
  expect(says(await check({ REDIS_URL: replica.url, TIDEMARK_REDIS_URL: master.url })).at(-1)).toMatch(
    /^fault: the queue's Redis .* is a replica.*not drained/,
  );
});

it('reports that a full one takes no drain keys, and does not blame permissions', async () => {
  const { url } = await redis('--maxmemory', '1', '--maxmemory-policy', 'noeviction');
  const fault = (await check({ REDIS_URL: url })).findLast(({ level }) => level === 'fault');
  expect(fault?.says).toMatch(/does not let Tidemark write its drain keys.*OOM/);
  expect(JSON.stringify(fault)).toMatch(/free memory/);
});

it('reports something that is not a Redis', async () => {
  const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1');
  undo.push(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  expect((await check({ REDIS_URL: `redis://127.0.0.1:${port}` }))[0]?.level).toBe('fault');
});

const FOUND = {
  host: 'h:6379',
  version: '7.2.0',
  tls: 'verified',
  maxmemoryPolicy: 'noeviction',
  clockAheadMs: 0,
  usedBytes: null,
  maxBytes: null,
  isCluster: false,
  isReplica: false,
  lacksReplicas: false,
  obstacle: null,
} as const;

it.each([
  [{ isCluster: true }, 'fault', /Cluster/],
  [{ isReplica: true }, 'fault', /a replica.*nothing is restarted/],
  [{ version: '4.0.9' }, 'fault', /older than 5/],
  [{ version: null }, 'ok', /unknown version/],
  [{ maxmemoryPolicy: null }, 'warning', /cannot be read/],
  [{ usedBytes: 95e6, maxBytes: 100e6 }, 'warning', /nearly full: 91 MB of 95 MB/],
  [{ usedBytes: 5e6, maxBytes: 100e6 }, 'ok', /5 MB of 95 MB in use/],
  [{ tls: 'not-verified' as const }, 'ok', /self-signed/],
])('assesses %j', (changes, level, says) => {
  expect(judgeState({ ok: true, found: { ...FOUND, ...changes } })).toContainEqual(
    expect.objectContaining({ level, says: expect.stringMatching(says) }),
  );
});
