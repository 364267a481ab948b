import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { POINTS_STREAM_KEY } from '../../../src/semconv.ts';
import { type RedisServer, startRedis } from '../../../src/testbed/servers/redis-server.ts';
import { APP, RunningActuator } from '../actuator/running-actuator.ts';
import { AppFolder, type BullmqVersion, Receiver, runApp } from '../instrument/instrument-harness.ts';

const LIMIT = { timeout: 20_000, interval: 100 };

interface DynosAnswer {
  readonly dynos: readonly { readonly dyno: string; readonly usage_bytes: number | null }[];
}

const undo: (() => Promise<unknown> | unknown)[] = [];
let server: RedisServer;
let redis: Redis;

beforeEach(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  undo.push(
    () => server.stop(),
    () => redis.disconnect(),
  );
});

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function actuator(env: Readonly<Record<string, string>> = {}): Promise<RunningActuator> {
  const running = await RunningActuator.start({
    REDIS_URL: server.url,
    TIDEMARK_SOURCE: 'redis',
    TIDEMARK_DRY_RUN: 'true',
    ...env,
  });
  undo.push(() => running.kill());
  return running;
}

function worker(
  version: BullmqVersion,
  env: Readonly<Record<string, string>>,
  args: readonly string[] = ['start/work.mjs'],
) {
  const folder = new AppFolder(version);
  undo.push(() => folder.remove());
  const all = ['--import', 'tidemark/register', ...args];
  return runApp({ folder, args: all, redisUrl: server.url, receiverUrl: 'http://127.0.0.1:9', env });
}

async function knows(running: RunningActuator): Promise<void> {
  await vi.waitFor(async () => {
    const { dynos } = (await running.get('/api/dynos')) as DynosAnswer;
    expect(dynos).toEqual([expect.objectContaining({ dyno: 'worker.1', usage_bytes: expect.any(Number) })]);
  }, LIMIT);
}

describe.each([5, 6] as const)('a worker with BullMQ %i that sends its points by Redis', (version) => {
  it('is known to an actuator that nothing can reach, its last points too though it exits at once', async () => {
    const running = await actuator();
    const app = worker(version, {
      TIDEMARK_TRANSPORT: 'redis',
      TIDEMARK_APP: APP,
      OTEL_METRIC_EXPORT_INTERVAL: '60000',
    });
    expect(await app.exited).toMatchObject({ code: 3, signal: null, stderr: '' });
    // With an interval of a minute the last flush is the only export.
    const entries = await redis.xrange(POINTS_STREAM_KEY, '-', '+');
    expect(entries).not.toEqual([]);
    const newest = entries.at(-1)?.[1][1] ?? '';
    expect(JSON.parse(newest).resourceMetrics).toHaveLength(1);
    expect(newest).toContain('bullmq.job.memory.net');
    await knows(running);
  });
});

describe('the ways of the points', () => {
  it('can be both: a Collector gets them as before', async () => {
    const receiver = new Receiver();
    const url = await receiver.start();
    undo.push(() => receiver.stop());
    const env = { TIDEMARK_TRANSPORT: 'otlp,redis', OTEL_EXPORTER_OTLP_ENDPOINT: url };
    expect((await worker(6, env).exited).code).toBe(3);
    expect(receiver.of('process.memory.usage')).not.toEqual([]);
    expect(await redis.xlen(POINTS_STREAM_KEY)).toBeGreaterThan(0);
  });

  it('over HTTP are refused when the actuator reads the stream only', async () => {
    const running = await actuator();
    const answer = await fetch(`${running.url}/v1/metrics`, { method: 'POST', body: '{}' });
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain('TIDEMARK_SOURCE');
  });

  it('affect no job when Redis refuses them', async () => {
    const env = { TIDEMARK_TRANSPORT: 'redis', OTEL_METRIC_EXPORT_INTERVAL: '100', OTEL_METRIC_EXPORT_TIMEOUT: '100' };
    await redis.set(POINTS_STREAM_KEY, 'no stream');
    const app = worker(6, env);
    expect((await app.exited).code).toBe(3);
    expect(await redis.get(POINTS_STREAM_KEY)).toBe('no stream');
  });
});

describe('a stand-by that reads the stream', () => {
  it('knows the boots before it leads, and so does an actuator that starts later', async () => {
    const leader = await actuator();
    const standby = await actuator();
    const env = {
      TIDEMARK_TRANSPORT: 'redis',
      TIDEMARK_APP: APP,
      OTEL_METRIC_EXPORT_INTERVAL: '100',
      OTEL_METRIC_EXPORT_TIMEOUT: '100',
    };
    const app = worker(6, env, ['processes/sandboxed.mjs']);
    await knows(leader);
    await knows(standby);
    // By app and boot: no app may write over what is kept of another's boot.
    const kept = [expect.stringMatching(`^tidemark:boot:${APP}\\|.`)];
    await vi.waitFor(async () => expect(await redis.keys('tidemark:boot:*')).toEqual(kept), LIMIT);
    app.stop();
    await app.exited;
    await knows(await actuator());
  });
});
