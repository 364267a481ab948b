import { REQUEST_DEADLINE_MS } from '../../attempt/attempt.ts';
import { ConfigError, PlatformError } from '../../model/errors.ts';
import type { AppsPage, DynoQuota, RestartAnswer, WatchedPlatform } from '../../ports.ts';
import { scrubber } from '../scrub.ts';
import { clockAheadMs, nextRange, rateLimitRemaining, readBody, requestIdOf, restartAnswer } from './answers.ts';
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
  parseWebhooks,
  type TokenGrant,
  type WebhookSubscription,
} from './resources.ts';

/** The variant of the API in which Heroku's own CLI asks for webhooks. */
const WEBHOOKS_ACCEPT = 'application/vnd.heroku+json; version=3.webhooks';
const FIRST_PAGE = 'id ..; max=1000';
/** Pages of the list of apps that are read at most: an account with more apps needs exact names on its allow-list. */
const MAX_APP_PAGES = 10;

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
}

export interface HerokuPlatform extends WatchedPlatform {
  /** Who the token speaks for. Throws `PlatformError`. */
  account(signal?: AbortSignal): Promise<HerokuAccount>;
  /** The token's scopes; null where the platform does not show them to this token. Throws `PlatformError`. */
  grant(signal?: AbortSignal): Promise<TokenGrant | null>;
  /**
   * The platform's clock less this machine's, in ms, from its last answer (to the second); null before one with a
   * `Date`.
   */
  clockAheadMs(): number | null;
  /** The quotas of the sizes that the app may use, else of all sizes. Throws `PlatformError`. */
  quotas(app: string, signal?: AbortSignal): Promise<ReadonlyMap<string, DynoQuota>>;
  /** The names of the apps that the token's account can see, up to `MAX_APP_PAGES` pages. Throws `PlatformError`. */
  apps(signal?: AbortSignal): Promise<readonly string[]>;
  /** Where the app's webhooks go, and what they are about. Throws `PlatformError`. */
  webhooks(app: string, signal?: AbortSignal): Promise<readonly WebhookSubscription[]>;
  /** The app's process types, each with its wanted number of dynos and their size. Throws `PlatformError`. */
  formation(app: string, signal?: AbortSignal): Promise<readonly FormationEntry[]>;
}

/** The platform port on heroku-client. Throws `ConfigError` where the URL or the token cannot be used. */
export function createHerokuPlatform(options: HerokuPlatformOptions): HerokuPlatform {
  const { token } = options;
  const client = createClient(options);

  const dynoSizes: HerokuPlatform['dynoSizes'] = async (app, signal) => {
    const what = app === null ? 'reading the dyno sizes' : `reading the dyno sizes of ${app}`;
    const path = app === null ? '/dyno-sizes' : `${appPath(app)}/available-dyno-sizes`;
    return parseQuotas(await client.get(path, what, signal), what);
  };
  const formation: HerokuPlatform['formation'] = async (app, signal) => {
    const what = `reading the formation of ${app}`;
    return parseFormation(await client.get(`${appPath(app)}/formation`, what, signal), what);
  };
  const appsPage: HerokuPlatform['appsPage'] = async (range, signal) => {
    const what = 'listing the apps';
    const page = await client.page('/apps', range ?? FIRST_PAGE, { what, signal });
    return { names: parseApps(page.body, what), nextRange: page.nextRange };
  };

  return {
    async list(app, signal) {
      const what = `listing the dynos of ${app}`;
      return parseDynos(await client.get(`${appPath(app)}/dynos`, what, signal), what);
    },
    dynoSizes,
    quotas: (app, signal) => quotasOf(app, (of) => dynoSizes(of, signal)),
    async sizesByType(app, signal) {
      const entries = await formation(app, signal);
      return new Map(entries.flatMap(({ processType, size }) => (size === null ? [] : [[processType, size]])));
    },
    async restart(app, dyno, mayStillSend, signal) {
      return client.delete(dynoPath(app, dyno), mayStillSend, signal);
    },
    async account(signal) {
      const what = 'reading the account';
      return parseAccount(await client.get('/account', what, signal), what);
    },
    grant: (signal) => readGrant(client, token, signal),
    appsPage,
    apps: (signal) => allPages((range) => appsPage(range, signal)),
    formation,
    async webhooks(app, signal) {
      const what = `reading the webhooks of ${app}`;
      return parseWebhooks(await client.get(`${appPath(app)}/webhooks`, what, signal, WEBHOOKS_ACCEPT), what);
    },
    rateLimitRemaining: client.rateLimitRemaining,
    callsMade: client.callsMade,
    clockAheadMs: client.clockAheadMs,
  };
}

