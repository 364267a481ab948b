import { spawn } from 'node:child_process';
import { findProgram } from '../src/testbed/servers/find-program.ts';

export interface InstallableProgram {
  readonly name: string;
  /** Debian's package that brings it. */
  readonly aptPackage: string;
}

/** What the demo and nearly every test need. */
export const REDIS: InstallableProgram = { name: 'redis-server', aptPackage: 'redis-server' };

/** What the tests of the page need. */
export const CHROMIUM: InstallableProgram = { name: 'chromium', aptPackage: 'chromium' };

/**
 * The path of a program that can be run: found, else freshly installed by apt (only as root or where sudo asks for no
 * password; said on standard error before). For who works in a clone: the published package never installs anything
 * into a system. Throws where apt cannot.
 */
export async function installedProgram({ name, aptPackage }: InstallableProgram): Promise<string> {
  const found = await findProgram(name);
  if (found !== null) return found;
  const apt = await aptCommand();
  const failure = new Error(`No ${name} was found, and apt cannot install it here. Install the package ${aptPackage}.`);
  if (apt === null) throw failure;
  process.stderr.write(`No ${name} on the PATH: installing the package ${aptPackage} with apt-get.\n`);
  // A first try without `update` spares the minute it may take; an image without package lists needs it.
  if (!(await install(apt, aptPackage))) {
    await run([...apt, 'update', '-qq']);
    if (!(await install(apt, aptPackage))) throw failure;
  }
  const installed = await findProgram(name);
  if (installed === null) throw failure;
  return installed;
}

/** Test files that run side by side may want the same program. */
const LOCK_WAIT_S = 240;

/** How apt-get can be run here; null where it cannot. */
async function aptCommand(): Promise<readonly string[] | null> {
  if ((await findProgram('apt-get')) === null) return null;
  // RUNLEVEL=1 keeps a package from starting a server of its own, such as Redis on port 6379.
  const apt = ['env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1', 'apt-get'];
  if (process.getuid?.() === 0) return apt;
  if ((await findProgram('sudo')) === null || !(await run(['sudo', '-n', 'true'], 'ignore'))) return null;
  return ['sudo', '-n', ...apt];
}

function install(apt: readonly string[], aptPackage: string): Promise<boolean> {
  return run([
    ...apt,
    'install',
    '-o',
    `DPkg::Lock::Timeout=${LOCK_WAIT_S}`,
    '-y',
    '-qq',
    '--no-install-recommends',
    aptPackage,
  ]);
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
