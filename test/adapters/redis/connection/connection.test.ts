import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Redis } from 'ioredis';
import { afterEach, expect, it, onTestFinished } from 'vitest';
import { connectRedis, isHerokuKeyValueStore } from '../../../../src/adapters/redis/connection/connection.ts';
import { createRedisState, type RedisState } from '../../../../src/adapters/redis/state.ts';
import { ConfigError, LedgerUnavailable } from '../../../../src/model/errors.ts';
import { type RedisServer, startRedis } from '../../../../src/testbed/servers/redis-server.ts';
import { aClaim } from '../../../models/a-claim.ts';

const SHOP = { app: 'shop', processType: 'worker' };
/** A claim of its own, so that the one under test is the next command. */
const MAIL = { app: 'mail', processType: 'worker' };
const POLICY = { cooldownMs: 0, maxRestartsPerHour: 100, holdMs: 0 };

const releases: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const release of releases.splice(0).reverse()) await release();
});

async function server(options: Parameters<typeof startRedis>[0] = {}): Promise<RedisServer> {
  const redis = await startRedis(options);
  releases.push(() => redis.stop());
  return redis;
}

function state(url: string, log: string[] = []): RedisState {
  const created = createRedisState({
    url,
    policy: POLICY,
    commandTimeoutMs: 1_000,
    log: (_, message) => log.push(message),
  });
  releases.push(() => created.close());
  return created;
}

/** A name that leads to one server, and from some moment on to another; connections that stand are kept. */
async function name(first: RedisServer): Promise<{ url: string; leadTo(other: RedisServer): void }> {
  let { port } = first;
  const sockets: Socket[] = [];
  const router = createServer((socket) => {
    const upstream = connect(port, '127.0.0.1');
    sockets.push(socket, upstream);
    socket.pipe(upstream).pipe(socket);
    for (const one of [socket, upstream]) one.on('error', () => undefined);
  }).listen(0, '127.0.0.1');
  await once(router, 'listening');
  releases.push(async () => {
    for (const socket of sockets) socket.destroy();
    router.close();
  });
  const url = `redis://127.0.0.1:${(router.address() as AddressInfo).port}`;
  const leadTo = (other: RedisServer) => {
    port = other.port;
  };
  return { url, leadTo };
}

async function configure(redis: RedisServer, name: string, value: string): Promise<void> {
  const client = new Redis(redis.url);
  await client.config('SET', name, value);
  client.disconnect();
}

it('refuses at once while Redis is away, and takes up work when it is there', async () => {
  const first = await server();
  const { port, dir } = first;
  await first.kill();
  const log: string[] = [];
  const away = state(first.url, log);
  await expect(away.ledger.read(SHOP)).rejects.toThrow(LedgerUnavailable);
  expect(away.available()).toBe(false);
  await expect.poll(() => log.join()).toContain('(nothing listens there: start it, or correct the URL of this Redis)');
  await server({ port, dir });
  expect(await away.untilAvailable(10_000)).toBe(true);
  expect((await away.ledger.claim(aClaim())).ok).toBe(true);
});

it('takes a late answer for "not mine"; the attempt is found by the next look, once', async () => {
  const redis = await server();
  const late = state(redis.url);
  await late.untilAvailable(5_000);
  await late.ledger.claim(aClaim({ target: MAIL }));
  process.kill(redis.pid, 'SIGSTOP');
  releases.push(async () => void process.kill(redis.pid, 'SIGCONT'));
  await expect(late.ledger.claim(aClaim())).rejects.toThrow(LedgerUnavailable);
  process.kill(redis.pid, 'SIGCONT');
  await expect.poll(() => late.ledger.open().catch(() => []), { timeout: 10_000 }).toHaveLength(2);
  expect(await late.ledger.claim(aClaim())).toEqual({ ok: false, why: 'attempt-open' });
});

it('never sends a command again that was cut off', async () => {
  const first = await server({ appendFsyncAlways: true });
  const { port, dir } = first;
  const cut = state(first.url);
  await cut.untilAvailable(5_000);
  await cut.ledger.claim(aClaim({ target: MAIL }));
  process.kill(first.pid, 'SIGSTOP');
  const claim = expect(cut.ledger.claim(aClaim())).rejects.toThrow(LedgerUnavailable);
  await first.kill();
  await claim;
  await server({ port, dir, appendFsyncAlways: true });
  expect(await cut.untilAvailable(10_000)).toBe(true);
  expect(await cut.ledger.open()).toMatchObject([{ target: MAIL }]);
});

it('leaves a master that became a replica for the new one, and does not repeat the write that failed', async () => {
  const [demoted, promoted] = [await server(), await server()];
  const [client, other] = [new Redis(demoted.url), new Redis(promoted.url)];
  releases.push(async () => [client, other].forEach((one) => void one.disconnect()));
  const { url, leadTo } = await name(demoted);
  const log: string[] = [];
  const failedOver = state(url, log);
  await failedOver.untilAvailable(5_000);
  await failedOver.ledger.claim(aClaim({ target: MAIL }));
  await client.replicaof('127.0.0.1', promoted.port);
  leadTo(promoted);
  await expect(failedOver.ledger.claim(aClaim())).rejects.toThrow(/READONLY/);
  await expect.poll(() => failedOver.ledger.open().catch(() => null), { timeout: 10_000 }).toEqual([]);
  expect(await other.keys('*')).toEqual(['tidemark:epoch']);
  expect((await failedOver.ledger.claim(aClaim())).ok).toBe(true);
  expect(log.filter((message) => message.includes('READONLY'))).toHaveLength(1);
});