/** The sizes that this app may use, or all sizes where the platform does not offer that list. */
async function quotasOf(
  app: string,
  sizesOf: (app: string | null) => Promise<ReadonlyMap<string, DynoQuota>>,
): Promise<ReadonlyMap<string, DynoQuota>> {
  try {
    return await sizesOf(app);
  } catch (error) {
    if (!(error instanceof PlatformError) || error.status !== 404) throw error;
    return sizesOf(null);
  }
}

async function allPages(pageAt: (range: string | null) => Promise<AppsPage>): Promise<readonly string[]> {
  const names: string[] = [];
  let range: string | null = null;
  for (let page = 0; page < MAX_APP_PAGES; page++) {
    const read: AppsPage = await pageAt(range);
    names.push(...read.names);
    range = read.nextRange;
    if (range === null) break;
  }
  return names;
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
  get(path: string, what: string, signal: AbortSignal | undefined, accept?: string): Promise<unknown>;
  /** One page of a list. */
  page(path: string, range: string, asked: PageAsked): Promise<{ readonly body: unknown; nextRange: string | null }>;
  delete(path: string, mayWrite: () => boolean, signal: AbortSignal | undefined): Promise<RestartAnswer>;
  rateLimitRemaining(): number | null;
  callsMade(): number;
  clockAheadMs(): number | null;
}

interface PageAsked {
  readonly what: string;
  readonly signal: AbortSignal | undefined;
}

function createClient(options: HerokuPlatformOptions): Client {
  const { token, log, deadlineMs = REQUEST_DEADLINE_MS } = options;
  const origin = originOf(options);
  const scrub = scrubber(formsOf(token));
  let remaining: number | null = null;
  let clockAhead: number | null = null;
  let callsMade = 0;

  async function send(
    call: Pick<Call, 'method' | 'path' | 'range' | 'accept' | 'mayWrite' | 'signal'>,
  ): Promise<Exchange> {
    const startMs = performance.now();
    let requestId: string | null = null;
    let answers = 0;
    const onHead: Call['onHead'] = (_, headers) => {
      answers += 1;
      remaining = rateLimitRemaining(headers) ?? remaining;
      clockAhead = clockAheadMs(headers, Date.now()) ?? clockAhead;
      requestId = requestIdOf(headers);
    };
    const result = scrubbed(await exchange({ ...call, origin, token, deadlineMs, onHead }), scrub);
    // Each page of a list is a call. One without an answer may have been counted by the platform, too.
    callsMade += Math.max(1, answers);
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
    get: async (path, what, signal, accept) =>
      readBody(await send({ method: 'GET', path, signal, accept }), what, Date.now()),
    page: async (path, range, { what, signal }) => {
      const result = await send({ method: 'GET', path, range, signal });
      const body = readBody(result, what, Date.now());
      return { body, nextRange: result.kind === 'answered' ? nextRange(result.headers) : null };
    },
    delete: async (path, mayWrite, signal) =>
      restartAnswer(await send({ method: 'DELETE', path, mayWrite, signal }), Date.now()),
    rateLimitRemaining: () => remaining,
    callsMade: () => callsMade,
    clockAheadMs: () => clockAhead,
  };
}

/** The forms in which the token travels. */
function formsOf(token: string): readonly string[] {
  return token === '' ? [] : [token, encodeURIComponent(token), Buffer.from(`:${token}`).toString('base64')];
}

/**
 * Removes the token from answers of the platform, or of a proxy before it, before they are passed on. Of a refusal only
 * the texts that are read are kept.
 */
function scrubbed(result: Exchange, scrub: (text: string) => string): Exchange {
  if (result.kind === 'failed') return { ...result, why: scrub(result.why) };
  if (result.status >= 200 && result.status < 300) return result;
  return { ...result, body: textsOf(result.body, scrub) };
}

/** Not by way of JSON: a refusal may be nested deeper than the stack. Null where it is no record. */
function textsOf(body: unknown, scrub: (text: string) => string): unknown {
  if (typeof body !== 'object' || body === null) return null;
  const { id, message, resource } = body as Readonly<Record<string, unknown>>;
  const texts = Object.entries({ id, message, resource }).filter(([, value]) => value !== undefined);
  // Something else than a text is no part of the platform's error body.
  return Object.fromEntries(texts.map(([name, value]) => [name, typeof value === 'string' ? scrub(value) : null]));
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
