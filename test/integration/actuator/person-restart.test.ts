import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type DynoManager, startDynoManager } from '../../../src/testbed/dyno-manager/manager.ts';
import { startRedis } from '../../../src/testbed/servers/redis-server.ts';
import { APP, RunningActuator } from './running-actuator.ts';

const CLI = fileURLToPath(new URL('../../../src/cli.ts', import.meta.url));
const TOKEN = 'HRKU-test-token';
const SLEEPER = [process.execPath, '-e', "process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000);"];
/** What a run may take on a busy machine; nothing is asserted about it. */
const PATIENCE = { timeout: 60_000, interval: 200 };

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface AttemptRow {
  readonly id: string;
  readonly dyno: string;
  readonly by: string;
  readonly phase: string;
  readonly outcome: string | null;
  readonly evidence: string | null;
}

async function world({ startDelayMs = 0, dryRun = 'false' } = {}) {
  const redis = await startRedis();
  cleanups.push(() => redis.stop());
  const formation = [{ type: 'worker', command: SLEEPER, quantity: 1 }];
  const manager: DynoManager = await startDynoManager({ apps: [{ name: APP, formation }], token: TOKEN, startDelayMs });
  cleanups.push(() => manager.stop());
  const actuator = await RunningActuator.start({
    HEROKU_API_URL: manager.url,
    HEROKU_API_TOKEN: TOKEN,
    REDIS_URL: redis.url,
    TIDEMARK_DRY_RUN: dryRun,
  });
  cleanups.push(() => actuator.stop());
  // A ledger that is new holds everybody's restarts for some seconds.
  await vi.waitFor(async () => {
    const wanted = dryRun === 'true' ? 'off: dry run' : 'on';
    expect(await actuator.get('/readyz')).toMatchObject({ ready: true, restarts: wanted });
    expect(JSON.stringify(await actuator.get('/api/status'))).not.toContain('ledger-hold');
  }, PATIENCE);
  const attempts = async () => ((await actuator.get('/api/attempts')) as { attempts: readonly AttemptRow[] }).attempts;
  return { manager, actuator, attempts };
}

describe("a person's restart", { timeout: 180_000 }, () => {
  it('is waited for, and its end is printed, shown in the status and listed by the API', async () => {
    const { actuator, attempts, manager } = await world();
    const { code, stdout } = await actuator.cli('restart', APP, 'worker.1');
    expect(stdout).toMatch(/^attempt \S+ for shop worker\.1 is on its way/);
    expect(stdout).toMatch(/\nshop worker\.1: restarted after .* worker\.1 has a new boot \(.*\)\.\n$/);
    expect(code).toBe(0);
    expect(manager.deletes()).toEqual({ one: 1, all: 0 });
    expect(await attempts()).toEqual([
      expect.objectContaining({ dyno: 'worker.1', by: 'person', phase: 'closed', outcome: 'restarted' }),
    ]);
    const status = (await actuator.cli('status')).stdout;
    expect(status).toMatch(/shop worker\.1: restarted after .*, asked for by a person\n +worker\.1 has a new boot/);
  });

  it('continues when the waiting command is killed, and is found closed later', async () => {
    const { actuator, attempts } = await world({ startDelayMs: 4000 });
    // The first boot is up only after the delay too.
    const asked = await vi.waitFor(async () => {
      const child = spawn(process.execPath, [CLI, 'restart', APP, 'worker.1', '--url', actuator.url], {
        env: { PATH: process.env.PATH ?? '', TIDEMARK_ADMIN_TOKEN: 'admin-t0ken' },
      });
      cleanups.push(() => child.kill('SIGKILL'));
      const read = { text: '' };
      child.stdout.on('data', (chunk: Buffer) => {
        read.text += chunk;
      });
      await vi.waitFor(() => expect(read.text).toContain('Heroku was asked to restart it'), { timeout: 10_000 });
      return { child, read };
    }, PATIENCE);
    const closed = once(asked.child, 'close');
    asked.child.kill('SIGINT');
    expect(await closed).toEqual([130, null]);
    expect(asked.read.text).toMatch(/\nNo longer waiting; the attempt \S+ for shop worker\.1 continues\.\n$/);
    await vi.waitFor(async () => {
      expect((await attempts()).at(0)).toMatchObject({ phase: 'closed', outcome: 'restarted' });
    }, PATIENCE);
  });

  it('is not awaited with --no-wait', async () => {
    const { actuator } = await world();
    const { code, stdout } = await actuator.cli('restart', APP, 'worker.1', '--no-wait');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^attempt .* is on its way; "tidemark status" shows how it ends\.\n$/);
  });

  it('in a dry run ends with what it would have done', async () => {
    const { actuator, manager } = await world({ dryRun: 'true' });
    const { code, stdout } = await actuator.cli('restart', APP, 'worker.1');
    expect(stdout).toMatch(/^Dry run: attempt[\s\S]*shop worker\.1: dry-run after .*would have restarted worker\.1/);
    expect(code).toBe(0);
    expect(manager.deletes().one).toBe(0);
  });
});
