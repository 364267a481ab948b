import { findProgram } from './find-program.ts';

const HOW_TO_INSTALL = [
  'No redis-server was found on the PATH. Install it and run this again:',
  '  Debian, Ubuntu:  sudo apt-get update && sudo apt-get install -y redis-server',
  '  macOS:           brew install redis',
  'or set REDIS_URL to a running Redis.',
].join('\n');

/** The path of an executable `redis-server`. Throws an error that says what to install. */
export async function findRedisServer(): Promise<string> {
  const path = await findProgram('redis-server');
  if (path === null) throw new Error(HOW_TO_INSTALL);
  return path;
}
