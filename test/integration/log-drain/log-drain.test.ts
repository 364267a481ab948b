import { afterEach, expect, it, vi } from 'vitest';
import { freePort } from '../../../src/testbed/dyno-manager/free-port.ts';
import { startDynoManager } from '../../../src/testbed/dyno-manager/manager.ts';
import { redisDatabase } from '../../redis-databases.ts';
import { APP, RunningActuator } from '../actuator/running-actuator.ts';
import { growing, TINY, TINY_MB } from './growing-app.ts';

const API_TOKEN = 'HRKU-test-token';
const PATIENCE = { timeout: 60_000, interval: 200 };

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Detail {
  readonly boot_id: string;
  readonly numbers: readonly { readonly code: string; readonly value: number | null }[];
}

interface Listed {
  readonly dyno: string;
  readonly marks: readonly { readonly kind: string; readonly says: string }[];
}

/** In any language: nothing of Tidemark is in the app, and nothing but its log drain says how its dynos are. */
it('restarts a dyno that only its log speaks for, and shows what Heroku logged of it', {
  timeout: 120_000,
}, async () => {
  const port = await freePort();
  const actuator = await RunningActuator.start({
    HEROKU_API_URL: `http://127.0.0.1:${port}`,
    HEROKU_API_TOKEN: API_TOKEN,
    REDIS_URL: redisDatabase('an actuator with a log drain'),
    TIDEMARK_SOURCE: 'logplex',
    TIDEMARK_INGEST_TOKENS: '*=drain-token',
    TIDEMARK_TARGETS: `${APP}:sidekiq`,
  });
  cleanups.push(() => actuator.stop());
  const type = (name: string, command: readonly string[]) => ({ type: name, command, size: TINY.name });
  const manager = await startDynoManager({
    token: API_TOKEN,
    port,
    dynoSizes: [TINY],
    logMetricsEveryMs: 100,
    logDrains: [{ app: APP, url: `${actuator.url.replace('//', '//drain-token@')}/v1/logplex/${APP}`, repeatEvery: 7 }],
    apps: [
      {
        name: APP,
        formation: [type('sidekiq', growing([...Array(8).fill(60), 1.3 * TINY_MB])), type('web', growing([60]))],
      },
    ],
  });
  cleanups.push(() => manager.stop());
  const first = manager.dynos().map(({ name, dynoId }) => [name, dynoId]);

  const restart = await vi.waitFor(async () => {
    const found = (await actuator.decisions()).find(({ action }) => action === 'restart');
    expect(found?.outcome).toBe('restarted');
    return found;
  }, PATIENCE);
  expect(restart?.dyno).toBe('sidekiq.1');
  expect(restart?.explanation).toContain('does not report jobs, so none is drained');
  expect(manager.deletes()).toEqual({ one: 1, all: 0 });

  const detail = await vi.waitFor(async () => {
    const read = (await actuator.get(`/api/dynos/${APP}/sidekiq.1`)) as Detail;
    expect(read.boot_id).not.toBe(first.find(([name]) => name === 'sidekiq.1')?.[1]);
    return read;
  }, PATIENCE);
  const { dynos } = (await actuator.get('/api/dynos?curve=100')) as { readonly dynos: readonly Listed[] };
  const marks = dynos.find(({ dyno }) => dyno === 'sidekiq.1')?.marks ?? [];
  const said = marks.filter(({ kind }) => kind === 'over-limit').map(({ says }) => says);
  expect(said.some((says) => /^Heroku logged R14(, \d+ times)?$/.test(says))).toBe(true);
  const missed = detail.numbers.find(({ code }) => code === 'quota-errors-missed');
  expect(missed?.value).toBe(0);
  expect((await actuator.get('/api/status')) as object).toMatchObject({ refused: [] });
});
