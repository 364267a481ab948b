import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { obstacleIn, parseServerInfo } from '../../../../src/adapters/redis/server/server-info.ts';
import { TRY_ALL } from '../../../../src/adapters/redis/server/write-probe.ts';
import { createRedisState, type RedisState } from '../../../../src/adapters/redis/state.ts';
import { STATE_OBSTACLES, type StateObstacleCode } from '../../../../src/model/state-obstacle.ts';
import { freePort } from '../../../../src/testbed/dyno-manager/free-port.ts';
import { findRedisServer } from '../../../../src/testbed/servers/redis-binary.ts';
import { type RedisServer, startRedis } from '../../../../src/testbed/servers/redis-server.ts';
import { startServerProcess } from '../../../../src/testbed/servers/server-process.ts';
import { aClaim } from '../../../models/a-claim.ts';
import { serveTls } from '../../../models/tls-redis.ts';

const SHOP = { app: 'shop', processType: 'worker' };
const POLICY = { cooldownMs: 0, maxRestartsPerHour: 100, holdMs: 0 };
/** Of docs/settings.md. */
const DOCUMENTED = ['~tidemark:*', '+@read', '+@write', '+@scripting', '+@connection', '+time', '+info'];
/** What a busy machine may need; nothing is asserted about it. */
const PATIENCE = { timeout: 20_000 };

const releases: (() => unknown)[] = [];
afterEach(async () => {
  for (const release of releases.splice(0).reverse()) await release();
});

async function server(...extraArgs: readonly string[]): Promise<RedisServer> {
  const redis = await startRedis({ extraArgs });
  releases.push(() => redis.stop());
  return redis;
}

function admin({ url }: Pick<RedisServer, 'url'>): Redis {
  const client = new Redis(url);
  releases.push(() => client.disconnect());
  return client;
}

function stateAt(url: string, log: string[] = []): RedisState {
  const state = createRedisState({ url, policy: POLICY, log: (_, message) => log.push(message) });
  releases.push(() => state.close());
  return state;
}

/** The URL of a user with these rules. */
async function user(redis: RedisServer, ...rules: readonly string[]): Promise<string> {
  await admin(redis).call('ACL', 'SETUSER', 'tm', 'reset', 'on', '>pass', ...rules);
  return redis.url.replace('redis://', 'redis://tm:pass@');
}

async function configured(name: string, value: string): Promise<string> {
  const redis = await server();
  await admin(redis).config('SET', name, value);
  return redis.url;
}

const replicaOf = (master: RedisServer, ...extraArgs: readonly string[]) =>
  server('--replicaof', '127.0.0.1', String(master.port), ...extraArgs);

/** A cluster of one node that serves all slots: commands about one key work. */
async function oneNodeCluster(): Promise<string> {
  const redis = await server('--cluster-enabled', 'yes');
  await admin(redis).call('CLUSTER', 'ADDSLOTSRANGE', 0, 16383);
  return redis.url;
}

/** It refuses each further one with an error, and cuts it off. */
async function fullOfConnections(): Promise<string> {
  const redis = await server();
  await admin(redis).config('SET', 'requirepass', 'pass', 'maxclients', '1');
  return redis.url.replace('//', '//:pass@');
}

/** It has no master to copy from, and must not show what it has: it refuses everything but INFO. */
async function orphanedReplica(): Promise<string> {
  const args = ['--replica-serve-stale-data', 'no', '--replicaof', '127.0.0.1', String(await freePort())];
  const command = [await findRedisServer(), '--port', String(await freePort()), '--save', '', ...args];
  const port = command[2];
  const replica = await startServerProcess({ name: 'a replica', command, isReady: async () => true });
  releases.push(() => replica.kill());
  return `redis://127.0.0.1:${port}`;
}

