import { resolveShownSettings, resolveStateRedisUrl } from '../../config/resolve.ts';
import { ConfigError, TidemarkError } from '../../model/errors.ts';
import type { ActuatorAddress } from '../../web/client.ts';
import { ROUTES } from '../../web/schema/routes.ts';
import type { CommandArguments } from '../terminal/command.ts';
import { addressOf, ask } from './client.ts';

/** Where `status` and `top` read: a running actuator, or the Redis of one that nothing can reach. */
export interface Source {
  readonly address: ActuatorAddress;
  /** For people. */
  readonly name: string;
  /** What could not be read so far, for people: the answers lack it. */
  faults(): readonly string[];
  close(): Promise<void>;
}

/**
 * The actuator that `--url` names, or Redis with `--redis`. Without either: the actuator on this machine, or Redis
 * where none answers and one is set. Throws `TidemarkError`.
 */
export async function openSource(args: CommandArguments): Promise<Source> {
  if (args.own.redis === true && args.own.url !== undefined)
    throw new ConfigError(['--redis and --url: give one of them']);
  const url = args.own.url === undefined ? resolveStateRedisUrl(args.env) : null;
  if (args.own.redis === true) {
    if (url !== null) return openRedis(args, url);
    throw new ConfigError(['--redis: set TIDEMARK_REDIS_URL (or REDIS_URL) to the Redis of the actuator']);
  }
  const address = addressOf(args);
  if (url !== null && (await isAway(address))) return openRedis(args, url);
  return { address, name: address.base.origin, faults: () => [], close: async () => {} };
}

async function openRedis({ env }: CommandArguments, url: string): Promise<Source> {
  const { openSavedApi } = await import('../../actuator/saved/saved-api.ts');
  return { ...(await openSavedApi(url, resolveShownSettings(env))), name: `Redis at ${new URL(url).host}` };
}

const TIMEOUT_MS = 5_000;

/** Whether nobody answers. Whoever refuses is there. */
async function isAway(address: ActuatorAddress): Promise<boolean> {
  try {
    await ask(address, ROUTES.ready, { timeoutMs: TIMEOUT_MS });
    return false;
  } catch (error) {
    return error instanceof TidemarkError && error.code === 'platform-unavailable';
  }
}
