import { readBody } from '../../adapters/heroku/answers.ts';
import { exchange } from '../../adapters/heroku/exchange.ts';
import { PlatformError, TidemarkError } from '../../model/errors.ts';
import type { KnownApp } from './plan.ts';

const DEADLINE_MS = 10_000;
const FORBIDDEN = 403;

export interface HerokuAccess {
  /** Without a trailing slash. */
  readonly origin: string;
  /** A secret. */
  readonly token: string;
}

/** Asks Heroku where an app answers and what its config vars are. Throws `PlatformError` where it does not say. */
export async function readApp(access: HerokuAccess, name: string): Promise<KnownApp> {
  const app = await get(access, `/apps/${name}`, `the app ${name}`);
  return { name, url: addressIn(app), config: await readConfig(access, name) };
}

/** Null where the token may not read config vars: the scopes `read` and `write` leave them out. */
async function readConfig(access: HerokuAccess, name: string): Promise<KnownApp['config']> {
  try {
    const body = await get(access, `/apps/${name}/config-vars`, `the config vars of ${name}`);
    return Object.fromEntries(
      Object.entries(body ?? {}).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])),
    );
  } catch (error) {
    if (error instanceof PlatformError && error.status === FORBIDDEN) return null;
    throw error;
  }
}

async function get({ origin, token }: HerokuAccess, path: string, what: string): Promise<object> {
  const result = await exchange({ origin, token, method: 'GET', path, deadlineMs: DEADLINE_MS });
  const body = readBody(result, what, Date.now());
  if (typeof body === 'object' && body !== null) return body;
  throw new TidemarkError('platform-unavailable', `${what}: the answer of ${origin} is not an object; check the URL`);
}

/** As URLs are written: whatever is answered, no character is left that a terminal obeys. */
function addressIn(app: object): string | null {
  const value: unknown = Reflect.get(app, 'web_url');
  if (typeof value !== 'string' || !URL.canParse(value)) return null;
  const { protocol, href } = new URL(value);
  return protocol === 'https:' || protocol === 'http:' ? href.replace(/\/+$/, '') : null;
}