/** A folder has the name of its file. */
async function unableToSave(): Promise<string> {
  const redis = await server();
  const client = admin(redis);
  await mkdir(join(redis.dir, 'dump.rdb', 'in-the-way'), { recursive: true });
  await client.config('SET', 'save', '3600 1000');
  await client.bgsave();
  await expect.poll(() => client.info('persistence'), PATIENCE).toMatch(/rdb_last_bgsave_status:err/);
  return redis.url;
}

const tlsServer = async () => serveTls(await server());

/** One that needs a second for each of its keys when it starts, and answers in between. */
async function loading(): Promise<string> {
  const before = await server();
  // Redis answers after each 1024 bytes that it has read.
  const value = () => randomBytes(2048).toString('base64');
  const client = new Redis(before.url);
  await client.mset(Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`key-${index}`, value()])));
  await client.save();
  client.disconnect();
  await before.kill();
  const port = await freePort();
  const slowly = ['--key-load-delay', '1000000', '--loading-process-events-interval-bytes', '1024'];
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', before.dir, ...slowly];
  const command = [await findRedisServer(), ...args];
  const slow = await startServerProcess({ name: 'a loading Redis', command, isReady: async () => true });
  releases.push(() => slow.kill());
  return `redis://127.0.0.1:${port}`;
}

const WRONG: readonly (readonly [string, StateObstacleCode, () => Promise<string>])[] = [
  ['a replica', 'replica', async () => (await replicaOf(await server())).url],
  [
    'a replica that takes writes',
    'replica',
    async () => (await replicaOf(await server(), '--replica-read-only', 'no')).url,
  ],
  ['a replica that waits for its master', 'replica', orphanedReplica],
  ['one that cannot save', 'cannot-save', unableToSave],
  ['one without memory', 'full', () => configured('maxmemory', '1')],
  ['one that lacks its replicas', 'too-few-replicas', () => configured('min-replicas-to-write', '1')],
  ['a cluster of one node', 'cluster', oneNodeCluster],
  ['a cluster without slots', 'cluster', async () => (await server('--cluster-enabled', 'yes')).url],
  ['a user who may not write', 'no-permission', async () => user(await server(), '~*', '+@all', '-@write')],
  ['a user with other keys', 'no-permission', async () => user(await server(), '~other:*', '+@all')],
  ['a user with the ledger only', 'no-permission', async () => user(await server(), '~tidemark:ledger:*', '+@all')],
  ['a user who may run no script', 'no-permission', async () => user(await server(), '~*', '+@all', '-eval')],
  ['a user without one command', 'no-permission', async () => user(await server(), '~*', '+@all', '-zadd')],
  ['a user without INFO', 'no-permission', async () => user(await server(), '~*', '+@all', '-info')],
  ['one without EVAL', 'no-command', async () => (await server('--rename-command', 'EVAL', '')).url],
  ['one that asks for a password', 'login-refused', () => configured('requirepass', 'pass')],
  ['one that refuses the password', 'login-refused', async () => (await server()).url.replace('//', '//tm:wrong@')],
  ['one that has all its connections', 'too-many-connections', fullOfConnections],
  ['one without the database', 'no-database', async () => `${(await server()).url}/99`],
  ['one with a certificate of its own', 'certificate-not-trusted', tlsServer],
  ['one that still loads its data', 'loading', loading],
];

