import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { blocksOf, ROOT } from '../docs/pages.ts';
import { type Heroku, startHeroku } from '../heroku/heroku.ts';
import type { HostedApp } from '../heroku/hosted-app.ts';
import { herokuCli } from './heroku-cli.ts';

/**
 * A person follows docs/getting-started.md, command by command, with Heroku's own CLI. Heroku is the one of
 * test/heroku, which is pushed to, routes, and runs dynos as real processes.
 */

const run = promisify(execFile);
const PATIENCE = { timeout: 90_000, interval: 250 };
const STAGE = 'run by .ci/run: examples, and the versions that are claimed';
const BLOCKS = blocksOf('docs/getting-started.md').filter(({ marker }) => marker === STAGE);
const MY_APP = fileURLToPath(new URL('my-app/', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'tidemark-walk-'));
const printed: string[] = [];
let heroku: Heroku;
let environment: NodeJS.ProcessEnv;
let next = 0;

/** Installing and building is what `npm ci` in CI has done already; `npm run build` too. */
async function link(slug: string): Promise<string> {
  const isActuator = basename(slug).startsWith('my-tidemark');
  symlinkSync(isActuator ? `${ROOT}node_modules` : join(folder, 'my-app/node_modules'), join(slug, 'node_modules'));
  if (isActuator) cpSync(`${ROOT}dist`, join(slug, 'dist'), { recursive: true });
  return '';
}

/** Runs the page's next block where the last one ended: in its folder, with its variables. Returns what it printed. */
async function followNext(beginning: string): Promise<string> {
  const text = BLOCKS[next]?.text ?? '';
  next += 1;
  expect(text.trim()).toMatch(new RegExp(`^${beginning}`));
  const state = join(folder, 'state');
  const before = existsSync(state) ? `. "${state}"` : `cd "${folder}"`;
  const variables = "export -p | grep -E ' (ACTUATOR_URL|TIDEMARK_ADMIN_TOKEN)='";
  const save = `{ echo "cd '$PWD'"; ${variables}; } > "${state}" || true`;
  const script = [before, 'set -ea', text, save].join('\n');
  const { stdout, stderr } = await run('bash', ['-c', script], { env: environment });
  return stdout + stderr;
}

function hosted(name: string): HostedApp {
  const app = heroku.apps.get(name);
  if (app === undefined) throw new Error(`there is no app ${name}`);
  return app;
}

async function ask(path: string): Promise<unknown> {
  const { router, config } = hosted('my-tidemark');
  const headers = { authorization: `Bearer ${config.TIDEMARK_ADMIN_TOKEN}` };
  return (await fetch(`${router.url}${path}`, { headers })).json();
}

