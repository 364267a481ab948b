import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../dyno-manager/free-port.ts';
import { findRedisServer } from './redis-binary.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';

export interface StartRedisOptions {
  /** Its data folder; default: a new temporary folder, removed by `stop`. */
  readonly dir?: string;
  /** Default: a free port of 127.0.0.1. */
  readonly port?: number;
  /**
   * Every write is on the disk before it is answered (`appendfsync always`): a kill -9 loses nothing that was
   * acknowledged.
   */
  readonly appendFsyncAlways?: boolean;
  /** Extra arguments of redis-server, e.g. `['--maxmemory', '10mb']`. */
  readonly extraArgs?: readonly string[];
}

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly dir: string;
  /** Settles when the process has ended, for any reason. */
  readonly exited: Promise<void>;
  /** Kill -9, to test what survives. The data folder stays: `startRedis({ dir, port })` continues with it. */
  kill(): Promise<void>;
  /** Ends the process, and removes the folder if `startRedis` made it. May be called twice. */
  stop(): Promise<void>;
}

/** Another program may take the free port before Redis binds it. */
const PORT_TRIES = 5;

/** Starts a Redis on 127.0.0.1 and waits until it answers. It ends with this process, unless that is killed with -9. */
export async function startRedis(options: StartRedisOptions = {}): Promise<RedisServer> {
  const binary = await findRedisServer();
  const ownDir = options.dir === undefined;
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'tidemark-redis-')));
  const tries = options.port === undefined ? PORT_TRIES : 1;
  for (let count = 1; ; count++) {
    const port = options.port ?? (await freePort());
    try {
      const server = await startServerProcess({
        name: `redis-server on port ${port}`,
        command: [binary, ...serverArgs(options, dir, port)],
        isReady: (pid) => ping(port, pid),
      });
      return handle(server, { port, dir, ownDir });
    } catch (error) {
      if (count === tries) throw error;
    }
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
  server: ServerProcess,
  { port, dir, ownDir }: { readonly port: number; readonly dir: string; readonly ownDir: boolean },
): RedisServer {
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    pid: server.pid,
    dir,
    exited: server.exited,
    kill: () => server.kill(),
    async stop() {
      await server.stop();
      if (ownDir) await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Whether the server that answers PING on the port is ours: another one may have taken the port first. */
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