it('continues when the same server becomes a master again, and reports the change once', async () => {
  const redis = await server();
  const client = new Redis(redis.url);
  releases.push(async () => void client.disconnect());
  const log: string[] = [];
  const kept = state(redis.url, log);
  await kept.untilAvailable(5_000);
  await kept.ledger.read(SHOP);
  await client.replicaof('127.0.0.1', 1);
  for (let count = 0; count < 3; count++) {
    await expect.poll(() => kept.ledger.open().catch(() => null), { timeout: 10_000 }).toEqual([]);
    await expect(kept.ledger.claim(aClaim())).rejects.toThrow(/READONLY/);
  }
  await client.replicaof('NO', 'ONE');
  await expect.poll(() => kept.ledger.open().catch(() => null), { timeout: 10_000 }).toEqual([]);
  expect((await kept.ledger.claim(aClaim())).ok).toBe(true);
  expect(log.filter((message) => message.includes('READONLY'))).toHaveLength(1);
});

it('keeps what was answered over a kill -9 of a Redis that writes through', async () => {
  const first = await server({ appendFsyncAlways: true });
  const { port, dir } = first;
  const kept = state(first.url);
  await kept.untilAvailable(5_000);
  const claimed = await kept.ledger.claim(aClaim());
  await first.kill();
  await server({ port, dir, appendFsyncAlways: true });
  await kept.untilAvailable(10_000);
  expect(await kept.ledger.open()).toEqual(claimed.ok ? [claimed.attempt] : []);
});

it('restarts nothing when the eviction policy may drop the ledger, and says so once', async () => {
  const redis = await server({ extraArgs: ['--maxmemory-policy', 'allkeys-lru'] });
  const log: string[] = [];
  const evicting = state(redis.url, log);
  await evicting.untilAvailable(5_000);
  for (let count = 0; count < 2; count++) {
    expect(await evicting.ledger.claim(aClaim({ by: 'person' }))).toEqual({ ok: false, why: 'eviction-policy' });
    expect((await evicting.ledger.read(SHOP)).mayBeEvicted).toBe(true);
  }
  expect(log.filter((message) => message.includes('allkeys-lru'))).toHaveLength(1);
});

it('can still be read when the memory of Redis is full, and grants nothing', async () => {
  const redis = await server();
  const full = state(redis.url);
  await full.untilAvailable(5_000);
  expect((await full.ledger.read(SHOP)).mayBeEvicted).toBe(false);
  await full.snapshots.save([{ bootKey: 'boot-0', json: 'x'.repeat(100) }]);
  await configure(redis, 'maxmemory', '1');
  expect((await full.ledger.read(SHOP)).open).toBeNull();
  await expect(full.ledger.claim(aClaim())).rejects.toThrow(/OOM/);
  await expect(full.snapshots.save([{ bootKey: 'boot-0', json: '{}' }])).rejects.toThrow(LedgerUnavailable);
});

it('never shows the password', async () => {
  const redis = await server();
  await configure(redis, 'requirepass', 'correct-horse');
  const log: string[] = [];
  const locked = state(redis.url.replace('redis://', 'redis://:wrong%2Dbattery@'), log);
  await expect.poll(() => log.length, { timeout: 10_000 }).toBeGreaterThan(0);
  const error = await locked.ledger.read(SHOP).catch((fault: unknown) => fault);
  expect(error).toBeInstanceOf(LedgerUnavailable);
  const said = JSON.stringify([log, error, String(error), error instanceof Error ? error.cause : null]);
  expect(said).not.toMatch(/battery/);
  expect(() => state('http://:hunter2@host')).toThrow(ConfigError);
  expect(() => state('http://:hunter2@host')).not.toThrow(/hunter2/);
});

it.each(['/shop', '/0x1', '/1.5', '/1/2', '/%31', '?db=shop'])(
  'refuses a URL whose database is no number, before it connects: %s',
  async (database) => {
    const { url } = await server();
    expect(() => connectRedis({ url: `${url}${database}` })).toThrow(/number of a database/);
  },
);

it.each([
  ["string.rep('x', 1000000)", /x{100}\.\.\.$/],
  ["'MOVED 1234 127.0.0.1:7000'", /it is a Redis Cluster, and Tidemark needs a single Redis/],
])('says in one line what Redis refuses: %s', async (error, words) => {
  const { url } = await server();
  const connection = connectRedis({ url });
  onTestFinished(() => connection.close());
  await connection.untilReady(5_000);
  const fault = await connection
    .run('a script', (redis) => redis.eval(`return redis.error_reply(${error})`, 0))
    .catch(String);
  expect(fault).toMatch(words);
  expect(String(fault).length).toBeLessThan(500);
});

it.each([
  ['ec2-34-203-12-45.compute-1.amazonaws.com', true],
  ['ec2-3-250-1-2.eu-west-1.compute.amazonaws.com', true],
  ['redis.example.com', false],
  ['ec2-1-2-3-4.compute-1.amazonaws.com.example.com', false],
  ['api.heroku.com', false],
])('accepts a self-signed certificate of Heroku Key-Value Store only: %s %s', (hostname, expected) => {
  expect(isHerokuKeyValueStore(hostname)).toBe(expected);
});
