import { withAdvice } from '../../../src/adapters/heroku/error-ids.ts';
import type { RestartAnswer } from '../../../src/ports.ts';
import { reply, type Script } from './raw-api.ts';

export const TOKEN = 'HRKU-8a9b-the-secret';
const rateLimit = { id: 'rate_limit', message: 'Your account reached the API rate limit' };
const HTML = '<html><body><h1>Application error</h1></body></html>';

interface AnswerCase {
  readonly name: string;
  readonly script: Script;
  readonly answer: RestartAnswer;
}

export const unknown = (why: string, status: number | null): RestartAnswer => ({ kind: 'unknown', why, status });
const refused = (
  status: number,
  errorId: string,
  message: string,
  retryAfterMs: number | null = null,
): RestartAnswer => ({
  kind: 'refused',
  status,
  errorId,
  message: withAdvice(errorId, message),
  retryAfterMs,
});

/** What the platform may answer to a DELETE, and what the adapter makes of it. */
export const ANSWERS: readonly AnswerCase[] = [
  {
    name: '202 with an empty object',
    script: reply(202, {}, { 'Request-Id': 'r-1' }),
    answer: { kind: 'accepted', status: 202, requestId: 'r-1' },
  },
  { name: '202 without a body', script: reply(202, ''), answer: { kind: 'accepted', status: 202, requestId: null } },
  {
    name: '202 that invites to read on',
    script: reply(202, {}, { 'Next-Range': 'id ]x..; max=1000' }),
    answer: { kind: 'accepted', status: 202, requestId: null },
  },
  { name: "200 with a proxy's page", script: reply(200, HTML), answer: unknown('the answer is not JSON', 200) },
  {
    name: 'the socket is reset once the request is read',
    script: (socket) => socket.resetAndDestroy(),
    answer: unknown('ECONNRESET: read ECONNRESET', null),
  },
  {
    name: 'the socket is closed once the request is read',
    script: (socket) => socket.end(),
    answer: unknown('ECONNRESET: socket hang up', null),
  },
  {
    name: 'the answer breaks off in its head',
    script: (socket) => socket.end('HTTP/1.1 202 Accepted\r\nContent-Le'),
    answer: unknown('ECONNRESET: socket hang up', null),
  },
  {
    name: 'the answer breaks off in its body',
    script: (socket) => socket.end('HTTP/1.1 202 Accepted\r\nContent-Length: 20\r\n\r\n{"a":'),
    answer: unknown('the answer broke off', 202),
  },
  {
    name: 'a chunked answer breaks off between its chunks',
    script: (socket) => socket.end('HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n'),
    answer: unknown('the answer broke off', 202),
  },
  {
    name: 'a refusal breaks off in its body',
    script: (socket) =>
      socket.end('HTTP/1.1 422 X\r\nContent-Length: 900\r\n\r\n{"id":"invalid_params","message":"x"}'),
    answer: unknown('the answer broke off', 422),
  },
  {
    name: 'the answer is no HTTP',
    script: (socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'),
    answer: unknown('HPE_INVALID_CONSTANT: Parse Error: Expected HTTP/, RTSP/ or ICE/', null),
  },
  { name: '500 with a page', script: reply(500, HTML), answer: unknown('the answer was 500', 500) },
  {
    name: "503 with the platform's error body",
    script: reply(503, { id: 'service_unavailable', message: 'x' }),
    answer: unknown('the answer was 503 service_unavailable', 503),
  },
  {
    name: 'a redirect',
    script: reply(302, '', { Location: 'http://127.0.0.1:1/elsewhere' }),
    answer: unknown('the answer was 302', 302),
  },
  {
    name: '304, which the library would crash on',
    script: reply(304, ''),
    answer: unknown('the answer was 304, though nothing was asked conditionally', 304),
  },
  {
    name: '429 as Heroku says it',
    script: reply(429, rateLimit),
    answer: refused(429, 'rate_limit', rateLimit.message),
  },
  {
    name: '429 that says for how long',
    script: reply(429, rateLimit, { 'Retry-After': '30', 'RateLimit-Remaining': '0' }),
    answer: refused(429, 'rate_limit', rateLimit.message, 30_000),
  },
  {
    name: '429 for longer than calls are counted',
    script: reply(429, rateLimit, { 'Retry-After': '9'.repeat(400) }),
    answer: refused(429, 'rate_limit', rateLimit.message, 3_600_000),
  },
  {
    name: "429 of a proxy, without the platform's body",
    script: reply(429, 'slow down'),
    answer: unknown("the answer was 429 without the platform's error body", 429),
  },
  {
    name: '401',
    script: reply(401, { id: 'unauthorized', message: 'Invalid credentials provided.' }),
    answer: refused(401, 'unauthorized', 'Invalid credentials provided.'),
  },
  {
    name: '401 without a body',
    script: reply(401, ''),
    answer: unknown("the answer was 401 without the platform's error body", 401),
  },
  {
    name: '403',
    script: reply(403, { id: 'forbidden', message: 'You do not have access.' }),
    answer: refused(403, 'forbidden', 'You do not have access.'),
  },
  {
    name: '404 for the dyno',
    script: reply(404, { id: 'not_found', message: "Couldn't find that dyno.", resource: 'dyno' }),
    answer: { kind: 'gone', message: "Couldn't find that dyno." },
  },
  {
    name: '404 that names no resource',
    script: reply(404, { id: 'not_found', message: 'Not found.' }),
    answer: { kind: 'gone', message: 'Not found.' },
  },
  {
    name: '404 for the app',
    script: reply(404, { id: 'not_found', message: "Couldn't find that app.", resource: 'app' }),
    answer: refused(404, 'not_found', "Couldn't find that app."),
  },
  {
    name: '404 with a page',
    script: reply(404, HTML),
    answer: unknown("the answer was 404 without the platform's error body", 404),
  },
  {
    name: '409',
    script: reply(409, { id: 'conflict', message: 'Busy.' }),
    answer: refused(409, 'conflict', 'Busy.'),
  },
  {
    name: '422 that repeats the token',
    script: reply(422, { id: 'invalid_params', message: `Bearer ${TOKEN} may not` }),
    answer: refused(422, 'invalid_params', 'Bearer [redacted] may not'),
  },
  {
    name: '422 with an error body that is none',
    script: reply(422, { error: 'x' }),
    answer: unknown("the answer was 422 without the platform's error body", 422),
  },
];
