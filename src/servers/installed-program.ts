import { spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** Where distributions put it, for shells whose PATH leaves these out. */
const USUAL_FOLDERS = ['/usr/bin', '/usr/local/bin', '/usr/sbin', '/opt/homebrew/bin'];

export interface InstallableProgram {
  readonly name: string;
  /** Debian's package that brings it. */
  readonly aptPackage: string;
  /** What is told where it can be neither found nor installed. */
  readonly howToInstall: string;
}

/**
 * The path of a program that can be run: from the PATH, else from the usual folders, else freshly installed by apt (only as root or
 * where sudo asks for no password; said on standard error before). Throws an error that says what to install.
 */
export async function findInstalledProgram(
  { name, aptPackage, howToInstall }: InstallableProgram,
  say: (text: string) => void = sayOnStderr,
): Promise<string> {
  const found = await findOnPath(name);
  if (found !== null) return found;
  const apt = await aptCommand();
  if (apt === null) throw new Error(howToInstall);
  say(`No ${name} on the PATH: installing the package ${aptPackage} with apt-get.\n`);
  // A first try without `update` spares the minute it may take; an image without package lists needs it.
  if (!(await install(apt, aptPackage))) {
    await run([...apt, 'update', '-qq']);
    if (!(await install(apt, aptPackage))) throw new Error(howToInstall);
  }
  const installed = await findOnPath(name);
  if (installed === null) throw new Error(howToInstall);
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
  // RUNLEVEL=1 keeps a package from starting a server of its own, such as Redis on port 6379.
  const apt = ['env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1', 'apt-get'];
  if (process.getuid?.() === 0) return apt;
  if ((await findOnPath('sudo')) === null || !(await run(['sudo', '-n', 'true'], 'ignore'))) return null;
  return ['sudo', '-n', ...apt];
}

function install(apt: readonly string[], aptPackage: string): Promise<boolean> {
  return run([...apt, 'install', '-y', '-qq', '--no-install-recommends', aptPackage]);
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
