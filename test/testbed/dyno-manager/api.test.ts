import { afterEach, describe, expect, test } from 'vitest';
import type { RestartAnswer } from '../../../src/ports.ts';
import type { Fault } from '../../../src/testbed/dyno-manager/api/faults.ts';
import { OBEDIENT, type RunningManager, startManager, TOKEN } from './running-manager.ts';

let running: RunningManager | null = null;
afterEach(async () => {
  await running?.manager.stop();
  running = null;
});

async function start(more: Partial<Parameters<typeof startManager>[0]> = {}): Promise<RunningManager> {
  running = await startManager({
    apps: [
      {
        name: 'shop',
        id: '5a1b6f0e-0000-4000-8000-00000000a001',
        formation: [{ type: 'worker', command: OBEDIENT, quantity: 2 }],
      },
    ],
    ...more,
  });
  return running;
}

interface Asked {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

async function ask(method: string, path: string, headers: Record<string, string> = {}): Promise<Asked> {
  const response = await fetch(`${running?.manager.url}${path}`, {
    method,
    headers: { Accept: 'application/vnd.heroku+json; version=3', Authorization: `Bearer ${TOKEN}`, ...headers },
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

const boots = (dyno: string) =>
  running?.manager.log.filter((entry) => entry.event === 'boot' && entry.dyno === dyno).length ?? 0;

describe('resources', () => {
  test('the dyno, by name and by id, has every field of the schema', async () => {
    const { manager } = await start();
    const [first] = manager.dynos();
    const byName = await ask('GET', '/apps/shop/dynos/worker.1');
    expect(byName.body).toEqual({
      attach_url: null,
      command: expect.stringContaining('node'),
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      id: first?.dynoId,
      name: 'worker.1',
      release: { id: expect.any(String), version: 1 },
      app: { name: 'shop', id: '5a1b6f0e-0000-4000-8000-00000000a001' },
      size: 'Standard-1X',
      state: 'up',
      type: 'worker',
      updated_at: expect.any(String),
    });
    expect((await ask('GET', `/apps/5a1b6f0e-0000-4000-8000-00000000a001/dynos/${first?.dynoId}`)).body).toEqual(
      byName.body,
    );
  });

  test.each([
    ['/apps/shop', { name: 'shop', id: '5a1b6f0e-0000-4000-8000-00000000a001' }],
    ['/account', { email: 'machine@example.com' }],
    [
      '/apps/shop/formation/worker',
      { type: 'worker', quantity: 2, dyno_size: { name: 'Standard-1X' }, size: 'Standard-1X' },
    ],
    ['/account/rate-limits', { remaining: 4500 }],
  ])('%s', async (path, expected) => {
    await start();
    expect(await ask('GET', path)).toMatchObject({ status: 200, body: expected });
  });

  test('the sizes give the quotas that the adapter reads', async () => {
    const { platform } = await start({ dynoSizes: [{ name: 'Demo', memory: 0.25 }] });
    const quotas = await platform.quotas('shop');
    expect(quotas.get('standard-1x')).toEqual({ limitBytes: 2 ** 29, killBytes: 2 ** 30 });
    expect(quotas.get('demo')?.limitBytes).toBe(2 ** 28);
    expect(await ask('GET', '/dyno-sizes')).toMatchObject({ status: 200 });
    expect(await ask('GET', '/apps/shop/formation')).toMatchObject({ body: [{ type: 'worker' }] });
  });

  test('the apps come page by page', async () => {
    const apps = ['shop', 'mail', 'blog'].map((name) => ({ name, formation: [] }));
    await start({ apps });
    const first = await ask('GET', '/apps', { Range: 'id ..; max=2' });
    expect(first.status).toBe(206);
    const rest = await ask('GET', '/apps', { Range: first.headers.get('next-range') ?? '' });
    expect(rest.status).toBe(200);
    const names = [first, rest].flatMap(({ body }) => (body as { name: string }[]).map(({ name }) => name));
    expect(names.sort()).toEqual(['blog', 'mail', 'shop']);
  });

  test('the account is the one that the adapter reads', async () => {
    const { platform } = await start();
    expect((await platform.account()).email).toBe('machine@example.com');
  });
});

describe('errors', () => {
  test.each([
    ['GET', '/apps/other/dynos', {}, 404, { id: 'not_found', resource: 'app', message: "Couldn't find that app." }],
    ['GET', '/apps/shop/dynos/worker.9', {}, 404, { id: 'not_found', resource: 'dyno' }],
    ['GET', '/apps/shop/formation/web', {}, 404, { id: 'not_found', resource: 'formation' }],
    ['GET', '/nowhere', {}, 404, { id: 'not_found' }],
    ['GET', '//', {}, 404, { id: 'not_found' }],
    ['POST', '/apps/shop/dynos', {}, 405, { id: 'method_not_allowed' }],
    ['GET', '/apps/shop/dynos', { Accept: 'application/vnd.heroku+json; version=2' }, 406, { id: 'not_acceptable' }],
    ['DELETE', '/apps/shop/dynos/worker.1', { Authorization: 'Bearer wrong' }, 401, { id: 'unauthorized' }],
    ['GET', '/apps/shop/dynos', { Authorization: '' }, 401, { id: 'unauthorized' }],
  ])('%s %s with %o', async (method, path, headers, status, body) => {
    await start();
    const asked = await ask(method, path, headers);
    expect(asked).toMatchObject({ status, body: { ...body, message: expect.any(String) } });
    expect(asked.headers.get('content-type')).toBe('application/json');
    expect(asked.headers.get('request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('Basic with the token as password is accepted, which is the default of the client library', async () => {
    await start();
    const basic = (password: string) => `Basic ${Buffer.from(`:${password}`).toString('base64')}`;
    expect((await ask('GET', '/account', { Authorization: basic(TOKEN) })).status).toBe(200);
    expect((await ask('GET', '/account', { Authorization: basic('wrong') })).status).toBe(401);
  });

  test('the rate limit counts down and then refuses; reading it costs nothing', async () => {
    const { platform } = await start({ rateLimit: { capacity: 2, refillPerMinute: 0 } });
    await platform.list('shop');
    expect(platform.rateLimitRemaining()).toBe(1);
    expect((await ask('GET', '/account/rate-limits')).body).toEqual({ remaining: 1 });
    await platform.list('shop');
    expect(await platform.restart('shop', 'worker.1', () => true)).toMatchObject({
      kind: 'refused',
      status: 429,
      errorId: 'rate_limit',
    });
    expect(platform.rateLimitRemaining()).toBe(0);
    expect(boots('worker.1')).toBe(1);
  });
});

describe('a restart', () => {
  test('of an unknown name succeeds and does nothing', async () => {
    const { platform, manager } = await start();
    expect(await platform.restart('shop', 'worker.9', () => true)).toMatchObject({ kind: 'accepted' });
    await platform.list('shop');
    expect(manager.log.at(-1)).toMatchObject({ event: 'restart-requested', dyno: 'worker.9', dynoId: null });
    expect(boots('worker.1') + boots('worker.2')).toBe(2);
  });

  test('by id succeeds and does nothing, as on the real platform', async () => {
    const { manager, platform } = await start();
    const id = manager.dynos()[0]?.dynoId;
    expect((await ask('DELETE', `/apps/shop/dynos/${id}`)).status).toBe(202);
    await platform.list('shop');
    expect(boots('worker.1')).toBe(1);
  });

  test('of an unknown name is refused if the option says so', async () => {
    const { platform } = await start({ unknownDyno: 'not-found' });
    expect(await platform.restart('shop', 'worker.9', () => true)).toMatchObject({ kind: 'gone' });
  });

  test.each(['/apps/shop/dynos', '/apps/shop/dynos/'])(
    'of no name, DELETE %s, restarts all, and is counted',
    async (path) => {
      const { manager, event } = await start();
      expect((await ask('DELETE', path)).status).toBe(202);
      for (const name of ['worker.1', 'worker.2'])
        await event((entry) => entry.event === 'sigterm' && entry.dyno === name);
      expect(manager.deletes()).toEqual({ one: 0, all: 1 });
      expect(manager.log.filter((entry) => entry.event === 'restart-all-requested')).toHaveLength(1);
    },
  );
});

const unknown = { kind: 'unknown' } as const;
const refused = (status: number) => ({ kind: 'refused', status }) as const;
const CASES: readonly [Fault, Partial<RestartAnswer>, boolean][] = [
  [{ kind: 'reset-before-read' }, unknown, false],
  [{ kind: 'reset-after-read', restarts: true }, unknown, true],
  [{ kind: 'reset-after-read', restarts: false }, unknown, false],
  [{ kind: 'cut-head', restarts: true }, unknown, true],
  [{ kind: 'cut-head', restarts: false }, unknown, false],
  [{ kind: 'cut-body', restarts: true }, { kind: 'unknown', status: 202 }, true],
  [{ kind: 'cut-body', restarts: false }, { kind: 'unknown', status: 202 }, false],
  [{ kind: 'silence', restarts: true }, unknown, true],
  [{ kind: 'silence', restarts: false }, unknown, false],
  [{ kind: 'accepted-without-effect' }, { kind: 'accepted' }, false],
  [{ kind: 'late-effect', delayMs: 20 }, { kind: 'accepted' }, true],
  [{ kind: 'slow', delayMs: 20, restarts: true }, { kind: 'accepted' }, true],
  [{ kind: 'slow', delayMs: 20, restarts: false }, { kind: 'accepted' }, false],
  [{ kind: 'status', status: 401 }, refused(401), false],
  [{ kind: 'status', status: 403 }, refused(403), false],
  [{ kind: 'status', status: 404 }, { kind: 'gone' }, false],
  [{ kind: 'status', status: 409 }, refused(409), false],
  [{ kind: 'status', status: 422 }, refused(422), false],
  [
    { kind: 'status', status: 429, headers: { 'Retry-After': '5' } },
    { kind: 'refused', status: 429, retryAfterMs: 5000 },
    false,
  ],
  [{ kind: 'status', status: 429, body: 'slow down' }, { kind: 'unknown', status: 429 }, false],
  [{ kind: 'status', status: 500, restarts: true }, { kind: 'unknown', status: 500 }, true],
  [{ kind: 'status', status: 503, body: '<html>' }, { kind: 'unknown', status: 503 }, false],
];

describe('faults: how the adapter reports each, and whether the dyno was restarted', () => {
  test.each(CASES)('%o', async (fault, answer, restarts) => {
    const { manager, platform, event } = await start();
    manager.faults.next('DELETE', '/apps/shop/dynos/worker.1', fault);
    const patience = new AbortController();

    const call = platform.restart('shop', 'worker.1', () => true, patience.signal);
    if (fault.kind === 'silence') {
      await event((entry) => entry.event === 'restart-requested');
      patience.abort();
    }
    expect(await call).toMatchObject(answer);

    expect(manager.requests.filter((request) => request.method === 'DELETE')).toMatchObject([{ fault: fault.kind }]);
    expect(manager.faults.pending).toBe(0);
    // A second restart, without a fault, follows the first one.
    if (restarts) await event((entry) => entry.event === 'sigterm' && entry.dyno === 'worker.1');
    await platform.restart('shop', 'worker.2', () => true);
    await event((entry) => entry.event === 'sigterm' && entry.dyno === 'worker.2');
    expect(boots('worker.1')).toBe(restarts ? 2 : 1);
    const wasRead = manager.log.some((entry) => entry.event === 'restart-requested' && entry.dyno === 'worker.1');
    expect(wasRead).toBe(fault.kind !== 'reset-before-read');
  });

  test('happen as often as planned, in order, and only to the planned requests', async () => {
    const { manager, platform } = await start();
    manager.faults.next('GET', /\/dynos$/, { kind: 'status', status: 503 }, 2);
    manager.faults.next('DELETE', /\/dynos/, { kind: 'status', status: 409 });
    for (let count = 0; count < 2; count += 1)
      await expect(platform.list('shop')).rejects.toMatchObject({ status: 503 });
    expect(await platform.list('shop')).toHaveLength(2);
    expect(manager.faults.pending).toBe(1);
    manager.faults.clear();
    expect(await platform.restart('shop', 'worker.1', () => true)).toMatchObject({ kind: 'accepted' });
  });
});