describe('what keeps a Redis from holding the state', () => {
  it.each(WRONG)('is named: %s (%s)', { timeout: 60_000 }, async (_, code, start) => {
    const state = stateAt(await start());
    await expect.poll(async () => (await state.obstacle())?.code, PATIENCE).toBe(code);
    await expect(state.ledger.claim(aClaim())).rejects.toMatchObject({ code: 'ledger-unavailable' });
  });

  it('is nothing for a user with the documented permissions, and the try leaves nothing behind', async () => {
    const redis = await server();
    const state = stateAt(await user(redis, ...DOCUMENTED));
    await state.untilAvailable(5_000);
    expect([await state.obstacle(), await state.seenObstacle()]).toEqual([null, null]);
    expect(await admin(redis).keys('*')).toEqual([]);
    expect((await state.ledger.claim(aClaim())).ok).toBe(true);
  });

  it('keeps a claim from being written whose restart could not be, until it is gone', async () => {
    const redis = await server();
    const state = stateAt(await user(redis, ...DOCUMENTED, '-zadd'));
    await state.untilAvailable(5_000);
    await expect(state.ledger.claim(aClaim())).rejects.toThrow(/does not permit what Tidemark needs.*ZADD/);
    expect(await admin(redis).keys('*')).toEqual([]);
    await admin(redis).call('ACL', 'SETUSER', 'tm', '+zadd');
    expect(await state.obstacle()).toBeNull();
    expect((await state.ledger.claim(aClaim())).ok).toBe(true);
  });

  it('is seen by who only looks, who writes nothing', async () => {
    const replica = await replicaOf(await server());
    const looks = stateAt(await user(replica, '~*', '+@read', '+info'));
    await looks.untilAvailable(5_000);
    expect(await looks.seenObstacle()).toMatchObject({ code: 'replica' });
    const mayRead = stateAt(await user(await server(), '~*', '+@read', '+info'));
    await mayRead.untilAvailable(5_000);
    expect(await mayRead.seenObstacle()).toBeNull();
  });

  it('is said in a few words that name no server', () => {
    for (const { says, advice } of Object.values(STATE_OBSTACLES)) {
      expect(says).toMatch(/Redis/);
      expect(says.length).toBeLessThan(60);
      expect(advice.length).toBeGreaterThan(10);
    }
  });
});

it('goes on in no other database where Redis does not open the one of the URL', async () => {
  const redis = await server();
  const log: string[] = [];
  const state = stateAt(`${redis.url}/99`, log);
  await expect.poll(() => log.join(), PATIENCE).toMatch(/DB index is out of range -> correct the number/);
  await expect(state.ledger.read(SHOP)).rejects.toThrow(/DB index/);
  expect([state.available(), await state.untilAvailable(100)]).toEqual([false, false]);
  expect(await admin(redis).keys('*')).toEqual([]);
});

it('opens the database once the user is permitted to', { timeout: 30_000 }, async () => {
  const redis = await server();
  const state = stateAt(`${await user(redis, '~*', '+@all', '-select')}/3`);
  await expect.poll(async () => (await state.obstacle())?.code, PATIENCE).toBe('no-database');
  await admin(redis).call('ACL', 'SETUSER', 'tm', '+select');
  await expect.poll(() => state.obstacle(), PATIENCE).toBeNull();
  await expect.poll(state.available, PATIENCE).toBe(true);
});

it('calls a Redis that is away no replica, although it was one', async () => {
  const replica = await replicaOf(await server());
  const state = stateAt(replica.url);
  await state.untilAvailable(5_000);
  await expect.poll(async () => (await state.obstacle())?.code, PATIENCE).toBe('replica');
  await replica.kill();
  await expect.poll(state.available, PATIENCE).toBe(false);
  await expect.poll(() => state.obstacle(), PATIENCE).toBeNull();
});

it('names a Redis without a free connection, though a reset hides its answer', { timeout: 30_000 }, async () => {
  const redis = await server('--maxclients', '1');
  await admin(redis).ping();
  const log: string[] = [];
  const state = stateAt(redis.url, log);
  await expect.poll(() => log.join(), PATIENCE).toMatch(/ERR max number of clients reached -> close some/);
  expect((await state.obstacle())?.code).toBe('too-many-connections');
});

it('says what it may mean that a server cuts off its connections', { timeout: 30_000 }, async () => {
  const cutting = createServer((socket) =>
    socket.on('error', () => undefined).once('data', () => socket.resetAndDestroy()),
  );
  cutting.listen(0, '127.0.0.1');
  await once(cutting, 'listening');
  const log: string[] = [];
  stateAt(`redis://127.0.0.1:${(cutting.address() as AddressInfo).port}`, log);
  await expect.poll(() => log.join(), PATIENCE).toMatch(/rediss:.*as many connections as it accepts/);
  cutting.close();
});

