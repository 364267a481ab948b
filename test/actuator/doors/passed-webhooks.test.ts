import { createHmac } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterEach, expect, inject, it, vi } from 'vitest';
import { createHerokuWebhooks, hearPassedWebhooks } from '../../../src/actuator/doors/heroku-webhooks.ts';
import { createRedisState } from '../../../src/adapters/redis/state.ts';
import type { DynoNews } from '../../../src/ports.ts';

const SECRET = 'webhook-s3cret';
const LIMITS = { cooldownMs: 1, maxRestartsPerHour: 1, holdMs: 0 };
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

function event(dyno: string, padding = ''): string {
  const data = { id: `id-of-${dyno}`, app: { name: 'shop' }, name: dyno, type: 'worker', state: 'up', padding };
  return JSON.stringify({ action: 'update', resource: 'dyno', created_at: '2026-08-03T17:40:49.504132Z', data });
}

/** One of several actuators on the same keys. It follows the dynos of `shop`, or none. */
async function actuatorOf(keyPrefix: string, follows: boolean) {
  const state = createRedisState({ url: inject('redisUrl'), policy: LIMITS, keyPrefix });
  closers.push(() => state.close());
  await state.untilAvailable(5_000);
  const heard: string[] = [];
  const hear = ({ dyno }: DynoNews) => {
    if (follows) heard.push(dyno.name);
    return follows ? ('taken' as const) : ('not-watched' as const);
  };
  const passing: Promise<void>[] = [];
  const pass = (body: string) => void passing.push(state.webhooks.pass(body));
  const { take } = createHerokuWebhooks({ secret: SECRET, platform: { hear }, leads: () => true, pass });
  return {
    heard,
    send: async (body: string) => {
      const answer = take(Buffer.from(body), createHmac('sha256', SECRET).update(body).digest('base64'));
      await Promise.all(passing.splice(0));
      return answer;
    },
    round: () => hearPassedWebhooks(state, { hear }),
  };
}

it('a webhook that came to another actuator reaches the one that follows the app, once and in order', async () => {
  const [one, two] = [await actuatorOf('passed:', false), await actuatorOf('passed:', true)];
  expect(await one.send(event('worker.1'))).toBe('passed-on');
  expect(await one.send(event('worker.2'))).toBe('passed-on');
  await two.round();
  await two.round();
  expect(two.heard).toEqual(['worker.1', 'worker.2']);
});

it('more webhooks than one read takes all reach it', async () => {
  const follower = await actuatorOf('many:', true);
  const redis = new Redis(inject('redisUrl'));
  closers.push(() => redis.disconnect());
  const adding = redis.pipeline();
  for (let number = 0; number < 1_100; number++) adding.xadd('many:webhooks', '*', 'body', event(`worker.${number}`));
  await adding.exec();
  await follower.round();
  expect(follower.heard.length).toBe(1_100);
});

it('nothing is passed on that is too long, and what is passed on expires', async () => {
  const [one, two] = [await actuatorOf('bounds:', false), await actuatorOf('bounds:', true)];
  await one.send(event('worker.1', 'x'.repeat(9_000)));
  await one.send(event('worker.2'));
  await two.round();
  expect(two.heard).toEqual(['worker.2']);
  const redis = new Redis(inject('redisUrl'));
  closers.push(() => redis.disconnect());
  await vi.waitFor(async () => expect(await redis.pttl('bounds:webhooks')).toBeGreaterThan(0));
});
