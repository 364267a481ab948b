import { createHash, timingSafeEqual } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';

/** How the API learns who asks. */
export interface Admission {
  /** Null: no token is configured, so only loopback is served. */
  readonly adminToken: string | null;
  /** The address of the other end of the socket; undefined where it is unknown. */
  readonly remoteAddress: (context: Context) => string | undefined;
}

/**
 * Lets in who may see and steer: with a token configured everyone needs it (Bearer, or the password of Basic so that browsers work);
 * without one only loopback is served, and a forwarded request is never loopback. A POST from a page of another origin is refused.
 */
export function admit(admission: Admission): MiddlewareHandler {
  return async (context, next) => {
    const request = context.req.raw;
    if (admission.adminToken === null) {
      if (!isLoopback(request, admission.remoteAddress(context))) {
        return context.json(
          errorBody('forbidden', 'Only this machine is served while TIDEMARK_ADMIN_TOKEN is not set.'),
          403,
        );
      }
    } else if (!carriesToken(request.headers.get('authorization'), admission.adminToken)) {
      context.header('WWW-Authenticate', 'Basic realm="tidemark", charset="UTF-8"');
      return context.json(
        errorBody('unauthorized', 'The admin token is needed: as Bearer, or as the password of Basic.'),
        401,
      );
    }
    if (request.method === 'POST' && !isSameOrigin(request, admission.adminToken === null)) {
      return context.json(errorBody('forbidden', 'A POST from another origin is not taken.'), 403);
    }
    return next();
  };
}

export function errorBody(
  code: string,
  message: string,
): { readonly error: { readonly code: string; readonly message: string } } {
  return { error: { code, message } };
}

function isLoopback(request: Request, address: string | undefined): boolean {
  for (const name of request.headers.keys()) {
    if (name === 'forwarded' || name.startsWith('x-forwarded-')) return false;
  }
  return address !== undefined && /^(127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+)$/.test(address);
}

function carriesToken(header: string | null, token: string): boolean {
  const [scheme = '', credentials = ''] = (header ?? '').split(' ', 2);
  if (scheme.toLowerCase() === 'bearer') return equalSecrets(credentials, token);
  if (scheme.toLowerCase() !== 'basic') return false;
  const pair = Buffer.from(credentials, 'base64').toString('utf8');
  return pair.includes(':') && equalSecrets(pair.slice(pair.indexOf(':') + 1), token);
}

/** Hashed first, so that neither the time nor the length tells anything about the secret. */
function equalSecrets(given: string, secret: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(secret));
}

/**
 * A browser sends Origin with every POST; other programs send none. Where loopback is the only guard the Host must be loopback too,
 * or a page could reach the API through a name of its own that resolves to 127.0.0.1.
 */
function isSameOrigin(request: Request, loopbackOnly: boolean): boolean {
  const host = request.headers.get('host') ?? new URL(request.url).host;
  const origin = request.headers.get('origin');
  if (loopbackOnly && !/^(127\.\d+\.\d+\.\d+|localhost|\[::1\])(:\d+)?$/.test(host)) return false;
  return origin === null || (URL.canParse(origin) && new URL(origin).host === host);
}
