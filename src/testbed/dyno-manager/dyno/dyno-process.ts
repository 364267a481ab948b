import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Duplex, Readable } from 'node:stream';
import { inGroup, pidsWithEnv } from './process-table.ts';

/** Environment variable that marks every process of one boot, even if it has left the process group. */
const MARK = 'DYNO_MANAGER_BOOT';

/**
 * Replaces the shell by the command, and starts a guard in the same process group. The guard waits for the end of file
 * descriptor 3 and then kills the group. The other end of that pipe belongs to the dyno manager: however that dies, no
 * dyno outlives it. The guard ignores signals to the dyno. It is not a child of the command, which so sees only its own
 * children.
 */
const GUARDED = `( ( trap '' HUP INT TERM USR1 USR2; read -r _ <&3; kill -KILL 0 ) >/dev/null 2>&1 & )
exec 3<&-
exec "$@"`;

export interface DynoProcessSpec {
  readonly bootId: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly onLine: ((line: string) => void) | null;
}

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The real processes of one boot of a dyno: a process group of its own. */
export class DynoProcess {
  /** Of the main process; null if it could not be started. */
  readonly pid: number | null;
  /** The main process has ended. */
  readonly exited: Promise<ProcessExit>;
  /** Nothing of the group is left. */
  readonly gone: Promise<void>;
  readonly #mark: string;

  constructor(spec: DynoProcessSpec) {
    this.#mark = `${MARK}=${spec.bootId}`;
    const output = spec.onLine === null ? 'ignore' : 'pipe';
    const child = spawn('/bin/sh', ['-c', GUARDED, 'dyno', ...spec.command], {
      detached: true,
      env: { ...spec.env, [MARK]: spec.bootId },
      stdio: ['ignore', output, output, 'pipe'],
    });
    this.pid = child.pid ?? null;
    if (spec.onLine !== null) forwardLines([child.stdout, child.stderr], spec.onLine);
    this.exited = exitOf(child);
    const guardGone = guardOf(child, this.exited);
    // As on Heroku, the end of the main process is the end of the dyno.
    this.gone = this.exited.then(async () => {
      this.#signalStrays('SIGKILL');
      await guardGone;
    });
  }

  /** SIGTERM to every process of the dyno. */
  terminate(): void {
    this.#signal('SIGTERM');
  }

  /** SIGKILL to every process of the dyno. */
  kill(): void {
    this.#signal('SIGKILL');
  }

  #signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (this.pid === null) return;
    const strays = pidsWithEnv(this.#mark);
    send(-this.pid, signal);
    // The group's signal does not reach processes that made their own group; the others must not get it twice.
    for (const pid of strays) if (!inGroup(pid, this.pid)) send(pid, signal);
  }

  #signalStrays(signal: 'SIGKILL'): void {
    for (const pid of pidsWithEnv(this.#mark)) send(pid, signal);
  }
}

function exitOf(child: ChildProcess): Promise<ProcessExit> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: null, signal: null }));
  });
}

/** Resolves when the guard has ended. It ends last: when its pipe ends it kills its group, itself included. */
function guardOf(child: ChildProcess, exited: Promise<ProcessExit>): Promise<void> {
  const pipe = child.stdio[3] as Duplex | null | undefined;
  if (!pipe) return Promise.resolve();
  return new Promise((resolve) => {
    pipe.on('error', () => {});
    pipe.once('end', () => pipe.destroy());
    pipe.once('close', () => resolve());
    pipe.resume();
    void exited.then(() => pipe.end());
  });
}

function forwardLines(streams: readonly (Readable | null)[], onLine: (line: string) => void): void {
  for (const stream of streams) {
    if (stream !== null) createInterface({ input: stream }).on('line', onLine);
  }
}

function send(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // ESRCH: it has ended meanwhile, as the signal wanted.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
