import { findInstalledProgram } from '../servers/installed-program.ts';

const HOW_TO_INSTALL = [
  'No redis-server was found on the PATH, and it cannot be installed from here.',
  'Install it and run this again:',
  '  Debian, Ubuntu:  sudo apt-get update && sudo apt-get install -y redis-server',
  '  macOS:           brew install redis',
  'or set REDIS_URL to a Redis that runs already.',
].join('\n');

/** The path of a `redis-server` that can be run. Throws an error that says what to install. */
export function findRedisServer(say?: (text: string) => void): Promise<string> {
  return findInstalledProgram({ name: 'redis-server', aptPackage: 'redis-server', howToInstall: HOW_TO_INSTALL }, say);
}
