import type { Context, MiddlewareHandler } from 'hono';
import { auth as basicCredentials } from 'hono/utils/basic-auth';
import { bearerTokenOf, digestOf, isSecret, type SecretDigest } from '../access/credentials.ts';
import { isLoopbackRequest } from '../access/loopback.ts';
import { errorBody } from './schema/errors.ts';

/** How the API learns who asks. */
export interface Admission {
  /** Null: no token is configured, so only loopback is served. */
  readonly adminToken: string | null;
  /** May read, and steer nothing; null: there is no such token. */
  readonly readToken: string | null;
  /** The address of the other end of the socket; undefined where it is unknown. */
  readonly remoteAddress: (context: Context) => string | undefined;
}

const READ_ONLY = 'isReadOnly';

/** Whether the token of an admitted request only reads. */
export function isReadOnly(context: Context): boolean {
  return context.get(READ_ONLY) === true;
}

/**
 * Admits those who may see and steer. With a token configured everyone needs it, as Bearer or as the password of Basic
 * (for browsers); without one only loopback is served. A POST from a page of another origin is refused.
 */
export function admit({ adminToken, readToken, remoteAddress }: Admission): MiddlewareHandler {
  const digest = adminToken === null ? null : digestOf(adminToken);
  const readDigest = readToken === null ? null : digestOf(readToken);
  return async (context, next) => {
    const request = context.req.raw;
    if (digest === null && !isLoopbackRequest(request.headers, remoteAddress(context))) {
      const message = 'Only programs on this machine are served while TIDEMARK_ADMIN_TOKEN is not set.';
      return context.json(errorBody('forbidden', message), 403);
    }
    const isReader = readDigest !== null && carriesToken(request, readDigest);
    if (digest !== null && !carriesToken(request, digest) && !isReader) {
      context.header('WWW-Authenticate', 'Basic realm="tidemark", charset="UTF-8"');
      const message = 'The admin token is required: send it as Bearer, or as the password of Basic.';
      return context.json(errorBody('unauthorized', message), 401);
    }
    if (isReader && request.method !== 'GET' && request.method !== 'HEAD')
      return context.json(errorBody('read-only', 'This token only reads: use the admin token to steer.'), 403);
    context.set(READ_ONLY, isReader);
    if (request.method === 'POST' && !isSameOrigin(request, digest === null))
      return context.json(errorBody('forbidden', 'A POST from a page of another origin is refused.'), 403);
    return next();
  };
}

/**
 * hono's own middleware answers 400 to what it cannot parse, and takes one scheme or the other; only its parser fits.
 */
function carriesToken(request: Request, digest: SecretDigest): boolean {
  const given = bearerTokenOf(request.headers.get('authorization')) ?? basicCredentials(request)?.password;
  return given !== undefined && isSecret(given, digest);
}

/**
 * A browser sends Origin with every POST; other programs send none. Where loopback is the only guard the Host must be
 * loopback too: otherwise a page could reach the API through a name of its own that resolves to 127.0.0.1.
 */
function isSameOrigin(request: Request, isLoopbackOnly: boolean): boolean {
  const host = request.headers.get('host') ?? new URL(request.url).host;
  const origin = request.headers.get('origin');
  if (isLoopbackOnly && !/^(127\.\d+\.\d+\.\d+|localhost|\[::1\])(:\d+)?$/.test(host)) return false;
  return origin === null || (URL.canParse(origin) && new URL(origin).host === host);
}
