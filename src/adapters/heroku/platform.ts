import { REQUEST_DEADLINE_MS } from '../../core/attempt.ts';
import { ConfigError, PlatformError } from '../../core/errors.ts';
import type { DynoQuota, Platform, RestartAnswer } from '../../ports.ts';
import { rateLimitRemaining, readBody, requestIdOf, restartAnswer } from './answers.ts';
import { type Call, type Exchange, exchange } from './exchange.ts';
import { appPath, dynoPath } from './names.ts';
import { type HerokuAccount, parseAccount, parseDynos, parseQuotas } from './resources.ts';
import { scrubber } from './scrub.ts';

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
  /** Calls that the account has left this hour, as the last answer said; null before the first. The account's other tools share them. */
  rateLimitRemaining(): number | null;
  /** Who the token speaks for. Throws `PlatformError`. */
  account(signal?: AbortSignal): Promise<HerokuAccount>;
}

/** The platform port on heroku-client. Throws `ConfigError` where the URL or the token cannot be used. */
export function createHerokuPlatform(options: HerokuPlatformOptions): HerokuPlatform {
  const client = createClient(options);
  const monotonic = options.monotonic ?? (() => performance.now());
  const quotaCache = new Map<string, { readonly quotas: ReadonlyMap<string, DynoQuota>; readonly untilMs: number }>();

  return {
    async list(app, signal) {
      const what = `listing the dynos of ${app}`;
      return parseDynos(await client.get(`${appPath(app)}/dynos`, what, signal), what);
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
    rateLimitRemaining: client.rateLimitRemaining,
  };
}

/** The sizes that this app may use; where the platform does not offer that list, all sizes. */
async function readQuotas(client: Client, app: string, signal?: AbortSignal): Promise<ReadonlyMap<string, DynoQuota>> {
  const what = `reading the dyno sizes of ${app}`;
  try {
    return parseQuotas(await client.get(`${appPath(app)}/available-dyno-sizes`, what, signal), what);
  } catch (error) {
    if (!(error instanceof PlatformError) || error.status !== 404) throw error;
    return parseQuotas(await client.get('/dyno-sizes', what, signal), what);
  }
}

interface Client {
  get(path: string, what: string, signal: AbortSignal | undefined): Promise<unknown>;
  delete(path: string, mayWrite: () => boolean, signal: AbortSignal | undefined): Promise<RestartAnswer>;
  rateLimitRemaining(): number | null;
}

function createClient(options: HerokuPlatformOptions): Client {
  const { token, log, deadlineMs = REQUEST_DEADLINE_MS } = options;
  const origin = originOf(options);
  const scrub = scrubber(token);
  let remaining: number | null = null;

  async function send(call: Pick<Call, 'method' | 'path' | 'mayWrite' | 'signal'>): Promise<Exchange> {
    const startMs = performance.now();
    let requestId: string | null = null;
    const onHead: Call['onHead'] = (_, headers) => {
      remaining = rateLimitRemaining(headers) ?? remaining;
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
  };
}

/** The token is taken out of what the platform, or a proxy before it, says back, before anyone can pass it on. */
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
