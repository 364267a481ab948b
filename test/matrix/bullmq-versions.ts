import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const require = createRequire(import.meta.url);

/** Far more than an install takes from a cold cache; a registry that hangs must not hang the run. */
const INSTALL_LIMIT_MS = 240_000;
const INSTALLS_AT_A_TIME = 3;

const versionOf = (name: string): string => require(`${name}/package.json`).version;

/** Of those that this repository installs. */
const NEWEST_5 = versionOf('bullmq5');
export const NEWEST = versionOf('bullmq');

/**
 * The versions at which BullMQ's loop changes how a worker stops, resumes or fetches, among all that package.json
 * claims. Tests run on each, so that no version lies further from a tested one than its loop does.
 */
export const MATRIX: readonly string[] = [
  '5.0.0',
  '5.30.0',
  // From here on `resume()` does nothing while the loop still runs.
  '5.40.2',
  // From here on the loop ends with its jobs.
  '5.53.3',
  '5.56.0',
  // From here on a job that was fetched with another's result is processed before the loop ends.
  '5.58.0',
  '5.70.0',
  '5.73.0',
  NEWEST_5,
  '6.0.0',
  NEWEST,
];

/** In the user's cache folder, so that every checkout and every kind of run installs a version once. */
function folderOf(version: string): string {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cache, 'tidemark', 'bullmq', version);
}

/** Installs the missing versions from the npm registry. Rejects with npm's message if one cannot be installed. */
export async function installBullmq(versions: readonly string[]): Promise<void> {
  const missing = versions.filter((version) => !existsSync(folderOf(version)));
  const installers = Array.from({ length: INSTALLS_AT_A_TIME }, async () => {
    for (let version = missing.pop(); version !== undefined; version = missing.pop()) await install(version);
  });
  await Promise.all(installers);
}

/**
 * Installs next to the folder and then moves the result there, so that a folder is always complete, also when two runs
 * install the same version.
 */
async function install(version: string): Promise<void> {
  const folder = folderOf(version);
  mkdirSync(dirname(folder), { recursive: true });
  const unfinished = mkdtempSync(`${folder}-`);
  // BullMQ 5 brings the ioredis that it wants; BullMQ 6 leaves it to the application.
  const ioredis = version.startsWith('5.') ? {} : { ioredis: '^5.4.0 || ^6.0.0' };
  const dependencies = { bullmq: version, ...ioredis };
  writeFileSync(join(unfinished, 'package.json'), JSON.stringify({ name: 'app', private: true, dependencies }));
  try {
    await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: unfinished,
      timeout: INSTALL_LIMIT_MS,
    });
    if (!existsSync(folder)) renameSync(unfinished, folder);
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`BullMQ ${version} could not be installed\n${stdout}${stderr}`, { cause: error });
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** An installed BullMQ, loaded into this process: jobs are added by the version whose workers take them. */
export function loadBullmq(version: string): typeof import('bullmq') {
  return createRequire(join(folderOf(version), 'package.json'))('bullmq');
}

export interface VersionedApp {
  readonly path: string;
  remove(): void;
}

/** An application's folder with copies of these files, to which `bullmq` is the given version. */
export function makeVersionedApp(version: string, files: readonly string[]): VersionedApp {
  const path = mkdtempSync(join(tmpdir(), 'tidemark-matrix-'));
  for (const file of files) cpSync(file, join(path, basename(file)));
  writeFileSync(join(path, 'package.json'), JSON.stringify({ name: 'app', type: 'module', private: true }));
  symlinkSync(join(folderOf(version), 'node_modules'), join(path, 'node_modules'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
