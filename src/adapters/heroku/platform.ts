import { REQUEST_DEADLINE_MS } from '../../attempt/attempt.ts';
import { ConfigError, PlatformError } from '../../model/errors.ts';
import type { DynoQuota, Platform, PlatformDyno, RestartAnswer } from '../../ports.ts';
import { scrubber } from '../scrub.ts';
import { clockAheadMs, rateLimitRemaining, readBody, requestIdOf, restartAnswer } from './answers.ts';
import { type Call, type Exchange, exchange } from './exchange.ts';
import { appPath, dynoPath } from './names.ts';
import {
  type FormationEntry,
  type HerokuAccount,
  parseAccount,
  parseApps,
  parseDynos,
  parseFormation,
  parseGrantOf,
  parseQuotas,
  type TokenGrant,
} from './resources.ts';

/** Sizes change with the platform's price list, not with the hour. */
const QUOTAS_TTL_MS = 10 * 60_000;

/** One call to the platform, for the log. Never carries a secret. */
export interface HerokuCallEntry {
  readonly method: 'GET' | 'DELETE';
  readonly path: string;
  /** Null where no answer came. */
  readonly status: number | null;
  /** What Heroku's support asks for. */
  readonly requestId: string | null;
  readonly durationMs: number;
  readonly rateLimitRemaining: number | null;
  /** Why there is no whole answer; null where there is one. */
  readonly fault: string | null;
}

export interface HerokuPlatformOptions {
  readonly token: string;
  /** Origin of the Platform API, e.g. `https://api.heroku.com`. */
  readonly apiUrl: string;
  readonly log?: (entry: HerokuCallEntry) => void;
  /** For each call, TLS set-up included; default `REQUEST_DEADLINE_MS`. */
  readonly deadlineMs?: number;
  /** Monotonic ms, for the cache of the quotas. */
  readonly monotonic?: () => number;
}

export interface HerokuPlatform extends Platform {
  /** Who the token speaks for. Throws `PlatformError`. */
  account(signal?: AbortSignal): Promise<HerokuAccount>;
  /** The token's scopes; null where the platform does not show them to this token. Throws `PlatformError`. */
  grant(signal?: AbortSignal): Promise<TokenGrant | null>;
  /**
   * The platform's clock less this machine's, in ms, from its last answer (to the second); null before one with a
   * `Date`.
   */
  clockAheadMs(): number | null;
  /** The names of all apps that the token's account can see. Throws `PlatformError`. */
  apps(signal?: AbortSignal): Promise<readonly string[]>;
  /** The app's process types, each with its wanted number of dynos and their size. Throws `PlatformError`. */
  formation(app: string, signal?: AbortSignal): Promise<readonly FormationEntry[]>;
}

/** The platform port on heroku-client. Throws `ConfigError` where the URL or the token cannot be used. */
export function createHerokuPlatform(options: HerokuPlatformOptions): HerokuPlatform {
  const { token } = options;
  const client = createClient(options);
  const monotonic = options.monotonic ?? (() => performance.now());
  const quotaCache = new Map<string, { readonly quotas: ReadonlyMap<string, DynoQuota>; readonly untilMs: number }>();

  return {
    async list(app, signal) {
      const what = `listing the dynos of ${app}`;
      const dynos = parseDynos(await client.get(`${appPath(app)}/dynos`, what, signal), what);
      if (dynos.every(({ size }) => size !== null)) return dynos;
      return withSizes(dynos, await formationIfReadable(client, app, signal));
    },
    async quotas(app, signal) {
      const cached = quotaCache.get(app);
      if (cached !== undefined && monotonic() < cached.untilMs) return cached.quotas;
      const quotas = await readQuotas(client, app, signal);
      quotaCache.set(app, { quotas, untilMs: monotonic() + QUOTAS_TTL_MS });
      return quotas;
    },
    async restart(app, dyno, mayStillSend, signal) {
      return client.delete(dynoPath(app, dyno), mayStillSend, signal);
    },
    async account(signal) {
      const what = 'reading the account';
      return parseAccount(await client.get('/account', what, signal), what);
    },
    grant: (signal) => readGrant(client, token, signal),
    async apps(signal) {
      const what = 'listing the apps';
      return parseApps(await client.get('/apps', what, signal), what);
    },
    formation: (app, signal) => readFormation(client, app, signal),
    rateLimitRemaining: client.rateLimitRemaining,
    clockAheadMs: client.clockAheadMs,
  };
}

/** The sizes that this app may use, or all sizes where the platform does not offer that list. */
async function readQuotas(client: Client, app: string, signal?: AbortSignal): Promise<ReadonlyMap<string, DynoQuota>> {
  const what = `reading the dyno sizes of ${app}`;
  try {
    return parseQuotas(await client.get(`${appPath(app)}/available-dyno-sizes`, what, signal), what);
  } catch (error) {
    if (!(error instanceof PlatformError) || error.status !== 404) throw error;
    return parseQuotas(await client.get('/dyno-sizes', what, signal), what);
  }
}

