import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it, vi } from 'vitest';
import { createApi } from '../../../src/web/api.ts';
import { serveHttp } from '../../../src/web/http-server.ts';
import { readPageFiles } from '../../../src/web/page-files.ts';
import { runCli } from '../../integration/actuator/running-actuator.ts';
import { actuator } from '../../web/actuator.ts';

const CLI = fileURLToPath(new URL('../../../src/cli.ts', import.meta.url));
const TOKEN = 's3cret';
const ENV = { PATH: process.env.PATH ?? '', TIDEMARK_ADMIN_TOKEN: TOKEN };
const OTHER_SCREEN = '\u001b[?1049h';
const LEFT = '\u001b[?25h\u001b[?1049l';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve() {
  const { control, calls } = actuator();
  const admission = {
    adminToken: TOKEN,
    readToken: null,
    startToken: 'unused',
    publicUrl: null,
    remoteAddress: () => '127.0.0.1',
  };
  const server = await serveHttp(createApi({ control, admission, page: readPageFiles(null), events: null }), 0);
  cleanups.push(() => server.close());
  return { url: `http://127.0.0.1:${server.port}`, calls };
}

/** `tidemark top` on a terminal of its own, whose settings are printed before and after it. */
function onTerminal(url: string, term = 'xterm-256color') {
  const top = `sh -c 'echo pid $$; exec ${process.execPath} ${CLI} top --interval 500ms --url ${url}'`;
  const shell = `stty cols 80 rows 24; echo before $(stty -g); ${top}; echo code $?; echo after $(stty -g)`;
  const env = { ...ENV, TERM: term, SHELL: '/bin/sh' };
  const child: ChildProcess = spawn('script', ['-qec', shell, '/dev/null'], { env, stdio: ['pipe', 'pipe', 'ignore'] });
  cleanups.push(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk));
  const until = (text: string | RegExp) => vi.waitFor(() => expect(output).toMatch(text), { timeout: 20_000 });
  return {
    until,
    type: (keys: string) => child.stdin?.write(keys),
    output: () => output,
    ended: async () => {
      await until(/after \S+/);
      expect(/after (\S+)/.exec(output)?.[1]).toBe(/before (\S+)/.exec(output)?.[1]);
      expect(output.indexOf(LEFT)).toBeGreaterThan(output.indexOf(OTHER_SCREEN));
      return Number(/code (\d+)/.exec(output)?.[1]);
    },
  };
}

it('opens a dyno, restarts and pauses once confirmed, quits, and gives the terminal back', async () => {
  const { url, calls } = await serve();
  const terminal = onTerminal(url);
  await terminal.until(/worker\.1 /);
  terminal.type('\t');
  await terminal.until('RESTARTS');
  terminal.type('\r');
  await terminal.until('NUMBERS');
  terminal.type('Rn');
  await terminal.until('Nothing was done');
  expect(calls.restarted).toEqual([]);
  terminal.type('Ry');
  await terminal.until('is on its way');
  expect(calls.restarted).toEqual(['shop/worker.1']);
  terminal.type('Py');
  await terminal.until('Paused: all targets');
  expect(calls.paused).toEqual([null]);
  terminal.type('q');
  expect(await terminal.ended()).toBe(0);
});

it('shows that nobody answers, goes on asking, and leaves with Ctrl-C', async () => {
  const terminal = onTerminal('http://127.0.0.1:9');
  await terminal.until('no actuator answers');
  terminal.type('\u0003');
  expect(await terminal.ended()).toBe(0);
});

it.each([
  ['SIGTERM', 143],
  ['SIGHUP', 129],
])('gives the terminal back after %s', async (signal, code) => {
  const { url } = await serve();
  const terminal = onTerminal(url);
  await terminal.until(/worker\.1 /);
  process.kill(Number(/pid (\d+)/.exec(terminal.output())?.[1]), signal);
  expect(await terminal.ended()).toBe(code);
});

it('takes the terminal again after it was stopped, and gives it back', async () => {
  const { url } = await serve();
  const terminal = onTerminal(url);
  await terminal.until(/worker\.1 /);
  const pid = Number(/pid (\d+)/.exec(terminal.output())?.[1]);
  process.kill(pid, 'SIGSTOP');
  process.kill(pid, 'SIGCONT');
  await vi.waitFor(() => {
    const [, , again = ''] = terminal.output().split(OTHER_SCREEN);
    expect(again).toMatch(/worker\.1 /);
  }, 20_000);
  terminal.type('q');
  expect(await terminal.ended()).toBe(0);
});

it('says that a terminal whose cursor cannot be moved will not do', async () => {
  const terminal = onTerminal('http://127.0.0.1:9', 'dumb');
  await terminal.until(/after \S+/);
  expect(terminal.output()).toMatch(/"tidemark top" needs a terminal[\s\S]*code 2/);
  expect(terminal.output()).not.toContain('\u001b');
});

it('without a terminal says so and names what prints; --json and --watch print', async () => {
  const { url } = await serve();
  const refused = await runCli(['top', '--url', url], ENV);
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr).toMatch(/needs a terminal.*"tidemark status".*--watch/);
  const json = await runCli(['top', '--json', '--url', url], ENV);
  expect(JSON.parse(json.stdout)).toMatchObject({ dynos: [{ dyno: 'worker.1' }], attempts: [{ id: 'a1' }] });
  const watch = spawn(process.execPath, [CLI, 'top', '--watch', '--interval', '500ms', '--url', url], { env: ENV });
  cleanups.push(() => watch.kill('SIGKILL'));
  let text = '';
  watch.stdout.on('data', (chunk: Buffer) => (text += chunk));
  await vi.waitFor(() => expect(text.match(/^Tidemark /gm)).toHaveLength(2), { timeout: 20_000 });
  expect(text).toMatch(/worker\.1/);
  expect(text).not.toContain('\u001b');
});
