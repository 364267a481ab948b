import type { Context, MiddlewareHandler } from 'hono';
import { auth as basicCredentials } from 'hono/utils/basic-auth';
import { bearerTokenOf, digestOf, isSecret, type SecretDigest } from '../access/credentials.ts';
import { isLoopbackHost, isLoopbackRequest } from '../access/loopback.ts';
import { errorBody } from './schema/errors.ts';

/** How the API learns who asks. */
export interface Admission {
  /** Null: no token is configured, so only loopback is served. */
  readonly adminToken: string | null;
  /** What a command needs where no admin token is configured; the log shows it at the start. Null: nobody may steer. */
  readonly startToken: string | null;
  /** May read, and steer nothing; null: there is no such token. */
  readonly readToken: string | null;
  /** Where people reach the page: with an admin token no other `Host` is answered, save loopback ones; null: any is. */
  readonly publicUrl: string | null;
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
 * (for browsers). Without one only loopback is served, and a command needs the start token: a proxy on this machine
 * that adds no header cannot be told from a local program. A POST from a page of another origin is refused.
 */
export function admit({ adminToken, readToken, startToken, publicUrl, remoteAddress }: Admission): MiddlewareHandler {
  const isOpenHere = adminToken === null;
  const token = adminToken ?? startToken;
  const digest = token === null ? null : digestOf(token);
  const readDigest = readToken === null ? null : digestOf(readToken);
  return async (context, next) => {
    const request = context.req.raw;
    if (isOpenHere && !isLoopbackRequest(request.headers, remoteAddress(context))) {
      const message = 'Only programs on this machine are served while TIDEMARK_ADMIN_TOKEN is not set.';
      return context.json(errorBody('forbidden', message), 403);
    }
    if (!isOpenHere && publicUrl !== null && !isFor(request, publicUrl)) {
      const { host } = new URL(publicUrl);
      const message = `This actuator is reached as ${host} (TIDEMARK_PUBLIC_URL), or by a loopback name.`;
      return context.json(errorBody('forbidden', message), 403);
    }
    const isReader = digest === null || (readDigest !== null && carriesToken(request, readDigest));
    const onlyReads = request.method === 'GET' || request.method === 'HEAD';
    if (!(isOpenHere && onlyReads) && !isReader && !carriesToken(request, digest)) {
      context.header('WWW-Authenticate', 'Basic realm="tidemark", charset="UTF-8"');
      return context.json(errorBody('unauthorized', isOpenHere ? START_TOKEN_NEEDED : ADMIN_TOKEN_NEEDED), 401);
    }
    if (isReader && !onlyReads)
      return context.json(errorBody('read-only', digest === null ? NOBODY_STEERS : READ_TOKEN_ONLY), 403);
    context.set(READ_ONLY, isReader);
    if (request.method === 'POST' && !isSameOrigin(request))
      return context.json(errorBody('forbidden', 'A POST from a page of another origin is refused.'), 403);
    return next();
  };
}

const READ_TOKEN_ONLY = 'This token only reads: use the admin token to steer.';
const NOBODY_STEERS = 'This page only reads what the actuator keeps in Redis: nothing can be changed here.';
const ADMIN_TOKEN_NEEDED = 'The admin token is required: send it as Bearer, or as the password of Basic.';
const START_TOKEN_NEEDED =
  'TIDEMARK_ADMIN_TOKEN is not set in the actuator, so a command needs the token that its log shows at the start: ' +
  'send it as Bearer, or as the password of Basic.';

/**
 * hono's own middleware answers 400 to what it cannot parse, and takes one scheme or the other; only its parser fits.
 */
function carriesToken(request: Request, digest: SecretDigest): boolean {
  const given = bearerTokenOf(request.headers.get('authorization')) ?? basicCredentials(request)?.password;
  return given !== undefined && isSecret(given, digest);
}

/** Whether the request's `Host` is that of the URL, its default port written out or not, or a loopback one. */
function isFor(request: Request, publicUrl: string): boolean {
  const { protocol, host } = new URL(publicUrl);
  const named = request.headers.get('host') ?? '';
  return (
    isLoopbackHost(named) || (URL.canParse(`${protocol}//${named}`) && new URL(`${protocol}//${named}`).host === host)
  );
}

/** A browser sends Origin with every POST; other programs send none. */
function isSameOrigin(request: Request): boolean {
  const host = request.headers.get('host') ?? new URL(request.url).host;
  const origin = request.headers.get('origin');
  return origin === null || (URL.canParse(origin) && new URL(origin).host === host);
}
