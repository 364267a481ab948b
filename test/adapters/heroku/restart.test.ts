import HerokuRequest from 'heroku-client/lib/request.js';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { OneShotRequest } from '../../../src/adapters/heroku/one-shot-request.ts';
import { createHerokuPlatform } from '../../../src/adapters/heroku/platform.ts';
import { REQUEST_DEADLINE_MS } from '../../../src/attempt/attempt.ts';
import { ANSWERS, TOKEN, unknown } from './delete-answers.ts';
import { type RawApi, reply, type Script, startRawApi } from './raw-api.ts';

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
  test.each(ANSWERS)('$name', async ({ script, answer }) => {
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
  test('when it may no longer be sent once the connection is open', async () => {
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

  test('when the check whether it may be sent fails', async () => {
    const server = await start(reply(202));
    const answer = await createHerokuPlatform({ token: TOKEN, apiUrl: server.url }).restart('shop', 'worker.1', () => {
      throw new Error('no clock');
    });
    expect(answer).toMatchObject({ kind: 'not-sent' });
    expect(await requestsAfterAnHour(server)).toBe(0);
  });

  test('when no one listens', async () => {
    const server = await start(reply(202));
    await server.stop();
    const asked = vi.fn(() => true);
    const answer = await createHerokuPlatform({ token: TOKEN, apiUrl: server.url }).restart('shop', 'worker.1', asked);
    expect(answer).toMatchObject({ kind: 'not-sent', why: expect.stringContaining('ECONNREFUSED') });
    expect(asked).not.toHaveBeenCalled();
  });

  test('when TLS is never set up: the deadline ends it', async () => {
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

  test('when it was cancelled before', async () => {
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
