import { spawn } from 'node:child_process';
import { once as onceEmitted } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { connect } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { connect as connectTcp, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { expect, vi } from 'vitest';
import { runCli } from '../integration/actuator/running-actuator.ts';
import { serveTls } from '../models/tls-redis.ts';
import {
  type Environment,
  later,
  measurements,
  once,
  platform,
  type Reporter,
  redisServer,
  type Said,
  World,
} from './world.ts';

/** Each mistake of docs/troubleshooting.md, made for real. */

const MINUTE = 60_000;
const MAX_CLIENTS = 20;
const SHOP = { app: 'shop', dyno: 'worker.1', id: 'any' };
/** Level for five seconds, then up in stairs, and level again at 88 % of 512 MB. */
const bloated = (second: number) => Math.min(450, second < 5 ? 100 : 100 + Math.floor(second - 4) * 90);

/** A correct set-up, for mistakes that only a sender makes. */
const steady = once(() => World.start());

async function dynoOf(
  app: string,
  name: string,
): Promise<{ readonly app: string; readonly dyno: string; readonly id: string }> {
  const found = (await platform()).dynos().find((dyno) => dyno.app === app && dyno.name === name);
  if (found === undefined) throw new Error(`the platform has no ${app} ${name}`);
  return { app, dyno: name, id: found.dynoId };
}

async function refused(send: (world: World) => Promise<unknown>): Promise<Said> {
  const world = await steady();
  await onceRead(() => send(world));
  return world.said();
}

/** Not looked at while the actuator reads its state back. */
async function onceRead(send: () => Promise<unknown>): Promise<void> {
  await vi.waitFor(async () => expect(await send()).not.toBe(503), { timeout: 30_000, interval: 100 });
}

const LOG = { 'content-type': 'application/logplex-1' };

/** The same where log lines are taken. */
async function drained(env: Environment, send: (world: World) => Promise<number>): Promise<Said> {
  const world = await World.start({ TIDEMARK_SOURCE: 'otlp,logplex', ...env });
  await onceRead(() => send(world));
  return world.said();
}

/** The record of shop:worker as the ledger would have it. */
async function recorded(fields: Readonly<Record<string, string>>): Promise<Said> {
  const world = await World.start();
  await world.actuator.cli('status');
  await world.redis((redis) => redis.hset('tidemark:ledger:shop:worker', fields));
  return world.said();
}

async function started(...args: Parameters<typeof World.start>): Promise<Said> {
  return (await World.start(...args)).said();
}

async function portTaken(): Promise<Said> {
  const server = createServer().listen(0);
  later(() => server.close());
  await onceEmitted(server, 'listening');
  const { stderr } = await runCli(['actuator'], { PORT: String((server.address() as AddressInfo).port) });
  return { 'its own output': async () => stderr };
}

async function oldNode(): Promise<Said> {
  const old = "data:text/javascript,Object.defineProperty(process.versions, 'node', { value: '20.20.2' })";
  const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', old, cli, 'status']);
  let text = '';
  child.stderr.on('data', (chunk: Buffer) => {
    text += chunk;
  });
  await onceEmitted(child, 'close');
  return { 'its own output': async () => text };
}

/** A platform with a clock five minutes ahead of this machine's. */
async function platformAhead(): Promise<Said> {
  const server = createHttpServer((_, response) => {
    response.setHeader('date', new Date(Date.now() + 5 * MINUTE).toUTCString());
    response.writeHead(401, { 'content-type': 'application/json' }).end('{"id":"unauthorized","message":"no"}');
  }).listen(0, '127.0.0.1');
  later(() => server.close());
  await onceEmitted(server, 'listening');
  const world = await steady();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { doctor: () => world.doctor({ HEROKU_API_URL: url }) };
}

async function speakGrpc(url: string): Promise<void> {
  const session = connect(url);
  const ended = new Promise<void>((resolve) => session.once('close', () => resolve()));
  session.on('error', () => undefined);
  session
    .request({ ':path': '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export' })
    .on('error', () => undefined);
  await ended;
}

async function reported(env: Environment, dyno: Omit<Reporter, 'usageMb'>): Promise<Said> {
  const world = await World.start(env);
  await world.report({ ...dyno, usageMb: bloated });
  return world.said();
}

async function standby(): Promise<Said> {
  const first = await steady();
  return started({}, first.env.REDIS_URL);
}

async function redisAway(): Promise<Said> {
  const server = await redisServer();
  const world = await World.start({}, server.url);
  await server.kill();
  return world.said();
}

async function redisFull(): Promise<Said> {
  const world = await World.start();
  await world.redis((redis) => redis.config('SET', 'maxmemory', '1mb'));
  return world.said();
}

/** Every connection that it accepts is taken. */
async function redisWithoutConnections(): Promise<Said> {
  const server = await redisServer('--maxclients', String(MAX_CLIENTS));
  for (let taken = 0; taken < MAX_CLIENTS; taken += 1) {
    const client = connectTcp(server.port, '127.0.0.1').on('error', () => undefined);
    later(() => client.destroy());
    await onceEmitted(client, 'connect');
  }
  return started({}, server.url);
}

async function redisReplica(): Promise<Said> {
  const master = await redisServer();
  return started({}, (await redisServer('--replicaof', '127.0.0.1', String(master.port))).url);
}

/** Of one node that serves all slots, so that commands about one key work. */
async function redisCluster(): Promise<Said> {
  const server = await redisServer('--cluster-enabled', 'yes');
  await asAdmin(server.url, (admin) => admin.call('CLUSTER', 'ADDSLOTSRANGE', 0, 16383));
  return started({}, server.url);
}

async function redisReadOnlyUser(): Promise<Said> {
  const { url } = await redisServer();
  await asAdmin(url, (admin) => admin.call('ACL', 'SETUSER', 'reader', 'on', '>pass-word', '~*', '+@all', '-@write'));
  return started({}, url.replace('redis://', 'redis://reader:pass-word@'));
}

async function redisWrongPassword(): Promise<Said> {
  return started({}, (await redisServer()).url.replace('redis://', 'redis://nobody:pass-word@'));
}

async function redisSelfSigned(): Promise<Said> {
  const server = await redisServer();
  return started({}, await serveTls(server));
}

async function asAdmin(url: string, work: (admin: Redis) => Promise<unknown>): Promise<void> {
  const admin = new Redis(url);
  await work(admin);
  admin.disconnect();
}

async function queueInCluster(): Promise<Said> {
  const queue = await redisServer('--cluster-enabled', 'yes');
  const world = await steady();
  const state = world.env.REDIS_URL ?? '';
  return { doctor: () => world.doctor({ REDIS_URL: queue.url, TIDEMARK_REDIS_URL: state }) };
}

/** A user of the queue's Redis who may do everything with the queue's own keys, and nothing with others. */
async function queueWithoutPermission(): Promise<Said> {
  const queue = await redisServer();
  const world = await steady();
  await asAdmin(queue.url, (admin) => admin.call('ACL', 'SETUSER', 'jobs', 'on', '>pass-word', '~bull:*', '+@all'));
  const state = world.env.REDIS_URL ?? '';
  const url = queue.url.replace('redis://', 'redis://jobs:pass-word@');
  return { doctor: () => world.doctor({ REDIS_URL: url, TIDEMARK_REDIS_URL: state }) };
}

async function tooManyWebDynos(): Promise<Said> {
  return started({ DYNO: 'web.2', HEROKU_APP_NAME: 'tidemark' });
}

async function paused(): Promise<Said> {
  const world = await World.start();
  await world.actuator.cli('pause', 'shop:worker');
  return world.said();
}

const at = (offsetMs: number) => (world: World) => world.post(measurements(SHOP, [Date.now() + offsetMs]));

export const SCENARIOS: Readonly<Record<string, () => Promise<Said>>> = {
  'The worker sends no ingest token, or a wrong one': () =>
    refused((world) => world.post({}, { authorization: 'Bearer wrong' })),
  "The worker sends another app's ingest token": () =>
    refused((world) => world.post(measurements({ ...SHOP, app: 'other' }, [Date.now()]))),
  'The actuator has no ingest tokens, and the worker is elsewhere': async () => {
    const world = await World.start({ TIDEMARK_INGEST_TOKENS: '', DYNO: 'web.1' });
    await world.post({}, { 'x-forwarded-for': '203.0.113.7' });
    return world.said();
  },
  'The URL has a path too many or too few': () => refused((world) => world.post({}, {}, '/v1/metrics/v1/metrics')),
  'The sender speaks gRPC': () => refused((world) => speakGrpc(world.actuator.url)),
  'The app has a log drain, and the actuator takes no log lines': () =>
    refused((world) => world.post({}, LOG, '/v1/logplex')),
  'Something else than a log drain sends to /v1/logplex': () =>
    drained({ TIDEMARK_INGEST_TOKENS: 'shop=ingest-t0ken' }, (world) => world.post({}, {}, '/v1/logplex')),
  'The token of a log drain is for several apps, and its URL names none': () =>
    drained({ TIDEMARK_INGEST_TOKENS: '*=ingest-t0ken' }, (world) => world.post({}, LOG, '/v1/logplex')),
  'The app has its own OpenTelemetry SDK without `herokuDetector`': () =>
    refused((world) => world.post(measurements({ ...SHOP, id: null }, [Date.now()]))),
  'The clock of the worker is slow': () => refused(at(-5 * MINUTE)),
  'The clock of the worker is fast': () => refused(at(5 * MINUTE)),
  "The clock of the actuator's machine is off": platformAhead,
  'The worker sends over HTTP, and the actuator reads the stream in Redis': async () => {
    const world = await World.start({ TIDEMARK_SOURCE: 'redis' });
    await world.post({});
    return world.said();
  },
  'The worker writes to the stream in Redis, and the actuator takes HTTP': () => started(),
  'The memory quota is unknown': async () => {
    return reported({ TIDEMARK_TARGETS: 'odd:worker' }, await dynoOf('odd', 'worker.1'));
  },
  "The actuator's app has several web dynos": tooManyWebDynos,
  'Restarts are paused': paused,
  'Dry run is on': () => started({ TIDEMARK_DRY_RUN: 'true' }),
  'The ledger is new, so restarts are held': () => started({ TIDEMARK_GRACE: '1h' }),
  'The breaker of a target is open': () =>
    recorded({
      breakerUntilMs: String(Date.now() + 60 * MINUTE),
      breakerReason: 'the last restarts gave nothing back',
    }),
  'The hourly budget is used up': () => recorded({ sent: JSON.stringify(Array(4).fill(Date.now())) }),
  'The eviction policy of Redis may drop the ledger': async () =>
    started({}, (await redisServer('--maxmemory-policy', 'allkeys-lru')).url),
  'Redis is full': redisFull,
  'Redis accepts no more connections': redisWithoutConnections,
  'Redis is a replica': redisReplica,
  'Redis is a cluster': redisCluster,
  'The user of Redis may not do all that Tidemark needs': redisReadOnlyUser,
  'The user name or password of Redis is wrong': redisWrongPassword,
  'The certificate of Redis is self-signed': redisSelfSigned,
  'Redis is away': redisAway,
  'No Redis is configured': () => started({ REDIS_URL: '' }),
  "The queue's Redis is a Redis Cluster": queueInCluster,
  "The user of the queue's Redis may not write Tidemark's keys": queueWithoutPermission,
  'Heroku refuses the token': () => started({ HEROKU_API_TOKEN: 'HRKU-wrong' }),
  'The allow-list is empty': () => started({ TIDEMARK_TARGETS: '', TIDEMARK_DRY_RUN: 'true' }),
  'A dyno is not on the allow-list': async () => reported({}, { ...(await dynoOf('shop', 'mailer.1')), limitMb: 512 }),
  'A machine says that it is a dyno which the platform does not list': () =>
    reported({}, { ...SHOP, id: 'of-a-laptop', limitMb: 512 }),
  'Another actuator leads': standby,
  'KAFKA_URL is not set': async () => {
    const { stderr } = await runCli(['actuator'], { TIDEMARK_SOURCE: 'kafka' });
    return { 'its own output': async () => stderr };
  },
  // Nothing listens on port 9 (discard).
  'Kafka is away': () => started({ TIDEMARK_SOURCE: 'kafka', KAFKA_URL: 'kafka://127.0.0.1:9' }),
  'The port is taken': portTaken,
  'Node is too old': oldNode,
};
