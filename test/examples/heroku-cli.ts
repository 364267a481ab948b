import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Pinned: what it sends to the Platform API is part of the test. */
const VERSION = '11.10.0';
const INSTALL_LIMIT_MS = 240_000;

/**
 * The folder with Heroku's own CLI as `heroku`, from the npm registry. It is 400 MB and takes most of a minute, so it
 * is no dependency of the package: it is kept in the user's cache folder. No script of its packages is run.
 */
export async function herokuCli(): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tidemark');
  const folder = join(cache, `heroku-cli-${VERSION}`);
  const bin = join(folder, 'node_modules/.bin');
  if (existsSync(bin)) return bin;
  // Renamed once it is whole: an install that was interrupted is not taken for one.
  const fresh = `${folder}-${process.pid}`;
  mkdirSync(fresh, { recursive: true });
  writeFileSync(join(fresh, 'package.json'), '{"private":true}');
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline'];
  await run('npm', ['install', ...options, `heroku@${VERSION}`], { cwd: fresh, timeout: INSTALL_LIMIT_MS });
  rmSync(folder, { recursive: true, force: true });
  renameSync(fresh, folder);
  return bin;
}
