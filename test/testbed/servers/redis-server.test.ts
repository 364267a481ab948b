import { Redis } from 'ioredis';
import { afterEach, expect, it } from 'vitest';
import { type RedisServer, startRedis } from '../../../src/testbed/servers/redis-server.ts';

const servers: RedisServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function start(options: Parameters<typeof startRedis>[0] = {}): Promise<RedisServer> {
  const server = await startRedis(options);
  servers.push(server);
  return server;
}

async function ask<T>(server: RedisServer, question: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(server.url);
  try {
    return await question(redis);
  } finally {
    redis.disconnect();
  }
}

it('starts servers next to each other on separate ports, and leaves no process when they stop', async () => {
  const [one, two] = await Promise.all([start(), start()]);
  expect(one.port).not.toBe(two.port);
  expect(await ask(one, (redis) => redis.ping())).toBe('PONG');
  await one.stop();
  await one.stop();
  expect(() => process.kill(one.pid, 0)).toThrow('ESRCH');
});

it('comes back after a kill -9 on the same port with everything that it acknowledged', async () => {
  const first = await start({ appendFsyncAlways: true });
  await ask(first, (redis) => redis.set('key', 'value'));
  await first.kill();
  const second = await start({ appendFsyncAlways: true, dir: first.dir, port: first.port });
  expect(await ask(second, (redis) => redis.get('key'))).toBe('value');
});

it('repeats the output of a server that does not start', async () => {
  const first = await start();
  await expect(startRedis({ port: first.port })).rejects.toThrow(/did not start:[\s\S]*(bind|in use)/i);
});
