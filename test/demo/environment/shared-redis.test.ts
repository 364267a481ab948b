import { Redis } from 'ioredis';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { borrowRedis } from '../../../src/demo/environment/shared-redis.ts';
import { BadInputError } from '../../../src/model/errors.ts';
import { startRedis } from '../../../src/testbed/servers/redis-server.ts';

const connections: Redis[] = [];
afterEach(() => {
  for (const connection of connections.splice(0)) connection.disconnect();
});

function open(url: string): Redis {
  const connection = new Redis(url);
  connections.push(connection);
  return connection;
}

describe('an existing Redis', () => {
  it('is left as it was: the demo uses an empty database and empties it again', async () => {
    const others = open(`${inject('redisUrl')}/0`);
    await others.set('tidemark:of-somebody-else', 'kept');
    const borrowed = await borrowRedis(inject('redisUrl'), 'run-1');
    const mine = open(borrowed.url);
    expect(new URL(borrowed.url).pathname).not.toBe('/0');
    await mine.mset({ 'tidemark:epoch': '1', 'tidemark-demo-ab:worker:id': '2' });
    await borrowed.stop();
    expect(await mine.dbsize()).toBe(0);
    expect(await others.get('tidemark:of-somebody-else')).toBe('kept');
    await others.del('tidemark:of-somebody-else');
  });

  it('gives each of two simultaneous demos its own database', async () => {
    const [first, second] = await Promise.all([
      borrowRedis(inject('redisUrl'), 'run-1'),
      borrowRedis(inject('redisUrl'), 'run-2'),
    ]);
    expect(first.url).not.toBe(second.url);
    await Promise.all([first.stop(), second.stop()]);
  });

  it('is refused if no database is empty, and not changed', async () => {
    const server = await startRedis({ extraArgs: ['--databases', '2'] });
    const full = open(`${server.url}/1`);
    await full.set('x', 'y');
    await expect(borrowRedis(server.url, 'run-1')).rejects.toThrow(/empty logical database/);
    expect(await full.keys('*')).toEqual(['x']);
    full.disconnect();
    await server.stop();
  });

  it('is refused if it may drop the ledger', async () => {
    const server = await startRedis({ extraArgs: ['--maxmemory-policy', 'allkeys-lru'] });
    await expect(borrowRedis(server.url, 'run-1')).rejects.toThrow(/noeviction/);
    await server.stop();
  });

  it('is refused with a message, without its password, if nothing answers', async () => {
    const refused = await borrowRedis('redis://user:secret-word@127.0.0.1:1', 'run-1').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(BadInputError);
    expect(String(refused)).toContain('REDIS_URL');
    expect(String(refused)).not.toContain('secret-word');
  });
});
