import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startDynoManager } from '../../../src/testbed/dyno-manager/manager.ts';
import { startRedis } from '../../../src/testbed/servers/redis-server.ts';
import type { Attempt } from '../../../src/web/schema/attempt.ts';
import { APP, feed, RunningActuator } from '../actuator/running-actuator.ts';

const REGISTER = new URL('../../../src/register.ts', import.meta.url).href;
const LEAKS = fileURLToPath(new URL('../../fixtures/instrument/processes/leaks.mjs', import.meta.url));
/** The curve is the test's. */
const NO_EXPORT = { OTEL_METRICS_EXPORTER: 'none' };
const TOKEN = 'HRKU-test-token';
/** What a run may take on a busy machine; nothing is asserted about it. */
const PATIENCE = { timeout: 90_000, interval: 200 };

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

type Env = Readonly<Record<string, string>>;

/** A leaking worker in a dyno, and an actuator. The curve of its memory is the test's, so that it surely is a leak. */
async function leakingDyno(env: Env = {}, actuatorEnv: Env = {}) {
  const redis = await startRedis();
  cleanups.push(() => redis.stop());
  // V8 counts what an inlined function allocates for its caller.
  const command = [process.execPath, '--max-inlined-bytecode-size=0', '--import', REGISTER, LEAKS];
  const manager = await startDynoManager({
    apps: [
      { name: APP, formation: [{ type: 'worker', command }], env: { REDIS_URL: redis.url, ...NO_EXPORT, ...env } },
    ],
    token: TOKEN,
    killAfterMs: 1_000,
  });
  cleanups.push(() => manager.stop());
  const actuator = await RunningActuator.start({
    HEROKU_API_URL: manager.url,
    HEROKU_API_TOKEN: TOKEN,
    REDIS_URL: redis.url,
    TIDEMARK_GRACE: '5s',
    ...actuatorEnv,
  });
  cleanups.push(() => actuator.stop());
  // A ledger that is new holds everybody's restarts for some seconds.
  await vi.waitFor(async () => {
    expect(JSON.stringify(await actuator.get('/api/status'))).not.toContain('ledger-hold');
    expect(await actuator.get('/readyz')).toMatchObject({ ready: true, restarts: 'on' });
  }, PATIENCE);
  const [dyno] = manager.dynos();
  if (dyno === undefined) throw new Error('no dyno');
  const boot = { name: dyno.name, id: dyno.dynoId };
  const attempt = async () => {
    const { attempts } = (await actuator.get('/api/attempts')) as { attempts: readonly Attempt[] };
    return attempts.find(({ phase }) => phase === 'closed');
  };
  return { redis, manager, actuator, boot, attempt };
}

describe('the memory report of a leaking dyno', { timeout: 180_000 }, () => {
  it('names in the attempt the function that leaked', async () => {
    const { actuator, boot, attempt } = await leakingDyno();
    const feeding = await feed(actuator, boot, (second) => 100 + 6.3 * second);
    cleanups.push(() => feeding.stop());
    const closed = await vi.waitUntil(attempt, PATIENCE);
    expect(closed).toMatchObject({ outcome: 'restarted', reason: 'leak-near-limit' });
    const [report] = closed?.memory_report ?? [];
    expect(report?.sites[0]).toMatchObject({
      function_name: 'rememberRecords',
      place: expect.stringMatching(/leaks\.mjs:9:\d+$/),
    });
    expect(report).toMatchObject({ not_sampled: null, heap_used_bytes: expect.any(Number) });
    expect(report?.sampled_bytes).toBeGreaterThan(0);
    expect(JSON.stringify(closed)).not.toContain(process.cwd());
  });

  it('that a person restarts has what costs nothing: the parts of its memory', async () => {
    const { actuator, attempt } = await leakingDyno();
    expect((await actuator.cli('restart', APP, 'worker.1')).code).toBe(0);
    const [report] = (await attempt())?.memory_report ?? [];
    expect(report).toMatchObject({ sites: [], not_sampled: 'not-asked' });
    expect(report?.heap_spaces.map(({ name }) => name)).toContain('old_space');
  });

  it.each([
    ['the worker', { TIDEMARK_MEMORY_REPORT: 'false' }, {}],
    ['the actuator', {}, { TIDEMARK_MEMORY_REPORT: 'false' }],
  ])('is none where it is off in %s, and the restart is made', async (_where, env, actuatorEnv) => {
    const { actuator, attempt } = await leakingDyno(env, actuatorEnv);
    expect((await actuator.cli('restart', APP, 'worker.1')).code).toBe(0);
    expect(await attempt()).toMatchObject({ outcome: 'restarted', memory_report: null });
  });

  it('is none of a worker that no longer answers, and the restart is made', async () => {
    const { manager, actuator, attempt } = await leakingDyno();
    process.kill(manager.dynos()[0]?.pid ?? 0, 'SIGSTOP');
    expect((await actuator.cli('restart', APP, 'worker.1')).code).toBe(0);
    expect(await attempt()).toMatchObject({ outcome: 'restarted', memory_report: null });
  });
});
