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

/** A leaking worker in a dyno, and an actuator. The curve of its memory is the test's, so that it is sure to be a leak. */
async function leakingDyno(env: Readonly<Record<string, string>> = {}) {
  const redis = await startRedis();
  cleanups.push(() => redis.stop());
  const command = [process.execPath, '--import', REGISTER, LEAKS];
  const manager = await startDynoManager({
    apps: [
      { name: APP, formation: [{ type: 'worker', command }], env: { REDIS_URL: redis.url, ...NO_EXPORT, ...env } },
    ],
    token: TOKEN,
  });
  cleanups.push(() => manager.stop());
  const actuator = await RunningActuator.start({
    HEROKU_API_URL: manager.url,
    HEROKU_API_TOKEN: TOKEN,
    REDIS_URL: redis.url,
    TIDEMARK_GRACE: '5s',
  });
  cleanups.push(() => actuator.stop());
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
    console.log(JSON.stringify(closed, null, 1));
    expect(closed).toMatchObject({ outcome: 'restarted' });
  });
});
