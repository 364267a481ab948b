import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { PlatformError } from '../../model/errors.ts';
import type { RestartAnswer } from '../../ports.ts';
import { parseRetryAfter } from '../../shared/retry-after.ts';
import { withAdvice } from './error-ids.ts';
import type { Exchange } from './exchange.ts';

/** The platform's own error body. Its `resource` says what a 404 did not find. */
const errorBody = z.object({
  id: z.string().min(1).transform(cutTo(100)),
  message: z.string().transform(cutTo(500)),
  resource: z.string().optional(),
});

/** What is kept of a text: it goes into log lines, decisions and Redis. */
function cutTo(length: number): (text: string) => string {
  return (text) => (text.length > length ? `${text.slice(0, length)}...` : text);
}

/**
 * What a DELETE's exchange proves. Only the platform's own error body proves that nothing was restarted; a proxy's page
 * does not.
 */
export function restartAnswer(result: Exchange, nowMs: number): RestartAnswer {
  if (result.kind === 'failed') {
    return result.written
      ? { kind: 'unknown', why: result.why, status: result.status }
      : { kind: 'not-sent', why: result.why };
  }
  const { status, headers } = result;
  if (status >= 200 && status < 300) return { kind: 'accepted', status, requestId: requestIdOf(headers) };
  const body = errorBody.safeParse(result.body);
  if (status < 400 || status >= 500) {
    return { kind: 'unknown', why: `the answer was ${status}${body.success ? ` ${body.data.id}` : ''}`, status };
  }
  if (!body.success) {
    return { kind: 'unknown', why: `the answer was ${status} without the platform's error body`, status };
  }
  const { id: errorId, message, resource } = body.data;
  // If the token cannot see the app, the answer says nothing about the dyno.
  if ((status === 404 || status === 410) && resource !== 'app') return { kind: 'gone', message };
  return {
    kind: 'refused',
    status,
    errorId,
    message: withAdvice(errorId, message),
    retryAfterMs: blockMs(headers, nowMs),
  };
}

/** The body of a successful read. Throws `PlatformError` otherwise. */
export function readBody(result: Exchange, what: string, nowMs: number): unknown {
  if (result.kind === 'failed') {
    throw new PlatformError('unavailable', `${what}: ${result.why}`, { status: result.status });
  }
  const { status, headers } = result;
  if (status >= 200 && status < 300) return result.body;
  const body = errorBody.safeParse(result.body);
  const said = body.success
    ? `${body.data.id}: ${withAdvice(body.data.id, body.data.message)}`
    : 'without an error body of the platform';
  const kind = errorKind(status, body.success);
  throw new PlatformError(kind, `${what}: the platform answered ${status}, ${said}`, {
    status,
    errorId: body.success ? body.data.id : null,
    retryAfterMs: blockMs(headers, nowMs),
  });
}

function errorKind(status: number, platformSpoke: boolean): ConstructorParameters<typeof PlatformError>[0] {
  if (status === 401) return 'unauthorized';
  if (status === 429) return 'rate-limited';
  return status >= 400 && status < 500 && platformSpoke ? 'refused' : 'unavailable';
}

/** Heroku counts calls by the hour, so no block needs to last longer, whatever a proxy asks for. */
const LONGEST_BLOCK_MS = 3_600_000;

/**
 * How long the platform wants no calls, in ms; null where it does not say. Heroku documents no such header on its 429.
 */
function blockMs(headers: IncomingHttpHeaders, nowMs: number): number | null {
  const ms = parseRetryAfter(headers['retry-after'], nowMs);
  return ms === null ? null : Math.min(LONGEST_BLOCK_MS, ms);
}

/** `RateLimit-Remaining`: calls that the account has left; null where the answer does not say. */
export function rateLimitRemaining(headers: IncomingHttpHeaders): number | null {
  const value = headers['ratelimit-remaining'];
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : null;
}

/** The answer's `Date` less `nowMs`, in ms (to the second); null where it has none. */
export function clockAheadMs(headers: IncomingHttpHeaders, nowMs: number): number | null {
  const atMs = Date.parse(headers.date ?? '');
  return Number.isNaN(atMs) ? null : atMs - nowMs;
}

/** What the next page of a list is asked for by; null where this was the last. */
export function nextRange(headers: IncomingHttpHeaders): string | null {
  const value = headers['next-range'];
  return typeof value === 'string' && value !== '' ? cutTo(500)(value) : null;
}

/** The id that Heroku's support asks for. */
export function requestIdOf(headers: IncomingHttpHeaders): string | null {
  const value = headers['request-id'];
  return typeof value === 'string' && value !== '' ? cutTo(100)(value) : null;
}
