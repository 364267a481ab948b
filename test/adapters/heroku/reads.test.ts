import { afterEach, describe, expect, test } from 'vitest';
import { ERROR_IDS } from '../../../src/adapters/heroku/error-ids.ts';
import { createHerokuPlatform, type HerokuCallEntry } from '../../../src/adapters/heroku/platform.ts';
import { ConfigError, PlatformError } from '../../../src/model/errors.ts';
import { type RawApi, reply, type Script, startRawApi } from './raw-api.ts';

const TOKEN = 'HRKU-8a9b-the-secret';
const GIB = 2 ** 30;

const DYNO = {
  attach_url: null,
  command: 'node worker.js',
  created_at: '2026-11-23T10:00:00Z',
  id: '0f6b6d3c-6a3f-4b6a-9c53-0d2f4a6f1a11',
  name: 'worker.1',
  release: { id: '9c8a2f1e-0000-4000-8000-000000000001', version: 42 },
  app: { name: 'shop', id: '9c8a2f1e-0000-4000-8000-000000000002' },
  size: 'Standard-1X',
  state: 'up',
  type: 'worker',
  updated_at: '2026-11-23T10:00:05Z',
};

let api: RawApi | null = null;
afterEach(async () => {
  await api?.stop();
  api = null;
});

async function start(script: Script): Promise<RawApi> {
  api = await startRawApi(script);
  return api;
}

async function platformOn(script: Script, more: Partial<Parameters<typeof createHerokuPlatform>[0]> = {}) {
  const server = await start(script);
  return createHerokuPlatform({ token: TOKEN, apiUrl: server.url, ...more });
}

async function faultOf(call: Promise<unknown>): Promise<PlatformError> {
  const fault = await call.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(fault instanceof PlatformError)) throw new Error(`expected a PlatformError, got ${String(fault)}`);
  return fault;
}