async function readFormation(client: Client, app: string, signal?: AbortSignal): Promise<readonly FormationEntry[]> {
  const what = `reading the formation of ${app}`;
  return parseFormation(await client.get(`${appPath(app)}/formation`, what, signal), what);
}

/** Empty where it cannot be read: without sizes the list of dynos is still useful. */
async function formationIfReadable(
  client: Client,
  app: string,
  signal?: AbortSignal,
): Promise<readonly FormationEntry[]> {
  try {
    return await readFormation(client, app, signal);
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    return [];
  }
}

/** Takes a dyno's size from the formation where the dyno itself has none. */
function withSizes(dynos: readonly PlatformDyno[], formation: readonly FormationEntry[]): readonly PlatformDyno[] {
  const sizes = new Map(formation.map(({ processType, size }) => [processType, size]));
  return dynos.map((dyno) => ({ ...dyno, size: dyno.size ?? sizes.get(dyno.processType) ?? null }));
}

/** From the account's authorizations, which need more scopes than read and write. */
async function readGrant(client: Client, token: string, signal?: AbortSignal): Promise<TokenGrant | null> {
  const what = "reading the token's scopes";
  try {
    return parseGrantOf(token, await client.get('/oauth/authorizations', what, signal), what);
  } catch (error) {
    if (error instanceof PlatformError && (error.status === 403 || error.status === 404)) return null;
    throw error;
  }
}

interface Client {
  get(path: string, what: string, signal: AbortSignal | undefined): Promise<unknown>;
  delete(path: string, mayWrite: () => boolean, signal: AbortSignal | undefined): Promise<RestartAnswer>;
  rateLimitRemaining(): number | null;
  clockAheadMs(): number | null;
}

function createClient(options: HerokuPlatformOptions): Client {
  const { token, log, deadlineMs = REQUEST_DEADLINE_MS } = options;
  const origin = originOf(options);
  const scrub = scrubber(formsOf(token));
  let remaining: number | null = null;
  let clockAhead: number | null = null;

  async function send(call: Pick<Call, 'method' | 'path' | 'mayWrite' | 'signal'>): Promise<Exchange> {
    const startMs = performance.now();
    let requestId: string | null = null;
    const onHead: Call['onHead'] = (_, headers) => {
      remaining = rateLimitRemaining(headers) ?? remaining;
      clockAhead = clockAheadMs(headers, Date.now()) ?? clockAhead;
      requestId = requestIdOf(headers);
    };
    const result = scrubbed(await exchange({ ...call, origin, token, deadlineMs, onHead }), scrub);
    log?.({
      method: call.method,
      path: call.path,
      status: result.status,
      requestId,
      durationMs: Math.round(performance.now() - startMs),
      rateLimitRemaining: remaining,
      fault: result.kind === 'failed' ? result.why : null,
    });
    return result;
  }

  return {
    get: async (path, what, signal) => readBody(await send({ method: 'GET', path, signal }), what, Date.now()),
    delete: async (path, mayWrite, signal) =>
      restartAnswer(await send({ method: 'DELETE', path, mayWrite, signal }), Date.now()),
    rateLimitRemaining: () => remaining,
    clockAheadMs: () => clockAhead,
  };
}

/** The forms in which the token travels. */
function formsOf(token: string): readonly string[] {
  return token === '' ? [] : [token, encodeURIComponent(token), Buffer.from(`:${token}`).toString('base64')];
}

/** Removes the token from answers of the platform, or of a proxy before it, before they are passed on. */
function scrubbed(result: Exchange, scrub: (text: string) => string): Exchange {
  if (result.kind === 'failed') return { ...result, why: scrub(result.why) };
  if (result.status >= 200 && result.status < 300) return result;
  return { ...result, body: JSON.parse(scrub(JSON.stringify(result.body ?? null))) };
}

function originOf({ apiUrl, token }: HerokuPlatformOptions): string {
  const faults: string[] = [];
  const url = URL.canParse(apiUrl) ? new URL(apiUrl) : null;
  if (
    url === null ||
    !/^https?:$/.test(url.protocol) ||
    url.pathname !== '/' ||
    url.search !== '' ||
    url.username !== ''
  ) {
    faults.push('HEROKU_API_URL must be an origin without path or credentials, like https://api.heroku.com');
  }
  if (!/^[\x21-\x7e]+$/.test(token)) {
    faults.push(
      'HEROKU_API_TOKEN is empty or holds characters that no token has; `heroku authorizations:create` makes one',
    );
  }
  if (url === null || faults.length > 0) throw new ConfigError(faults);
  return url.origin;
}
