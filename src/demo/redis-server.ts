import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../dyno-manager/free-port.ts';
import { findRedisServer } from './redis-binary.ts';

export interface StartRedisOptions {
  /** Where its data lies; default: a new folder among the temporary ones, removed by `stop`. */
  readonly dir?: string;
  /** Default: a free one of 127.0.0.1. */
  readonly port?: number;
  /** Every write is on the disk before it is answered (`appendfsync always`): nothing that was answered is lost by a kill -9. */
  readonly appendFsyncAlways?: boolean;
  /** Extra arguments of redis-server, e.g. `['--maxmemory', '10mb']`. */
  readonly extraArgs?: readonly string[];
}

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly dir: string;
  /** Settles once the process is gone, for whatever reason. */
  readonly exited: Promise<void>;
  /** Kill -9, as a test of what survives: the data folder stays, `startRedis({ dir, port })` takes it up again. */
  kill(): Promise<void>;
  /** Ends the process, and removes the folder where `startRedis` made it. May be called twice. */
  stop(): Promise<void>;
}

const READY_DEADLINE_MS = 20_000;
const STOP_DEADLINE_MS = 5_000;
/** The port that was free a moment ago may be taken by somebody else before Redis binds it. */
const PORT_TRIES = 5;

/** Starts a Redis on 127.0.0.1 and waits until it answers. It ends with this process, except where that is killed with -9. */
export async function startRedis(options: StartRedisOptions = {}): Promise<RedisServer> {
  const binary = await findRedisServer();
  const ownDir = options.dir === undefined;
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'tidemark-redis-')));
  const tries = options.port === undefined ? PORT_TRIES : 1;
  for (let count = 1; ; count++) {
    const port = options.port ?? (await freePort());
    const child = spawn(binary, serverArgs(options, dir, port), { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const log = tailOf(child);
    const exited = untilExit(child);
    endWithThisProcess(child);
    if (await answersPing(port, child)) return handle(child, { port, dir, ownDir, exited });
    child.kill('SIGKILL');
    await exited;
    if (count === tries) throw new Error(`redis-server on port ${port} did not come up:\n${log()}`);
  }
}

function serverArgs(options: StartRedisOptions, dir: string, port: number): string[] {
  return [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--daemonize', 'no', '--save', ''],
    ...['--maxmemory-policy', 'noeviction'],
    ...(options.appendFsyncAlways === true
      ? ['--appendonly', 'yes', '--appendfsync', 'always']
      : ['--appendonly', 'no']),
    ...(options.extraArgs ?? []),
  ];
}

function handle(
  child: ChildProcess,
  { port, dir, ownDir, exited }: { port: number; dir: string; ownDir: boolean; exited: Promise<void> },
): RedisServer {
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    const forced = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await exited;
    clearTimeout(forced);
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    pid: child.pid ?? 0,
    dir,
    exited,
    kill: () => end('SIGKILL'),
    async stop() {
      await end('SIGTERM');
      if (ownDir) await rm(dir, { recursive: true, force: true });
    },
  };
}

function untilExit(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
}

/** The last lines of what it printed, for the error where it does not come up. */
function tailOf(child: ChildProcess): () => string {
  let text = '';
  const keep = (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-2000);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  child.once('error', (error) => keep(Buffer.from(error.message)));
  return () => text;
}

/**
 * The server runs in a process group of its own, so that Ctrl-C reaches it only through us: who uses it can end first. Where nobody else
 * listens for the signal, it is raised again after the server was stopped, so that the process ends as it would have.
 */
function endWithThisProcess(child: ChildProcess): void {
  const onExit = () => void child.kill('SIGTERM');
  const onSignal = (signal: NodeJS.Signals) => {
    if (process.listenerCount(signal) > countOurs(signal)) return;
    process.removeListener(signal, onSignal);
    onExit();
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  ourListeners.add(onSignal);
  process.once('exit', onExit);
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  child.once('exit', () => {
    ourListeners.delete(onSignal);
    process.removeListener('exit', onExit);
    process.removeListener('SIGINT', onSignal).removeListener('SIGTERM', onSignal);
  });
}

const ourListeners = new Set<unknown>();

function countOurs(signal: NodeJS.Signals): number {
  return process.listeners(signal).filter((listener) => ourListeners.has(listener)).length;
}

/** Waits until the server answers PING; false where it exits or is not ready in time. */
async function answersPing(port: number, child: ChildProcess): Promise<boolean> {
  const deadline = performance.now() + READY_DEADLINE_MS;
  while (performance.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return false;
    if (await ping(port, child.pid)) return true;
    await delay(20);
  }
  return false;
}

/** Whether the server that answers PING on the port is ours: the port may have been taken by another one first. */
function ping(port: number, pid: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let answer = '';
    const settle = (ready: boolean) => {
      socket.destroy();
      resolve(ready);
    };
    socket.setTimeout(1000, () => settle(false));
    socket.once('error', () => settle(false));
    socket.once('close', () => settle(false));
    socket.once('connect', () => socket.write('PING\r\nINFO server\r\n'));
    socket.on('data', (data) => {
      answer += data.toString();
      const id = /process_id:(\d+)\r\n/.exec(answer)?.[1];
      if (!answer.startsWith('+PONG')) settle(false);
      else if (id !== undefined) settle(Number(id) === pid);
    });
  });
}
