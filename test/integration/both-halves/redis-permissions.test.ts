import { readFileSync } from 'node:fs';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createDrainKeys } from '../../../src/adapters/redis/queue/drain-keys.ts';
import { createPointsReader } from '../../../src/adapters/redis/queue/points-reader.ts';
import { resolveActuatorSettings } from '../../../src/config/resolve.ts';
import { checkRedis } from '../../../src/doctor/check-redis.ts';
import type { WorkerMethods } from '../../../src/instrument/bullmq/bullmq-patch.ts';
import { PointsStreamExporter } from '../../../src/instrument/export/redis/points-stream.ts';
import { WorkerInstrumentation } from '../../../src/instrument/worker-instrumentation.ts';
import { type RedisServer, startRedis } from '../../../src/testbed/servers/redis-server.ts';

const LIMIT = { timeout: 30_000, interval: 50 };

/** The rules of the line in docs/settings.md, which must be enough as they are. */
const PAGE = readFileSync(new URL('../../../docs/settings.md', import.meta.url), 'utf8');
const RULES = /^ACL SETUSER my-user (.*)$/m.exec(PAGE)?.[1]?.split(' ') ?? [];

const undo: (() => Promise<unknown> | unknown)[] = [];
let server: RedisServer;
let admin: Redis;

beforeEach(async () => {
  server = await startRedis();
  undo.push(() => server.stop());
  admin = new Redis(server.url);
  undo.push(() => admin.disconnect());
});

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

const setUser = (...rules: readonly string[]) => admin.call('ACL', 'SETUSER', 'app', ...rules);

function urlOfUser(): string {
  return `redis://app:secret@127.0.0.1:${server.port}`;
}

it('a worker without permissions works on, reports what is missing once, and drains when it has them', async () => {
  await setUser('on', '>secret', '+@all', '~bull:*', '&*');
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  undo.push(() => warn.mockRestore());
  const boot = { app: 'shop', bootId: 'boot-of-a-restricted-user' };
  const watch = new WorkerInstrumentation({
    maxJobNames: 10,
    env: { DYNO: 'worker.1', HEROKU_DYNO_ID: boot.bootId, HEROKU_APP_NAME: boot.app },
  });
  watch.follow(Worker.prototype as unknown as WorkerMethods);
  undo.push(() => watch.stop());
  const connection = { host: '127.0.0.1', port: server.port, username: 'app', password: 'secret' };
  const done = vi.fn();
  const worker = new Worker('jobs', async () => done(), { connection });
  const queue = new Queue('jobs', { connection });
  undo.push(() => queue.close());
  undo.push(() => worker.close());

  const refusals = () => warn.mock.calls.filter(([text]) => String(text).includes('NOPERM'));
  await vi.waitUntil(() => refusals().length > 0, LIMIT);
  expect(refusals()).toEqual([[expect.stringMatching(/^tidemark: this process cannot be asked.*tidemark:\*/)]]);
  await queue.add('job', {});
  await vi.waitUntil(() => done.mock.calls.length === 1, LIMIT);

  await setUser(...RULES);
  const keys = createDrainKeys({ url: server.url, holdMs: 60_000 });
  undo.push(() => keys.close());
  await vi.waitUntil(
    async () => [...(await keys.refresh(boot, 'first').catch(() => new Map())).values()].includes(true),
    LIMIT,
  );
  expect(refusals()).toHaveLength(1);
});

it('those of docs/settings.md are all that drain, points stream and doctor need', async () => {
  await setUser('on', '>secret', ...RULES);
  const keys = createDrainKeys({ url: urlOfUser(), holdMs: 60_000 });
  undo.push(() => keys.close());
  const boot = { app: 'shop', bootId: 'boot-1' };
  await vi.waitFor(() => keys.refresh(boot, 'first'), LIMIT);
  await keys.clear(boot, 'first');

  const client = new Redis(urlOfUser());
  undo.push(() => client.disconnect());
  const workerRedis = () => ({
    isConnected: async () => true,
    evaluate: (script: { lua: string }, names: readonly string[], args: readonly string[]) =>
      client.eval(script.lua, names.length, ...names, ...args),
  });
  const replies: unknown[] = [];
  const exporter = new PointsStreamExporter({
    workerRedis,
    serialize: () => new TextEncoder().encode('{}'),
    onAppended: (reply) => replies.push(reply),
    onFailed: (error) => replies.push(error),
  });
  exporter.export({ scopeMetrics: [] } as never, () => {});
  await exporter.forceFlush();
  expect(await admin.xlen('tidemark:points')).toBe(1);
  const reader = createPointsReader({ url: urlOfUser(), onEntry: () => {} });
  undo.push(() => reader.close());
  reader.start({ afterId: null, maxAgeMs: 60_000 });
  await vi.waitFor(async () => expect(await admin.xinfo('GROUPS', 'tidemark:points')).toHaveLength(1), LIMIT);
  exporter.export({ scopeMetrics: [] } as never, () => {});
  await exporter.forceFlush();
  // The second export knows that the first one was read.
  const [first, second] = replies as [string, string][];
  expect(second?.[1]).toBe(first?.[0]);

  const settings = { env: { TIDEMARK_REDIS_URL: server.url, REDIS_URL: urlOfUser() }, flags: {} };
  const found = await checkRedis(resolveActuatorSettings(settings));
  expect(found.map(({ level }) => level)).not.toContain('fault');
  expect(await admin.keys('tidemark:drain*')).toEqual([]);
});

it('the doctor reports a user without the permissions', async () => {
  await setUser('on', '>secret', '+@all', '~bull:*');
  const settings = { env: { TIDEMARK_REDIS_URL: server.url, REDIS_URL: urlOfUser() }, flags: {} };
  const found = await checkRedis(resolveActuatorSettings(settings));
  expect(found).toContainEqual(
    expect.objectContaining({ level: 'fault', says: expect.stringMatching(/drain keys.*not drained.*NOPERM/) }),
  );
});
