import { spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** Where distributions put it, for shells whose PATH leaves these out. */
const USUAL_FOLDERS = ['/usr/bin', '/usr/local/bin', '/usr/sbin', '/opt/homebrew/bin'];

const HOW_TO_INSTALL = [
  'No redis-server was found on the PATH, and it cannot be installed from here.',
  'Install it and run this again:',
  '  Debian, Ubuntu:  sudo apt-get update && sudo apt-get install -y redis-server',
  '  macOS:           brew install redis',
  'or set REDIS_URL to a Redis that runs already.',
].join('\n');

/**
 * The path of a `redis-server` that can be run: from the PATH, else from the usual folders, else freshly installed by apt (only as root or
 * where sudo asks for no password; said on standard error before). Throws an error that says what to install.
 */
export async function findRedisServer(say: (text: string) => void = sayOnStderr): Promise<string> {
  const found = await findOnPath('redis-server');
  if (found !== null) return found;
  const apt = await aptCommand();
  if (apt === null) throw new Error(HOW_TO_INSTALL);
  say('No redis-server on the PATH: installing the package redis-server with apt-get.\n');
  // A first try without `update` spares the minute it may take; an image without package lists needs it.
  if (!(await install(apt))) {
    await run([...apt, 'update', '-qq']);
    if (!(await install(apt))) throw new Error(HOW_TO_INSTALL);
  }
  const installed = await findOnPath('redis-server');
  if (installed === null) throw new Error(HOW_TO_INSTALL);
  return installed;
}

async function findOnPath(name: string): Promise<string | null> {
  const folders = [...(process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== ''), ...USUAL_FOLDERS];
  for (const folder of folders) {
    const path = join(folder, name);
    if (await isExecutable(path)) return path;
  }
  return null;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** How apt-get can be run here; null where it cannot. */
async function aptCommand(): Promise<readonly string[] | null> {
  if ((await findOnPath('apt-get')) === null) return null;
  // RUNLEVEL=1 keeps the package from starting a server of its own on port 6379.
  const apt = ['env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1', 'apt-get'];
  if (process.getuid?.() === 0) return apt;
  if ((await findOnPath('sudo')) === null || !(await run(['sudo', '-n', 'true'], 'ignore'))) return null;
  return ['sudo', '-n', ...apt];
}

function install(apt: readonly string[]): Promise<boolean> {
  return run([...apt, 'install', '-y', '-qq', '--no-install-recommends', 'redis-server']);
}

/** True where the command exits with 0. Its output goes to standard error: standard output may be read by a program. */
function run(command: readonly string[], output: 'ignore' | 2 = 2): Promise<boolean> {
  const [file = '', ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(file, args, { stdio: ['ignore', output, output] });
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}

function sayOnStderr(text: string): void {
  process.stderr.write(text);
}
