import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Finding } from '../../../src/doctor/finding.ts';
import { startDynoManager } from '../../../src/testbed/dyno-manager/manager.ts';
import { type RedisServer, startRedis } from '../../../src/testbed/servers/redis-server.ts';
import { APP, feed, RunningActuator, runCli } from './running-actuator.ts';

const TOKEN = 'HRKU-doctor-token';
const ADMIN = 'TIDEMARK_ADMIN_TOKEN';

const undo: (() => unknown)[] = [];

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function world() {
  const redis: RedisServer = await startRedis();
  undo.push(() => redis.stop());
  const formation = [{ type: 'worker', quantity: 2, command: ['/bin/sleep', '100000'] }];
  const manager = await startDynoManager({ token: TOKEN, apps: [{ name: APP, formation }] });
  undo.push(() => manager.stop());
  const env = {
    REDIS_URL: redis.url,
    HEROKU_API_URL: manager.url,
    HEROKU_API_TOKEN: TOKEN,
    TIDEMARK_TARGETS: `${APP}:worker`,
    TIDEMARK_DRY_RUN: 'false',
    TIDEMARK_WINDOW: '500ms',
  };
  return { env, manager };
}

describe('tidemark doctor', () => {
  it('finds a whole set-up in order, without changing any of it', async () => {
    const { env, manager } = await world();
    const actuator = await RunningActuator.start(env);
    undo.push(() => actuator.kill());
    for (const { name, dynoId } of manager.dynos()) {
      const fed = await feed(actuator, { name, id: dynoId }, () => 100);
      undo.push(() => fed.stop());
    }
    await vi.waitFor(
      async () => {
        const { code, stdout } = await runCli(['doctor', '--json'], env);
        const found: Finding[] = stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line));
        expect(found.filter(({ level }) => level !== 'ok')).toEqual([]);
        expect(found.map(({ says }) => says).join('\n')).toMatch(
          /points arrive from 2 dynos: shop worker\.1, shop worker\.2/,
        );
        expect(code).toBe(0);
      },
      { timeout: 30_000, interval: 500 },
    );
    expect(manager.log.filter(({ event }) => event === 'restart-requested')).toEqual([]);
  });

  it('ends with 1 and says what to do when something is wrong', async () => {
    const { env } = await world();
    const { code, stdout } = await runCli(['doctor'], {
      ...env,
      HEROKU_API_TOKEN: 'HRKU-wrong',
      [ADMIN]: 'secret-word',
    });
    expect(code).toBe(1);
    expect(stdout.replace(/\n {10}(?! )/g, ' ')).toMatch(/^FAULT {3}Heroku: .*unauthorized.*\n +-> /m);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(stdout).toMatch(/\d+ ok, 1 warning, 1 fault\n$/);
    expect(stdout).not.toMatch(/HRKU-|secret-word/);
  });

  it('lists every fault of the settings', async () => {
    const { code, stdout } = await runCli(['doctor'], { TIDEMARK_WINDOW: '5', TIDEMARK_TARGETS: 'shop:run' });
    expect(code).toBe(1);
    expect(stdout.match(/^FAULT {3}settings: /gm)).toHaveLength(2);
    expect(stdout).toContain('one-offs');
  });
});

describe('an actuator that starts', () => {
  it.each([
    ['says whose token it has', TOKEN, 'the token speaks for'],
    ['says that its token is wrong, before a restart is due', 'HRKU-wrong', 'unauthorized'],
  ])('%s', async (_what, token, says) => {
    const { env } = await world();
    const actuator = await RunningActuator.start({ ...env, HEROKU_API_TOKEN: token });
    undo.push(() => actuator.kill());
    await vi.waitFor(() => expect(actuator.lines.some((line) => line.includes(says))).toBe(true), { timeout: 20_000 });
    expect(actuator.lines.join('')).not.toContain('HRKU-');
  });
});
