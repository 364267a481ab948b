import { existsSync } from 'node:fs';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { type DemoRedis, startOwnRedis } from '../../../src/demo/environment/own-redis.ts';

const running: DemoRedis[] = [];
afterEach(async () => {
  for (const redis of running.splice(0)) await redis.stop();
});

describe("the demo's own Redis", () => {
  it('comes back after a kill on the same port, with everything that it acknowledged, and says so', async () => {
    const pids: number[] = [];
    const events: string[] = [];
    const redis = await startOwnRedis({
      onStart: (pid) => pids.push(pid),
      onReturn: (text) => events.push(text),
      onLoss: (why) => events.push(why),
    });
    running.push(redis);
    const connection = new Redis(redis.url);
    connection.on('error', () => {}); // The test kills the server.
    await connection.set('kept', 'yes');
    process.kill(pids[0] ?? 0, 'SIGKILL');
    await expect.poll(() => events, { timeout: 20_000 }).toEqual([expect.stringContaining('started again')]);
    expect(await connection.get('kept')).toBe('yes');
    expect(new Set(pids).size).toBe(2);
    connection.disconnect();
  });

  it('leaves no folder and no process behind', async () => {
    let pid = 0;
    const redis = await startOwnRedis({
      onStart: (started) => {
        pid = started;
      },
      onReturn: () => {},
      onLoss: () => {},
    });
    const connection = new Redis(redis.url);
    const [, dir = ''] = (await connection.config('GET', 'dir')) as string[];
    connection.disconnect();
    expect(existsSync(dir)).toBe(true);
    await redis.stop();
    expect(existsSync(dir)).toBe(false);
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
  });
});