it('says what to set for a self-signed certificate', async () => {
  const log: string[] = [];
  stateAt(await tlsServer(), log);
  await expect.poll(() => log.join(), PATIENCE).toMatch(/self-signed certificate.* -> set NODE_EXTRA_CA_CERTS/);
});

it('does not connect again at every write that a replica refuses', async () => {
  const replica = await replicaOf(await server());
  const log: string[] = [];
  const state = stateAt(replica.url, log);
  const refusal = () => state.ledger.claim(aClaim()).catch((error: unknown) => String(error));
  for (let count = 0; count < 5; count++) await expect.poll(refusal, PATIENCE).toMatch(/READONLY/);
  expect(log.filter((message) => message.includes('connected to'))).toHaveLength(1);
});

it.each([
  ['redis_version:4.0.14', 'too-old'],
  ['redis_version:5.0.0', null],
  ['redis_version:10.1.0', null],
  ['', null],
  ['redis_version:7.0.0\r\nrole:slave', 'replica'],
  ['redis_version:7.0.0\r\nused_memory:11\r\nmaxmemory:10\r\nmaxmemory_policy:noeviction', 'full'],
  ['redis_version:5.0.0\r\nrole:master\r\nmin_slaves_good_slaves:0', 'too-few-replicas'],
  ['redis_version:5.0.0\r\nrole:master\r\nmin_slaves_good_slaves:1', null],
  ['redis_version:7.0.0\r\nused_memory:11\r\nmaxmemory:10\r\nmaxmemory_policy:volatile-lru', null],
  [
    'redis_version:7.0.0\r\nused_memory:30\r\nmem_not_counted_for_evict:25\r\n' +
      'maxmemory:10\r\nmaxmemory_policy:noeviction',
    null,
  ],
  ['redis_version:7.0.0\r\nused_memory:11\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction', null],
])('reads from INFO %j that the obstacle is %s', (info, code) => {
  expect(obstacleIn(parseServerInfo(info))?.code ?? null).toBe(code);
});

/** What COMMAND of Redis 5.0.0 marks as `noscript`, without what changes the connection or the server. */
const NOT_IN_SCRIPTS_OF_REDIS_5 = /^(BLPOP|BRPOP|BRPOPLPUSH|BZPOPM..|MULTI|EXEC|WATCH|WAIT|XREAD|XREADGROUP|ROLE)$/;

it('makes no command in a script that Redis 5 forbids there', () => {
  const root = new URL('../../../../src/', import.meta.url);
  const files = (readdirSync(root, { recursive: true }) as string[]).filter((file) => file.endsWith('.ts'));
  const sources = files.map((file) => readFileSync(new URL(file, root), 'utf8')).join();
  const made = [...sources.matchAll(/redis\.p?call\('([A-Z]+)'/g)].map(([, command = '']) => command);
  expect(made.length).toBeGreaterThan(50);
  expect(made.filter((command) => NOT_IN_SCRIPTS_OF_REDIS_5.test(command))).toEqual([]);
});

it('tries every command that the scripts of the state make', () => {
  const root = new URL('../../../../src/', import.meta.url);
  const files = (readdirSync(new URL('adapters/redis/', root), { recursive: true }) as string[])
    .filter((file) => file.endsWith('.ts') && !file.startsWith('queue'))
    .filter((file) => !['server/write-probe.ts', 'server/permissions.ts'].includes(file))
    .map((file) => `adapters/redis/${file}`);
  const sources = [...files, 'shared/leader-key.ts'].map((file) => readFileSync(new URL(file, root), 'utf8')).join();
  const made = [...sources.matchAll(/redis\.p?call\('([A-Z]+)'/g)].map(([, command]) => command);
  const tried = new Set([...TRY_ALL.matchAll(/\{'([A-Z]+)'/g)].map(([, command]) => command));
  expect(made.length).toBeGreaterThan(30);
  expect([...new Set(made)].filter((command) => !tried.has(command))).toEqual([]);
});
