import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

export interface ServerProcessOptions {
  /** Used in error messages. */
  readonly name: string;
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** Default: the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Polled until it says that the server with this pid answers. Must not reject. */
  readonly isReady: (pid: number) => Promise<boolean>;
  /** Default: 20 s. */
  readonly readyWithinMs?: number;
}

/** A server that this process started. It ends with this process, unless that is killed with -9. */
export interface ServerProcess {
  readonly pid: number;
  /** Settles when the process has ended, for any reason. */
  readonly exited: Promise<void>;
  /** The end of what it printed. */
  output(): string;
  /** Kill -9, to test what survives. */
  kill(): Promise<void>;
  /** Ends the process. May be called twice. */
  stop(): Promise<void>;
}

const READY_DEADLINE_MS = 20_000;
const READY_POLL_MS = 20;
const STOP_DEADLINE_MS = 5_000;
const KEPT_CHARACTERS = 4_000;

/**
 * Starts a server and waits until it answers. Throws an error with the end of its output if it does not answer in time.
 */
export async function startServerProcess(options: ServerProcessOptions): Promise<ServerProcess> {
  const [file = '', ...args] = options.command;
  const child = spawn(file, args, { env: options.env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const output = tailOf(child);
  const exited = untilExit(child);
  endWithThisProcess(child);
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    const forced = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await exited;
    clearTimeout(forced);
  };
  if (!(await becomesReady(child, options))) {
    await end('SIGKILL');
    throw new Error(`${options.name} did not start:\n${output()}`);
  }
  return { pid: child.pid ?? 0, exited, output, kill: () => end('SIGKILL'), stop: () => end('SIGTERM') };
}

/** False if it exits or is not ready in time. */
async function becomesReady(child: ChildProcess, options: ServerProcessOptions): Promise<boolean> {
  const { isReady, readyWithinMs = READY_DEADLINE_MS } = options;
  const deadline = performance.now() + readyWithinMs;
  while (performance.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return false;
    if (await isReady(child.pid)) return true;
    await delay(READY_POLL_MS);
  }
  return false;
}

function untilExit(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
}

function tailOf(child: ChildProcess): () => string {
  let text = '';
  const keep = (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-KEPT_CHARACTERS);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  child.once('error', (error) => keep(Buffer.from(error.message)));
  return () => text;
}

/**
 * The server runs in its own process group, so that Ctrl-C reaches it only through us and its users can end first. If
 * nothing else listens for the signal, it is raised again after the server was stopped, so that this process ends as it
 * would have.
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
