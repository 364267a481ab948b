import { randomUUID } from 'node:crypto';
import { createRedisState } from '../../adapters/redis/state.ts';
import { BadInputError, LedgerUnavailable } from '../../model/errors.ts';
import type { Permissions, Policy } from '../../model/policy.ts';
import { holdMsOf } from '../../model/policy.ts';
import { createApi } from '../../web/api.ts';
import type { ActuatorAddress } from '../../web/client.ts';
import type { ActuatorControl } from '../../web/control.ts';
import { readPageFiles } from '../../web/page-files.ts';
import type { Host } from '../host.ts';
import { readSaved } from './saved-actuator.ts';

export interface SavedApi {
  readonly address: ActuatorAddress;
  close(): Promise<void>;
}

const CONNECT_WITHIN_MS = 5_000;
/** The questions of one round are answered from one reading. */
const READING_LASTS_MS = 500;

/**
 * The actuator's API in this process, over what an actuator keeps in Redis: for one that nothing can reach by HTTP.
 * Throws `LedgerUnavailable` where Redis does not answer, `BadInputError` where no actuator has used it, and
 * `ConfigError` where the URL cannot be used.
 */
export async function openSavedApi(
  url: string,
  settings: { readonly policy: Policy; readonly permissions: Permissions },
): Promise<SavedApi> {
  const faults: string[] = [];
  const { cooldownMs, maxRestartsPerHour } = settings.policy;
  const policy = { cooldownMs, maxRestartsPerHour, holdMs: holdMsOf(settings.policy) };
  const note = (level: 'info' | 'warn', message: string) => void (level === 'warn' && faults.push(message));
  const state = createRedisState({ url, policy, log: note });
  try {
    const name = `Redis at ${new URL(url).host}`;
    if (!(await state.untilAvailable(CONNECT_WITHIN_MS)))
      throw new LedgerUnavailable(faults.at(-1) ?? `${name} does not answer`);
    // Reading the ledger of an empty Redis would start its hold.
    if (!(await state.hasLedger()))
      throw new BadInputError(`no actuator has used the ${name}: check TIDEMARK_REDIS_URL (or REDIS_URL)`);
    const send = answering(() => readSaved({ state, settings, host: QUIET }));
    return { address: { base: new URL('http://localhost'), adminToken: TOKEN, send }, close: () => state.close() };
  } catch (error) {
    await state.close();
    throw error;
  }
}

const TOKEN = randomUUID();
const ADMISSION = { adminToken: TOKEN, readToken: null, startToken: TOKEN, remoteAddress: () => undefined };
const ignore = () => {};
/** What is wrong shows in the answers; a line of a log would go through the screen. */
const QUIET: Host = {
  clock: { now: () => Date.now(), monotonic: () => performance.now() },
  log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
};

/** An API whose every answer is from a reading that is at most half a second old. */
function answering(read: () => Promise<ActuatorControl>): (request: Request) => Promise<Response> {
  // The API keeps the object: each reading replaces all of its methods.
  const control = {} as ActuatorControl;
  const api = createApi({ control, admission: ADMISSION, page: readPageFiles(null), events: null });
  let readAtMs = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | null = null;
  const readAgain = async () => {
    Object.assign(control, await read());
    readAtMs = performance.now();
  };
  return async (request) => {
    if (performance.now() - readAtMs > READING_LASTS_MS) reading ??= readAgain().finally(() => (reading = null));
    await reading;
    return api.fetch(request);
  };
}