describe('list', () => {
  test('gives every dyno, unknown states and missing fields included', async () => {
    const odd = { ...DYNO, name: 'run.7', type: 'run', state: 'hibernating', size: null, release: null };
    const platform = await platformOn(reply(200, [DYNO, odd]));
    expect(await platform.list('shop')).toEqual([
      {
        id: DYNO.id,
        name: 'worker.1',
        processType: 'worker',
        state: 'up',
        size: 'Standard-1X',
        createdAtMs: Date.parse(DYNO.created_at),
        releaseVersion: 42,
      },
      {
        id: DYNO.id,
        name: 'run.7',
        processType: 'run',
        state: 'hibernating',
        size: null,
        createdAtMs: Date.parse(DYNO.created_at),
        releaseVersion: null,
      },
    ]);
  });

  test('reads all pages', async () => {
    const platform = await platformOn((socket, head) => {
      const next = head.includes('Range: id ]a..; max=1000');
      if (next) reply(200, [{ ...DYNO, name: 'worker.2' }])(socket, head);
      else reply(206, [DYNO], { 'Next-Range': 'id ]a..; max=1000' })(socket, head);
    });
    expect((await platform.list('shop')).map((dyno) => dyno.name)).toEqual(['worker.1', 'worker.2']);
  });

  test('ends a list whose pages together are too long', async () => {
    let pages = 0;
    const platform = await platformOn((socket, head) => {
      pages++;
      const page = Array.from({ length: 1000 }, () => ({ ...DYNO, command: 'x'.repeat(1000) }));
      reply(206, page, { 'Next-Range': `id ]${pages}..; max=1000` })(socket, head);
    });
    expect(await faultOf(platform.list('shop'))).toMatchObject({ code: 'platform-unavailable' });
    expect(pages).toBeLessThan(6);
  });

  test.each([
    ['names', [{ ...DYNO, state: 'u'.repeat(1_000_000) }]],
    ['entries', Array.from({ length: 10_001 }, () => DYNO)],
  ])('takes no list with %s beyond all measure', async (_, dynos) => {
    const platform = await platformOn(reply(200, dynos));
    expect((await faultOf(platform.list('shop'))).message).toMatch(/^.{1,300}$/);
  });

  test('reads again each time, and keeps characters on the border of two packets whole', async () => {
    let state = 'up';
    const platform = await platformOn((socket) => {
      const body = Buffer.from(JSON.stringify([{ ...DYNO, command: 'node größe.js', state }]));
      const cut = body.indexOf(0xc3) + 1;
      socket.setNoDelay(true);
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`);
      socket.write(body.subarray(0, cut));
      setImmediate(() => socket.end(body.subarray(cut)));
      state = 'down';
    });
    expect((await platform.list('shop'))[0]?.state).toBe('up');
    expect((await platform.list('shop'))[0]?.state).toBe('down');
  });

  test.each([
    ['an id', { ...DYNO, id: undefined }],
    ['a name', { ...DYNO, name: '' }],
    ['a time of creation', { ...DYNO, created_at: 'soon' }],
  ])('takes no list in which a dyno lacks %s', async (_, dyno) => {
    const platform = await platformOn(reply(200, [dyno]));
    expect((await faultOf(platform.list('shop'))).message).toContain('does not have the documented form');
  });

  test.each(['', '../account', 'shop/..'])('sends nothing for the app name %j', async (app) => {
    const server = await start(reply(200, []));
    await expect(createHerokuPlatform({ token: TOKEN, apiUrl: server.url }).list(app)).rejects.toThrow(
      /nothing was sent/,
    );
    expect(server.connections()).toBe(0);
  });
});

test('keeps little of a refusal of 3 MB', async () => {
  const refusal = { id: 'x'.repeat(1_000_000), message: 'y'.repeat(2_000_000) };
  const platform = await platformOn(reply(422, refusal, { 'Request-Id': 'z'.repeat(10_000) }));
  const fault = await faultOf(platform.list('shop'));
  expect(fault.message.length).toBeLessThan(1_000);
  expect(fault.errorId?.length).toBeLessThan(200);
  const answer = await platform.restart('shop', 'worker.1', () => true);
  expect(answer).toMatchObject({ kind: 'refused', status: 422 });
  expect(JSON.stringify(answer).length).toBeLessThan(1_000);
});

describe('a read that fails', () => {
  const error = (id: string, message = 'm') => ({ id, message });
  test.each<[string, Script, Partial<PlatformError>]>([
    ['401', reply(401, error('unauthorized')), { code: 'platform-unauthorized', status: 401, errorId: 'unauthorized' }],
    ['401 without a body', reply(401, ''), { code: 'platform-unauthorized', status: 401, errorId: null }],
    ['429', reply(429, error('rate_limit')), { code: 'platform-rate-limited', status: 429, retryAfterMs: null }],
    [
      '429 with Retry-After',
      reply(429, error('rate_limit'), { 'Retry-After': '7' }),
      { code: 'platform-rate-limited', status: 429, retryAfterMs: 7000 },
    ],
    ['404', reply(404, error('not_found')), { code: 'platform-refused', status: 404, errorId: 'not_found' }],
    ['403', reply(403, error('forbidden')), { code: 'platform-refused', status: 403, errorId: 'forbidden' }],
    ["403 of somebody else's making", reply(403, '<html>'), { code: 'platform-unavailable', status: 403 }],
    ['500', reply(500, '<html>'), { code: 'platform-unavailable', status: 500 }],
    ['503', reply(503, error('service_unavailable')), { code: 'platform-unavailable', status: 503 }],
    ['a page instead of JSON', reply(200, '<html>'), { code: 'platform-unavailable' }],
    [
      'a cut answer',
      (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n['),
      { code: 'platform-unavailable' },
    ],
    ['a reset', (socket) => socket.resetAndDestroy(), { code: 'platform-unavailable', status: null }],
  ])('says so: %s', async (_, script, expected) => {
    const platform = await platformOn(script);
    expect(await faultOf(platform.list('shop'))).toMatchObject(expected);
    expect(api?.requests).toHaveLength(1);
  });

  test.each(Object.entries(ERROR_IDS))('says what to do about %s', async (errorId, { status, advice }) => {
    const platform = await platformOn(reply(status, error(errorId, 'As the platform says.')));
    const { message } = await faultOf(platform.list('shop'));
    expect(message).toContain(`${errorId}: As the platform says`);
    expect(message).toContain(advice);
  });

  test('passes an unknown id through unchanged', async () => {
    const platform = await platformOn(reply(418, error('teapot', 'Short and stout.')));
    expect((await faultOf(platform.list('shop'))).message).toMatch(/teapot: Short and stout\.$/);
  });

  test('ends silence at its deadline', async () => {
    const platform = await platformOn(() => {}, { deadlineMs: 50 });
    expect((await faultOf(platform.list('shop'))).message).toBe(
      'listing the dynos of shop: no whole answer within 50 ms',
    );
  });

  test('ends when it is cancelled', async () => {
    const platform = await platformOn(() => {});
    const stop = new AbortController();
    const call = faultOf(platform.list('shop', stop.signal));
    await api?.received(1);
    stop.abort();
    expect((await call).code).toBe('platform-unavailable');
  });

  test('never shows the token, not even when the platform repeats it', async () => {
    const entries: HerokuCallEntry[] = [];
    const echo = `${TOKEN} ${Buffer.from(`:${TOKEN}`).toString('base64')} HRKU-another`;
    const platform = await platformOn(reply(403, { id: 'forbidden', message: echo }), {
      log: (entry) => entries.push(entry),
    });
    const fault = await faultOf(platform.list('shop'));
    const shown = [
      fault.message,
      fault.stack,
      String(fault.cause),
      JSON.stringify(fault),
      JSON.stringify(entries),
    ].join();
    expect(shown).not.toMatch(/HRKU|the-secret/);
    expect(shown).not.toContain(Buffer.from(`:${TOKEN}`).toString('base64'));
    expect(fault.message).toContain('[redacted] [redacted] [redacted]');
  });
});

describe('quotas', () => {
  const sizes = (...entries: object[]): Script => reply(200, entries);

  test('give limit and kill point by lower-case size', async () => {
    const platform = await platformOn(
      sizes(
        { name: 'Eco', memory: 0.5 },
        { name: 'standard-1X', memory: 0.5 },
        { name: 'Performance-L', memory: 14 },
        { name: 'Performance-XL', memory: 62 },
        { name: 'Private-M', memory: 2.5, private_space_only: true },
        { name: 'dyno-2c-4gb', memory: 4, generation: { name: 'fir' } },
        { name: 'dyno-1c-0.5gb', memory: null },
        { name: 'mystery', memory: 3 },
        { name: 'nothing-known' },
      ),
    );
    const quotas = await platform.quotas('shop');
    expect(Object.fromEntries(quotas)).toEqual({
      eco: { limitBytes: GIB / 2, killBytes: GIB },
      'standard-1x': { limitBytes: GIB / 2, killBytes: GIB },
      'performance-l': { limitBytes: 14 * GIB, killBytes: 28 * GIB },
      'performance-xl': { limitBytes: 62 * GIB, killBytes: Math.round(62 * GIB * 1.2) },
      'private-m': { limitBytes: 2.5 * GIB, killBytes: 2.5 * GIB },
      'dyno-2c-4gb': { limitBytes: 4 * GIB, killBytes: 4 * GIB },
      'dyno-1c-0.5gb': { limitBytes: GIB / 2, killBytes: GIB / 2 },
      mystery: { limitBytes: 3 * GIB, killBytes: 3 * GIB },
    });
  });

  test('come from the list of all sizes when the app has none of its own; a fault is not kept', async () => {
    let down = true;
    const platform = await platformOn((socket, head) => {
      if (down) reply(500)(socket, head);
      else if (head.startsWith('GET /dyno-sizes ')) reply(200, [{ name: 'eco', memory: 0.5 }])(socket, head);
      else reply(404, { id: 'not_found', message: 'm' })(socket, head);
    });
    await faultOf(platform.quotas('shop'));
    down = false;
    expect([...(await platform.quotas('shop')).keys()]).toEqual(['eco']);
  });
});

test('the rate limit is known from the last answer that named it, also a refusal', async () => {
  let remaining = '4499';
  const platform = await platformOn((socket, head) => {
    reply(
      remaining === '0' ? 429 : 200,
      [],
      remaining === '' ? {} : { 'RateLimit-Remaining': remaining },
    )(socket, head);
  });
  expect(platform.rateLimitRemaining()).toBeNull();
  await platform.list('shop');
  expect(platform.rateLimitRemaining()).toBe(4499);
  remaining = '';
  await platform.list('shop');
  expect(platform.rateLimitRemaining()).toBe(4499);
  remaining = '0';
  await faultOf(platform.list('shop'));
  expect(platform.rateLimitRemaining()).toBe(0);
});

test('each call is one entry of the log, with what support asks for', async () => {
  const entries: HerokuCallEntry[] = [];
  const platform = await platformOn(reply(200, [], { 'Request-Id': 'r-9', 'RateLimit-Remaining': '12' }), {
    log: (entry) => entries.push(entry),
  });
  await platform.list('shop');
  expect(entries).toEqual([
    {
      method: 'GET',
      path: '/apps/shop/dynos',
      status: 200,
      requestId: 'r-9',
      durationMs: expect.any(Number),
      rateLimitRemaining: 12,
      fault: null,
    },
  ]);
});

describe('what the token may do', () => {
  const authorizations = [
    { scope: ['global'], access_token: { token: 'another' } },
    { scope: ['read', 'write'], access_token: { token: TOKEN } },
    { scope: ['identity'], access_token: null },
  ];
  test.each<[string, Script, readonly string[] | null]>([
    ['is read where it is listed', reply(200, authorizations), ['read', 'write']],
    ['is unknown where it is not', reply(200, authorizations.slice(0, 1)), null],
    ['is unknown where the token may not ask', reply(403, { id: 'forbidden', message: 'm' }), null],
  ])('%s', async (_what, script, scopes) => {
    expect(await (await platformOn(script)).grant()).toEqual(scopes === null ? null : { scopes, expiresInMs: null });
  });

  test('is a fault when the platform does not answer', async () => {
    const platform = await platformOn(reply(500));
    expect(await faultOf(platform.grant())).toMatchObject({ status: 500 });
  });
});

test("gives each process type's dyno size, where the formation says it", async () => {
  const formation = [
    { type: 'worker', quantity: 2, size: null, dyno_size: { name: 'standard-2X' } },
    { type: 'web', quantity: 0, size: 'Basic' },
    { type: 'clock', quantity: 0 },
  ];
  const platform = await platformOn(reply(200, formation));
  expect([...(await platform.sizesByType('shop'))]).toEqual([
    ['worker', 'standard-2X'],
    ['web', 'Basic'],
  ]);
});

/** An account with endlessly many apps, two a page. */
const endlessApps: Script = (socket, head) => {
  const page = Number(/Range: name (\d+)/.exec(head)?.[1] ?? 0);
  const apps = [{ name: `shop-${page}` }, { name: `mail-${page}` }];
  reply(206, apps, { 'Next-Range': `name ${page + 1}` })(socket, head);
};

test('reads the apps page by page, each for one call', async () => {
  const platform = await platformOn(endlessApps);
  const first = await platform.appsPage(null);
  expect(first).toEqual({ names: ['shop-0', 'mail-0'], nextRange: 'name 1' });
  expect(platform.callsMade()).toBe(1);
  expect(await platform.appsPage(first.nextRange)).toEqual({ names: ['shop-1', 'mail-1'], nextRange: 'name 2' });
  expect(platform.callsMade()).toBe(2);
});

test('ends the list of all apps after ten pages', async () => {
  const platform = await platformOn(endlessApps);
  expect(await platform.apps()).toHaveLength(20);
  expect(api?.requests).toHaveLength(10);
});

test('counts each page of a list as a call, and a call without an answer', async () => {
  let left = 3;
  const platform = await platformOn((socket, head) => {
    left -= 1;
    if (left < 0) socket.destroy();
    else reply(left > 0 ? 206 : 200, [], left > 0 ? { 'Next-Range': `id ${left}` } : {})(socket, head);
  });
  await platform.list('shop');
  expect(platform.callsMade()).toBe(3);
  await faultOf(platform.list('shop'));
  expect(platform.callsMade()).toBe(4);
});

test('lists the apps by name', async () => {
  const platform = await platformOn(reply(200, [{ name: 'shop', id: 'a' }, { name: 'shop-pr-7' }]));
  expect(await platform.apps()).toEqual(['shop', 'shop-pr-7']);
});

test('says whose token it is', async () => {
  const platform = await platformOn(reply(200, { id: 'u-1', email: 'machine@example.com', name: null }));
  expect(await platform.account()).toEqual({ id: 'u-1', email: 'machine@example.com' });
});

test.each([
  ['', 'https://api.heroku.com', 'HEROKU_API_TOKEN'],
  ['a\nb', 'https://api.heroku.com', 'HEROKU_API_TOKEN'],
  ['t', 'api.heroku.com', 'HEROKU_API_URL'],
  ['t', 'ftp://api.heroku.com', 'HEROKU_API_URL'],
  ['t', 'https://u:p@api.heroku.com', 'HEROKU_API_URL'],
  ['t', 'https://api.heroku.com/v3', 'HEROKU_API_URL'],
])('token %j with URL %j is refused by the name of the setting', (token, apiUrl, setting) => {
  expect(() => createHerokuPlatform({ token, apiUrl })).toThrow(ConfigError);
  expect(() => createHerokuPlatform({ token, apiUrl })).toThrow(setting);
});