beforeAll(async () => {
  const bin = await herokuCli();
  heroku = await startHeroku({
    build: link,
    quantities: { 'my-app': { worker: 1 } },
    output: (line) => printed.push(line),
  });
  environment = {
    ...process.env,
    ...heroku.env,
    PATH: [dirname(process.execPath), bin, process.env.PATH].join(delimiter),
    REPOSITORY: join(folder, 'repository'),
    // Packing builds, which `npm ci` has done; nor does an install need a script.
    npm_config_ignore_scripts: 'true',
    npm_config_cache: execFileSync('npm', ['config', 'get', 'cache'], { encoding: 'utf8' }).trim(),
    GIT_AUTHOR_NAME: 'person',
    GIT_AUTHOR_EMAIL: 'person@example.com',
    GIT_COMMITTER_NAME: 'person',
    GIT_COMMITTER_EMAIL: 'person@example.com',
  };
  const git = (cwd: string, ...args: readonly string[]) => run('git', [...args], { cwd, env: environment });
  await git(folder, 'clone', '--quiet', ROOT, 'repository');
  await git(join(folder, 'repository'), 'checkout', '--quiet', '-B', 'main');
  const app = join(folder, 'my-app');
  cpSync(MY_APP, app, { recursive: true });
  renameSync(join(app, 'gitignore'), join(app, '.gitignore'));
  await git(app, 'init', '--quiet', '--initial-branch=main');
  await git(app, 'remote', 'add', 'heroku', 'https://git.heroku.com/my-app.git');
  await (await heroku.create('my-app')).addOn('heroku-redis:premium-0');
});
afterAll(async () => {
  await heroku?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('docs/getting-started.md, with the heroku CLI', () => {
  it('creates the app, whose address is not its name', async () => {
    await followNext('git clone');
    // "npm ci", which CI runs by itself.
    symlinkSync(`${ROOT}node_modules`, join(folder, 'tidemark/node_modules'));
    cpSync(`${ROOT}dist`, join(folder, 'tidemark/dist'), { recursive: true });
    expect(await followNext('heroku create')).toContain(hosted('my-tidemark').router.url);
    expect(hosted('my-tidemark').config.REDIS_URL).toMatch(/^rediss:/);
  });

  it('sets both apps up with the lines that "tidemark setup" prints', async () => {
    const text = await followNext('HEROKU_API_TOKEN=');
    const [, comments = ''] =
      /```text\n(# The actuator.*?)```/s.exec(readFileSync(`${ROOT}docs/getting-started.md`, 'utf8')) ?? [];
    for (const comment of comments.split('\n').filter((line) => line.startsWith('#'))) expect(text).toContain(comment);
    const [actuator, worker] = [hosted('my-tidemark').config, hosted('my-app').config];
    expect(actuator).toMatchObject({
      HEROKU_API_TOKEN: expect.stringMatching(/^HRKU-/),
      TIDEMARK_TARGETS: 'my-app:worker',
      TIDEMARK_INGEST_TOKENS: expect.stringMatching(/^my-app=\w{48}$/),
      TIDEMARK_ADMIN_TOKEN: expect.stringMatching(/^\w{48}$/),
    });
    expect(worker).toMatchObject({
      OTEL_EXPORTER_OTLP_ENDPOINT: hosted('my-tidemark').router.url,
      OTEL_EXPORTER_OTLP_HEADERS: `Authorization=Bearer%20${actuator.TIDEMARK_INGEST_TOKENS?.slice('my-app='.length)}`,
    });
  });

  it("deploys the actuator with the repository's own Procfile, on a Redis with a certificate of its own", async () => {
    await followNext('git push heroku main');
    await vi.waitFor(() => expect(printed.join('\n')).toContain('connected to Redis at ec2-127-0-0-1'), PATIENCE);
    await vi.waitFor(
      async () => expect((await fetch(`${hosted('my-tidemark').router.url}/readyz`)).status).toBe(200),
      PATIENCE,
    );
  });

  it('shows a curve of the worker once the package is installed and pushed', async () => {
    const app = join(folder, 'my-app');
    await followNext('mkdir -p');
    expect(existsSync(join(app, 'vendor', basename(inject('tarball'))))).toBe(true);
    writeFileSync(join(app, 'Procfile'), 'worker: node --import tidemark/register worker.js\n');
    await followNext('git add');
    await vi.waitFor(async () => {
      const dyno = await ask('/api/dynos/my-app/worker.1');
      expect(dyno).toMatchObject({
        class: 'warming',
        curve: { usage_bytes: expect.arrayContaining([expect.any(Number)]) },
      });
    }, PATIENCE);
    expect(printed.join('\n')).toContain(`tidemark: reporting my-app worker.1 to ${hosted('my-tidemark').router.url}`);
  });

  it('shows the same in "tidemark status", and restarts nothing', async () => {
    const text = await followNext('ACTUATOR_URL=');
    expect(text).toMatch(/worker\.1 +\d+ MB of 512 MB +warming/);
    expect(text).toMatch(/^ +dry run: /m);
  });

  it('turns restarts on, and takes everything out again', async () => {
    await followNext('heroku config:set');
    expect(hosted('my-tidemark').config.TIDEMARK_DRY_RUN).toBe('false');
    await followNext('heroku config:unset');
    expect([...heroku.apps.keys()]).toEqual(['my-app']);
    expect(Object.keys(hosted('my-app').config)).toEqual(['REDIS_URL']);
    expect(next).toBe(BLOCKS.length);
  });
});
