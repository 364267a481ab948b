import { afterEach, expect, it, vi } from 'vitest';
import { freePort } from '../../../src/testbed/dyno-manager/free-port.ts';
import { startDynoManager } from '../../../src/testbed/dyno-manager/manager.ts';
import { redisDatabase } from '../../redis-databases.ts';
import { APP, feed, RunningActuator } from './running-actuator.ts';

const TOKEN = 'HRKU-test-token';
const SECRET = 'webhook-s3cret';
const SLEEPER = [process.execPath, '-e', "process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000);"];
const PATIENCE = { timeout: 30_000, interval: 100 };

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

it('a new dyno is known from its webhooks, without a read', { timeout: 90_000 }, async () => {
  const port = await freePort();
  const manager = await startDynoManager({
    apps: [{ name: APP, formation: [{ type: 'worker', command: SLEEPER }] }],
    token: TOKEN,
    webhook: { url: `http://127.0.0.1:${port}/webhooks/heroku`, secret: SECRET },
  });
  cleanups.push(() => manager.stop());
  const actuator = await RunningActuator.start({
    PORT: String(port),
    HEROKU_API_URL: manager.url,
    HEROKU_API_TOKEN: TOKEN,
    TIDEMARK_WEBHOOK_SECRET: SECRET,
    REDIS_URL: redisDatabase('an actuator with webhooks'),
  });
  cleanups.push(() => actuator.stop());
  const report = async () => {
    const [dyno] = manager.dynos();
    if (dyno === undefined) throw new Error('there is no dyno');
    const feeding = await feed(actuator, { name: dyno.name, id: dyno.dynoId }, () => 120);
    cleanups.push(() => feeding.stop());
    return dyno.dynoId;
  };
  const isListed = (bootId: string) =>
    vi.waitFor(async () => {
      expect(await actuator.get(`/api/dynos/${APP}/worker.1`)).toMatchObject({
        boot_id: bootId,
        reason: expect.not.stringMatching(/not-listed/),
        started_at_ms: expect.any(Number),
      });
    }, PATIENCE);
  const reads = () => manager.requests.filter(({ path }) => path === `/apps/${APP}/dynos`).length;

  await isListed(await report());
  const before = reads();
  manager.deploy(APP);
  await vi.waitFor(() => expect(manager.webhookAnswers.filter((status) => status === 202)).toHaveLength(3), PATIENCE);
  await isListed(await report());
  expect(reads()).toBe(before);
  expect(actuator.lines.join('\n')).not.toContain(SECRET);
});
