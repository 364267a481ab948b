import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import { createRedisState } from '../../adapters/redis/state.ts';
import { BadInputError, LedgerUnavailable } from '../../model/errors.ts';
import type { Permissions, Policy } from '../../model/policy.ts';
import { holdMsOf } from '../../model/policy.ts';
import type { Admission } from '../../web/admission.ts';
import { createApi } from '../../web/api.ts';
import type { ActuatorAddress } from '../../web/client.ts';
import type { ActuatorControl } from '../../web/control.ts';
import { type HttpServer, remoteAddress, serveHttp } from '../../web/http-server.ts';
import { readPageFiles } from '../../web/page-files.ts';
import { errorBody } from '../../web/schema/errors.ts';
import type { Host } from '../host.ts';
import { readSaved } from './saved-actuator.ts';

export interface SavedApi {
  readonly address: ActuatorAddress;
  /**
   * Serves the page and the API to programs on this machine until `close`; nothing can be changed through them. Returns
   * the port that was bound.
   *
   * @param port 0: any that is free
   * @throws {ConfigError} where the port cannot be opened
   */
  serve(port: number): Promise<number>;
  /** What could not be read, for people, a sentence or two each: the answers lack it. */
  faults(): readonly string[];
  close(): Promise<void>;
}

const CONNECT_WITHIN_MS = 5_000;
/** The page may run for months. */
const MAX_FAULTS = 100;
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
  const note = (level: 'info' | 'warn', message: string) =>
    void (level === 'warn' && faults.length < MAX_FAULTS && faults.push(message));
  const state = createRedisState({ url, policy, log: note });
  try {
    const name = `Redis at ${new URL(url).host}`;
    if (!(await state.untilAvailable(CONNECT_WITHIN_MS)))
      throw new LedgerUnavailable(faults.at(-1) ?? `${name} does not answer`);
    // What went wrong before it was connected is over.
    faults.length = 0;
    // Reading the ledger of an empty Redis would start its hold.
    if (!(await state.hasLedger()))
      throw new BadInputError(`no actuator has used the ${name}: check TIDEMARK_REDIS_URL (or REDIS_URL)`);
    const saved = rereading(() => readSaved({ state, settings, host: QUIET, only: null }));
    const api = createApi({ control: saved.control, admission: OURS, page: readPageFiles(null), events: null });
    const send = async (request: Request) => {
      await saved.refresh();
      return api.fetch(request);
    };
    const servers: HttpServer[] = [];
    return {
      address: { base: new URL('http://localhost'), adminToken: TOKEN, send },
      async serve(port) {
        const server = await serveHttp(readersApp(saved), port);
        servers.push(server);
        return server.port;
      },
      faults: () => [...new Set(faults)],
      async close() {
        await Promise.all(servers.map((server) => server.close()));
        await state.close();
      },
    };
  } catch (error) {
    await state.close();
    throw error;
  }
}

const TOKEN = randomUUID();
const ONLY_HERE = { readToken: null, startToken: null, publicUrl: null };
/** In this process: nobody else knows the token. */
const OURS: Admission = { ...ONLY_HERE, adminToken: TOKEN, remoteAddress: () => undefined };
/** Over HTTP: whoever is on this machine may read. */
const READERS_HERE: Admission = { ...ONLY_HERE, adminToken: null, remoteAddress };
const ignore = () => {};
/** What is wrong shows in the answers; a line of a log would go through the screen. */
const QUIET: Host = {
  clock: { now: () => Date.now(), monotonic: () => performance.now() },
  log: { info: ignore, warn: ignore, error: ignore },
};

/** What is read, and a function that reads it again where the last reading is older than half a second. */
function rereading(read: () => Promise<ActuatorControl>) {
  // An API keeps the object: each reading replaces all of its methods.
  const control = {} as ActuatorControl;
  let readAtMs = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | null = null;
  const readAgain = async () => {
    Object.assign(control, await read());
    readAtMs = performance.now();
  };
  const refresh = async () => {
    if (performance.now() - readAtMs > READING_LASTS_MS) reading ??= readAgain().finally(() => (reading = null));
    await reading;
  };
  return { control, refresh };
}

/** The API and the page for a browser on this machine. */
function readersApp({ control, refresh }: ReturnType<typeof rereading>): Hono {
  const api = createApi({ control, admission: READERS_HERE, page: readPageFiles(), events: null });
  const app = new Hono();
  app.onError((error, context) => context.json(errorBody('ledger-unavailable', error.message), 503));
  app.use('/api/*', async (_, next) => {
    await refresh();
    return next();
  });
  app.all('*', (context) => api.fetch(context.req.raw, context.env));
  return app;
}
