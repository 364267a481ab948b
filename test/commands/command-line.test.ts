import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startDynoManager } from '../../src/testbed/dyno-manager/manager.ts';
import { startRedis } from '../../src/testbed/servers/redis-server.ts';
import { RunningActuator, runCli } from '../integration/actuator/running-actuator.ts';

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const STOP_REQUEST = new URL('../../src/commands/terminal/stop-request.ts', import.meta.url).href;
const PATIENCE = { timeout: 45_000, interval: 100 };
const COMMANDS = ['actuator', 'demo', 'replay', 'status', 'doctor', 'restart', 'pause', 'resume', '--help'];

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  const child = spawn(process.execPath, args, { env: { PATH: process.env.PATH ?? '', ...env } });
  cleanups.push(() => child.kill('SIGKILL'));
  return child;
}

function textOf(stream: NodeJS.ReadableStream | null): { text: string } {
  const read = { text: '' };
  stream?.on('data', (chunk: Buffer) => {
    read.text += chunk;
  });
  return read;
}

describe('a Node that is too old', () => {
  const OLD_NODE = "data:text/javascript,Object.defineProperty(process.versions, 'node', { value: '22.14.0' })";

  it.each(COMMANDS)('ends %s with one sentence', async (command) => {
    const child = run(['--import', OLD_NODE, CLI, command]);
    const [stdout, stderr] = [textOf(child.stdout), textOf(child.stderr)];
    const [code] = await once(child, 'close');
    expect({ code, stdout: stdout.text, stderr: stderr.text }).toEqual({
      code: 1,
      stdout: '',
      stderr: 'tidemark: Node 22.15 or newer is required, and this is Node 22.14.0.\n',
    });
  });

  it('finds nothing in the entry point that it cannot parse', () => {
    const code = readFileSync(CLI, 'utf8').replace(/\/\*\*[\s\S]*?\*\//g, '');
    expect(code.match(/\?\.|\?\?|\bawait\b|^import |^export |#\w+ ?[=(]|\d_\d/gm)).toBeNull();
    expect(code).toContain('22.15');
  });
});

describe('output that no one reads to its end', () => {
  it.each([
    ['replay', ['series.csv']],
    ['replay --json', ['series.csv', '--json']],
    ['doctor', []],
    ['--help', []],
    ['actuator', []],
  ])('ends %s quietly with 0', async (command, rest) => {
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-'));
    cleanups.push(() => rmSync(folder, { recursive: true }));
    const rows = Array.from({ length: 2000 }, (_, index) => `${index * 20_000},${100_000_000 + (index % 400) * 1e6}`);
    writeFileSync(join(folder, 'series.csv'), ['time_ms,rss_bytes', ...rows, ''].join('\n'));
    const args = [CLI, ...command.split(' '), ...rest.map((word) => word.replace('series', join(folder, 'series')))];
    const child = run(args, { PORT: '0' });
    const stderr = textOf(child.stderr);
    child.stdout?.destroy();
    const [code, signal] = await once(child, 'close');
    expect({ code, signal, stderr: stderr.text }).toEqual({ code: 0, signal: null, stderr: '' });
  });
});

describe('output that cannot be written', () => {
  it.runIf(existsSync('/dev/full'))('ends with one sentence and 1', async () => {
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [CLI, '--help'], { stdio: ['ignore', full, 'pipe'] });
    closeSync(full);
    const stderr = textOf(child.stderr);
    const [code] = await once(child, 'close');
    expect({ code, stderr: stderr.text }).toEqual({
      code: 1,
      stderr: 'tidemark: the output cannot be written (ENOSPC)\n',
    });
  });

  it.runIf(existsSync('/dev/full'))('of errors leaves the exit code as it is', async () => {
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [CLI, 'no-such-command'], { stdio: ['ignore', 'ignore', full] });
    closeSync(full);
    expect(await once(child, 'close')).toEqual([2, null]);
  });
});

describe('signals', () => {
  it('stop what runs, and a second one ends a stop that hangs', async () => {
    const program = `
      const { listenForStop } = await import(${JSON.stringify(STOP_REQUEST)});
      const stop = listenForStop();
      setInterval(() => {}, 1000);
      console.log('running');
      console.log(await stop.requested);`;
    const child = run(['--input-type=module', '-e', program]);
    const stdout = textOf(child.stdout);
    await vi.waitFor(() => expect(stdout.text).toContain('running'), PATIENCE);
    child.kill('SIGTERM');
    await vi.waitFor(() => expect(stdout.text).toContain('SIGTERM received'), PATIENCE);
    const closed = once(child, 'close');
    child.kill('SIGINT');
    expect(await closed).toEqual([130, null]);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('end an actuator that has just begun to start: %s', async (name) => {
    const child = run([CLI, 'actuator'], { PORT: '0', REDIS_URL: 'redis://127.0.0.1:9' });
    const closed = once(child, 'close');
    child.kill(name);
    const [code, signal] = await closed;
    expect(signal === name || code === 0).toBe(true);
  });
});

describe('an actuator', { timeout: 90_000 }, () => {
  it('that cannot have its port closes all that it has opened, and ends with a fault', async () => {
    const redis = await startRedis();
    cleanups.push(() => redis.stop());
    const taken = createServer().listen(0);
    cleanups.push(() => taken.close());
    await once(taken, 'listening');
    const port = String((taken.address() as AddressInfo).port);
    const { code, stdout, stderr } = await runCli(['actuator'], {
      PORT: port,
      REDIS_URL: redis.url,
      TIDEMARK_SOURCE: 'otlp,redis',
      TIDEMARK_TARGETS: 'shop:worker',
      HEROKU_API_TOKEN: 'HRKU-x',
      HEROKU_API_URL: 'http://127.0.0.1:9',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
      TIDEMARK_WEBHOOK_URL: 'http://127.0.0.1:9',
    });
    expect(code).toBe(2);
    expect(stderr).toContain(`PORT: ${port} is taken by another program`);
    expect(stdout).not.toContain('is not reachable');
  });

  it('with a correct set-up starts without a warning', async () => {
    const redis = await startRedis();
    cleanups.push(() => redis.stop());
    const formation = [{ type: 'worker', command: ['/bin/sleep', '100000'], quantity: 2 }];
    const manager = await startDynoManager({ apps: [{ name: 'shop', formation }], token: 'HRKU-t' });
    cleanups.push(() => manager.stop());
    const actuator = await RunningActuator.start({
      HEROKU_API_URL: manager.url,
      HEROKU_API_TOKEN: 'HRKU-t',
      REDIS_URL: redis.url,
    });
    cleanups.push(() => actuator.stop());
    await vi.waitFor(() => expect(actuator.lines.join('\n')).toContain('API calls of this hour'), PATIENCE);
    await vi.waitFor(async () => expect(await actuator.get('/readyz')).toMatchObject({ ready: true }), PATIENCE);
    expect(actuator.lines.filter((line) => /"level":"(warn|error)"/.test(line))).toEqual([]);
  });
});
