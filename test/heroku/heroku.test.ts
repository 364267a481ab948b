import './platform-dns.mjs';
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { connectRedis } from '../../src/adapters/redis/connection/connection.ts';
import { ROOT } from '../docs/pages.ts';
import { startHeroku } from './heroku.ts';
import type { AppManifest, HostedApp } from './hosted-app.ts';
import { startKeyValueStore } from './key-value-store.ts';

const run = promisify(execFile);
const PATIENCE = { timeout: 30_000, interval: 50 };
const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

/** A Heroku with one app, and a function that pushes these files to it. */
async function start(build: (slug: string) => Promise<string> = async () => '') {
  const printed: string[] = [];
  const heroku = await startHeroku({ build, output: (line) => printed.push(line) });
  undo.push(() => heroku.stop());
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-push-'));
  undo.push(() => rmSync(folder, { recursive: true }));
  const who = ['-c', 'user.name=person', '-c', 'user.email=person@example.com'];
  const env = { ...process.env, ...heroku.env };
  const git = (...args: readonly string[]) => run('git', ['-C', folder, ...who, ...args], { env });
  await git('init', '--quiet', '--initial-branch=main');
  const push = async (files: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    await git('add', '-A');
    await git('commit', '--quiet', '-m', 'a change');
    return (await git('push', 'https://git.heroku.com/my-app.git', 'main')).stderr;
  };
  return { app: await heroku.create('my-app'), printed, push };
}

const idsOf = ({ app }: HostedApp) => app.dynos.map(({ current }) => current.id);

describe('the Heroku of the tests', () => {
  it('runs the release phase and then the dynos, which a config var and the daily cycle restart', async () => {
    const { app, printed, push } = await start();
    const Procfile = 'release: echo migrated\nweb: sh -c "echo $NAME on $DYNO; exec sleep 60"\n';
    expect(await push({ Procfile })).toContain('Released v1');
    await vi.waitFor(() => expect(printed).toEqual(['app[release.1]: migrated', 'app[web.1]: on web.1']), PATIENCE);
    const before = idsOf(app);
    app.configure({ NAME: 'one' });
    await vi.waitFor(() => expect(printed).toContain('app[web.1]: one on web.1'), PATIENCE);
    expect(app.app.release.version).toBe(2);
    const between = idsOf(app);
    app.cycle();
    expect(new Set([...before, ...between, ...idsOf(app)]).size).toBe(3);
    app.run('echo $NAME on $DYNO once');
    await vi.waitFor(() => expect(printed).toContain('app[run.2]: one on run.2 once'), PATIENCE);
  });

  it('starts nothing where the release phase fails', async () => {
    const { app, push } = await start();
    expect(await push({ Procfile: 'release: false\nweb: sleep 60\n' })).toContain('the release phase of my-app ended');
    expect(app.app.dynos).toEqual([]);
  });

  it("runs the repository's own Procfile and app.json: an actuator that waits for its first measurement", async () => {
    const { app, printed, push } = await start(async (slug) => {
      symlinkSync(`${ROOT}node_modules`, join(slug, 'node_modules'));
      cpSync(`${ROOT}dist`, join(slug, 'dist'), { recursive: true });
      return '';
    });
    const own = (name: string) => readFileSync(`${ROOT}${name}`, 'utf8');
    const manifest: AppManifest = JSON.parse(own('app.json'));
    await expect(app.setUp(manifest, {})).rejects.toThrow('HEROKU_API_TOKEN is required');
    await app.setUp(manifest, { HEROKU_API_TOKEN: 'HRKU-person', TIDEMARK_TARGETS: 'my-app:worker' });
    await push(Object.fromEntries(['Procfile', 'package.json'].map((name) => [name, own(name)])));
    const ask = (path: string, token = '') =>
      fetch(`${app.router.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
    await vi.waitFor(async () => expect((await ask('/readyz')).status).toBe(200), PATIENCE);
    expect(app.app.dynos.map(({ identity }) => [identity.name, identity.size.name])).toEqual([['web.1', 'Basic']]);
    // What comes through the router is never taken for this machine.
    expect((await ask('/api/status')).status).toBe(401);
    const statusOf = async () => (await ask('/api/status', app.config.TIDEMARK_ADMIN_TOKEN)).json();
    // It is ready before its first look at the targets.
    const targets = [{ target: 'my-app:worker', restarts: expect.not.stringMatching('on') }];
    await vi.waitFor(async () => expect(await statusOf()).toMatchObject({ targets }), PATIENCE);
    expect(printed.join('\n')).toContain('connected to Redis at ec2-127-0-0-1');
  });
});

describe('its Key-Value Store', () => {
  it('has a certificate that Tidemark accepts on the host names of Heroku, and nowhere else', async () => {
    const store = await startKeyValueStore('heroku-redis:premium-0');
    undo.push(() => store.stop());
    const url = store.config.REDIS_URL ?? '';
    const lines: string[] = [];
    const connect = (to: string) => connectRedis({ url: to, log: (_, message) => void lines.push(message) });
    const accepted = connect(url);
    undo.push(() => accepted.close());
    expect(await accepted.untilReady(10_000)).toBe(true);
    expect(await accepted.run('ping', (redis) => redis.ping())).toBe('PONG');
    const refused = connect(url.replace(/@[^:]+:/, '@127.0.0.1:'));
    undo.push(() => refused.close());
    await vi.waitFor(
      () => expect(lines.join('\n')).toMatch(/127\.0\.0\.1:\d+ is not reachable: self.signed/),
      PATIENCE,
    );
    expect(refused.available()).toBe(false);
  });
});
