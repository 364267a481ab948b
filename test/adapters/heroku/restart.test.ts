import HerokuRequest from 'heroku-client/lib/request.js';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { withAdvice } from '../../../src/adapters/heroku/error-ids.ts';
import { OneShotRequest } from '../../../src/adapters/heroku/one-shot-request.ts';
import { createHerokuPlatform } from '../../../src/adapters/heroku/platform.ts';
import { REQUEST_DEADLINE_MS } from '../../../src/attempt/attempt.ts';
import type { RestartAnswer } from '../../../src/ports.ts';
import { type RawApi, reply, type Script, startRawApi } from './raw-api.ts';

const TOKEN = 'HRKU-8a9b-the-secret';
const rateLimit = { id: 'rate_limit', message: 'Your account reached the API rate limit' };
const HTML = '<html><body><h1>Application error</h1></body></html>';

interface Case {
  readonly name: string;
  readonly script: Script;
  readonly answer: RestartAnswer;
}

const unknown = (why: string, status: number | null): RestartAnswer => ({ kind: 'unknown', why, status });
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

const CASES: readonly Case[] = [
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

let api: RawApi | null = null;

beforeEach(() => {
  // Only the library's and the adapter's own timers: an hour can pass without waiting for it. Sockets stay real.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(async () => {
  vi.useRealTimers();
  await api?.stop();
  api = null;
});

async function start(script: Script, onConnection?: Parameters<typeof startRawApi>[1]): Promise<RawApi> {
  api = await startRawApi(script, onConnection);
  return api;
}

/** Lets an hour pass, then waits until the server has surely seen everything that was sent before. */
async function requestsAfterAnHour(server: RawApi): Promise<number> {
  const before = server.connections();
  await vi.advanceTimersByTimeAsync(3_600_000);
  await probe(server);
  // One connection for each request, and one for the probe.
  expect(server.connections()).toBe(before + 1);
  return server.requests.filter((head) => head.startsWith('DELETE ')).length;
}

async function probe(server: RawApi): Promise<void> {
  const arrived = server.received(server.requests.length + 1);
  const answer = fetch(`${server.url}/probe`).catch(() => null);
  await arrived;
  await server.stop();
  await answer;
}

describe('one DELETE, whatever the answer', () => {
  test.each(CASES)('$name', async ({ script, answer }) => {
    const server = await start(script);
    const platform = createHerokuPlatform({ token: TOKEN, apiUrl: server.url });

    expect(await platform.restart('shop', 'worker.1', () => true)).toEqual(answer);

    expect(await requestsAfterAnHour(server)).toBe(1);
  });

  test('silence ends at the deadline as unknown, and the socket is closed', async () => {
    let closed: Promise<unknown> = Promise.resolve();
    const server = await start((socket) => {
      closed = new Promise((resolve) => socket.once('close', resolve));
    });
    const answer = createHerokuPlatform({ token: TOKEN, apiUrl: server.url }).restart('shop', 'worker.1', () => true);
    await server.received(1);

    await vi.advanceTimersByTimeAsync(REQUEST_DEADLINE_MS);

    expect(await answer).toEqual(unknown('no whole answer within 10000 ms', null));
    await closed;
    expect(await requestsAfterAnHour(server)).toBe(1);
  });

  test('an answer that trickles ends at the deadline as unknown', async () => {
    const server = await start((socket) => socket.write('HTTP/1.1 202 Accepted\r\nContent-Length: 9\r\n\r\n{'));
    const platform = createHerokuPlatform({ token: TOKEN, apiUrl: server.url });
    const answer = platform.restart('shop', 'worker.1', () => true);
    await server.received(1);
    await vi.advanceTimersByTimeAsync(REQUEST_DEADLINE_MS);
    expect(await answer).toMatchObject({ kind: 'unknown', why: 'no whole answer within 10000 ms' });
    expect(await requestsAfterAnHour(server)).toBe(1);
  });

  test('a late 202 is still accepted before the deadline', async () => {
    const server = await start((socket, head) => {
      setTimeout(() => reply(202)(socket, head), REQUEST_DEADLINE_MS - 1);
    });
    const answer = createHerokuPlatform({ token: TOKEN, apiUrl: server.url }).restart('shop', 'worker.1', () => true);
    await server.received(1);
    await vi.advanceTimersByTimeAsync(REQUEST_DEADLINE_MS - 1);
    expect(await answer).toMatchObject({ kind: 'accepted' });
  });

  test('a call that is cancelled after it was written is unknown', async () => {
    const server = await start(() => {});
    const stop = new AbortController();
    const answer = createHerokuPlatform({ token: TOKEN, apiUrl: server.url }).restart(
      'shop',
      'worker.1',
      () => true,
      stop.signal,
    );
    await server.received(1);
    stop.abort();
    expect(await answer).toEqual(unknown('the call was cancelled', null));
  });
});

describe('no DELETE at all', () => {
  test('where it may no longer be sent once the connection stands', async () => {
    const server = await start(reply(202));
    let connectionsWhenAsked = -1;
    const answer = await createHerokuPlatform({ token: TOKEN, apiUrl: server.url }).restart('shop', 'worker.1', () => {
      connectionsWhenAsked = 1;
      return false;
    });
    expect(answer).toEqual({ kind: 'not-sent', why: 'it was too late to send when the connection was ready' });
    expect(connectionsWhenAsked).toBe(1);
    expect(await requestsAfterAnHour(server)).toBe(0);
  });

  test('where the question whether it may be sent fails', async () => {
    const server = await start(reply(202));
    const answer = await createHerokuPlatform({ token: TOKEN, apiUrl: server.url }).restart('shop', 'worker.1', () => {
      throw new Error('no clock');
    });
    expect(answer).toMatchObject({ kind: 'not-sent' });
    expect(await requestsAfterAnHour(server)).toBe(0);
  });

  test('where nobody listens', async () => {
    const server = await start(reply(202));
    await server.stop();
    const asked = vi.fn(() => true);
    const answer = await createHerokuPlatform({ token: TOKEN, apiUrl: server.url }).restart('shop', 'worker.1', asked);
    expect(answer).toMatchObject({ kind: 'not-sent', why: expect.stringContaining('ECONNREFUSED') });
    expect(asked).not.toHaveBeenCalled();
  });

  test('where TLS is never set up: the deadline ends it', async () => {
    let onConnected: () => void = () => {};
    const connected = new Promise<void>((resolve) => {
      onConnected = resolve;
    });
    const server = await start(reply(202), () => onConnected());
    const asked = vi.fn(() => true);
    const platform = createHerokuPlatform({ token: TOKEN, apiUrl: server.url.replace('http:', 'https:') });
    const answer = platform.restart('shop', 'worker.1', asked);
    await connected;
    await vi.advanceTimersByTimeAsync(REQUEST_DEADLINE_MS);
    expect(await answer).toEqual({ kind: 'not-sent', why: 'no whole answer within 10000 ms' });
    expect(asked).not.toHaveBeenCalled();
  });

  test('where it was cancelled before', async () => {
    const server = await start(reply(202));
    const answer = await createHerokuPlatform({ token: TOKEN, apiUrl: server.url }).restart(
      'shop',
      'worker.1',
      () => true,
      AbortSignal.abort(),
    );
    expect(answer).toEqual({ kind: 'not-sent', why: 'the call was cancelled' });
    expect(server.connections()).toBe(0);
  });

  test.each([
    ['shop', ''],
    ['', 'worker.1'],
    ['shop', ' '],
    ['shop', '.'],
    ['shop', '..'],
    ['shop', 'worker'],
    ['shop', 'worker.'],
    ['shop', 'worker.1/'],
    ['shop', 'worker.1/../..'],
    ['shop', 'worker.1?x=1'],
    ['shop', 'worker.1\r\nX: y'],
    ['shop', '%2e'],
    ['../account', 'worker.1'],
    ['shop/dynos?', 'worker.1'],
    ['.', 'worker.1'],
  ])('for app %j and dyno %j, which name no single dyno', async (app, dyno) => {
    const server = await start(reply(202));
    const asked = vi.fn(() => true);
    const platform = createHerokuPlatform({ token: TOKEN, apiUrl: server.url });
    await expect(platform.restart(app, dyno, asked)).rejects.toThrow(/nothing was sent/);
    expect(asked).not.toHaveBeenCalled();
    expect(server.connections()).toBe(0);
  });
});

describe('what is sent', () => {
  test.each(['worker.1', 'image-resize.12', 'worker-23z34x56y-w78k9'])(
    'names the dyno %s and carries the token',
    async (dyno) => {
      const server = await start(reply(202));
      await createHerokuPlatform({ token: TOKEN, apiUrl: server.url }).restart('shop', dyno, () => true);
      const [head = ''] = server.requests;
      expect(head.split('\r\n')[0]).toBe(`DELETE /apps/shop/dynos/${dyno} HTTP/1.1`);
      expect(head).toContain(`Authorization: Bearer ${TOKEN}`);
      expect(head).toContain('Accept: application/vnd.heroku+json; version=3.sdk');
    },
  );
});

test('left alone, heroku-client sends a DELETE five times when its socket dies', async () => {
  const server = await start((socket) => socket.resetAndDestroy());
  const options = {
    host: server.url,
    method: 'DELETE',
    path: '/apps/shop/dynos/worker.1',
    token: TOKEN,
    headers: {},
  } as const;
  const answer = new HerokuRequest(options).request().catch((error: unknown) => error);
  for (let count = 1; count < 5; count += 1) {
    await server.received(count);
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1));
    await vi.advanceTimersByTimeAsync(20_000);
  }
  expect(await answer).toMatchObject({ code: 'ECONNRESET' });
  expect(server.requests).toHaveLength(5);
});

test('a DELETE that the library would send again in some other way is refused', async () => {
  const server = await start(() => {});
  const options = {
    host: server.url,
    method: 'DELETE',
    path: '/apps/shop/dynos/worker.1',
    token: TOKEN,
    headers: {},
  } as const;
  const request = new OneShotRequest(options, () => true);
  const first = request.request();
  await server.received(1);
  const again = request.request();
  await expect(first).rejects.toThrow('twice');
  await expect(again).rejects.toThrow('twice');
  request.destroy();
  expect(await requestsAfterAnHour(server)).toBe(1);
});
