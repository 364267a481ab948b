import { openSavedApi } from '../actuator/saved/saved-api.ts';
import { resolvePagePort, resolveShownSettings, resolveStateRedisUrl } from '../config/resolve.ts';
import { ConfigError } from '../model/errors.ts';
import type { CommandArguments } from './terminal/command.ts';
import { exitCodeOf, listenForStop } from './terminal/stop-request.ts';

/**
 * `tidemark page`: serves the page from what an actuator keeps in Redis, on this machine only, until SIGTERM or SIGINT.
 * It restarts and changes nothing.
 */
export async function runPage({ env }: CommandArguments): Promise<number> {
  const url = resolveStateRedisUrl(env);
  if (url === null)
    throw new ConfigError(['REDIS_URL is not set: set it (or TIDEMARK_REDIS_URL) to the Redis of the actuator']);
  const settings = resolveShownSettings(env);
  const wantedPort = resolvePagePort(env);
  const stop = listenForStop();
  const saved = await openSavedApi(url, settings);
  try {
    const port = await saved.serve(wantedPort);
    process.stdout.write(
      `The page is at http://127.0.0.1:${port}/: for this machine only, read from Redis at ${new URL(url).host}.\n` +
        'It changes nothing. Ctrl-C stops it.\n',
    );
    await stop.requested;
    const signal = stop.received();
    return signal === null ? 0 : exitCodeOf(signal);
  } finally {
    stop[Symbol.dispose]();
    await saved.close();
  }
}
