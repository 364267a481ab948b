import { describe, expect, it } from 'vitest';
import { LedgerUnavailable } from '../../src/model/errors.ts';
import { createApi } from '../../src/web/api.ts';
import type { RestartRequestAnswer } from '../../src/web/control.ts';
import { readPageFiles } from '../../src/web/page-files.ts';
import type { DynoPlace } from '../../src/web/show/dyno-order.ts';
import type { DynoView } from '../../src/web/views.ts';
import { actuator, view } from './actuator.ts';
import { expectDocumented } from './document.ts';
import { pageOf } from './page-of.ts';

const HOST = 'http://127.0.0.1:4318';

const NO_PAGE = readPageFiles(null);

interface Page {
  readonly dynos: readonly { readonly dyno: string; readonly curve: unknown }[];
  readonly total: number;
  readonly next_cursor: string | null;
}

const START_TOKEN = 'start-t0ken';

function api(
  options: {
    dynos?: readonly DynoView[];
    token?: string;
    readToken?: string;
    publicUrl?: string;
    address?: string;
    restart?: RestartRequestAnswer;
  } = {},
) {
  const { control: whole, calls } = actuator(options.restart);
  const dynos = options.dynos ?? [view];
  const dynosAfter = (place: DynoPlace | null, count: number) => pageOf(dynos, place, count);
  const control = { ...whole, dynosInParts: () => [dynos], dynosAfter };
  const admission = {
    adminToken: options.token ?? null,
    readToken: options.readToken ?? null,
    startToken: START_TOKEN,
    publicUrl: options.publicUrl ?? null,
    remoteAddress: () => options.address ?? '127.0.0.1',
  };
  const app = createApi({ control, admission, page: NO_PAGE, events: null });
  const bearer: Record<string, string> = options.token === undefined ? { authorization: `Bearer ${START_TOKEN}` } : {};
  /** Every answer must be as the document says. */
  const request = async (path: string, init?: RequestInit) => {
    const response = await app.request(`${HOST}${path}`, { ...init, headers: { ...bearer, ...init?.headers } });
    await expectDocumented(init?.method ?? 'GET', new URL(path, HOST).pathname, response);
    return response;
  };
  return { request, calls, control, admission };
}

const basic = (password: string) => `Basic ${Buffer.from(`anyone:${password}`).toString('base64')}`;

describe('admission', () => {
  it.each([
    ['from this machine, no token configured', {}, {}, 200],
    ['from elsewhere, no token configured', { address: '10.0.0.9' }, {}, 403],
    ['forwarded to this machine, no token configured', {}, { 'x-forwarded-for': '127.0.0.1' }, 403],
    ['forwarded by the standard header, no token configured', {}, { forwarded: 'for=127.0.0.1' }, 403],
    ['from a page with a name that resolves here', {}, { host: 'evil.example' }, 403],
    ['with IPv4 inside IPv6', { address: '::ffff:127.0.0.1' }, {}, 200],
    ['without the token that is configured', { token: 's3cret' }, {}, 401],
    ['with a wrong token', { token: 's3cret' }, { authorization: 'Bearer s3cre' }, 401],
    ['with the token as Bearer', { token: 's3cret', address: '10.0.0.9' }, { authorization: 'Bearer s3cret' }, 200],
    ['with the token as the password of Basic', { token: 's3cret' }, { authorization: basic('s3cret') }, 200],
    ['with a wrong password', { token: 's3cret' }, { authorization: basic('x') }, 401],
    ['with the token under another scheme', { token: 's3cret' }, { authorization: 'Token s3cret' }, 401],
  ])('%s', async (_, options, headers, status) => {
    const response = await api(options).request('/api/dynos', { headers: headers as Record<string, string> });
    expect(response.status).toBe(status);
    if (status === 401) expect(response.headers.get('www-authenticate')).toContain('Basic');
  });

  it.each([
    ['tidemark.example', 200],
    ['TIDEMARK.example:443', 200],
    ['localhost:4318', 200],
    ['127.0.0.1', 200],
    ['evil.example', 403],
    ['tidemark.example.evil.example', 403],
    ['tidemark.example:8443', 403],
    ['', 403],
  ])('with a token and a public URL, Host %j is answered with %i', async (host, status) => {
    const { request } = api({ token: 's3cret', publicUrl: 'https://tidemark.example', address: '10.0.0.9' });
    const headers = { authorization: 'Bearer s3cret', host };
    for (const path of ['/api/dynos', '/api/status']) expect((await request(path, { headers })).status).toBe(status);
    expect((await request('/healthz', { headers })).status).toBe(200);
  });

  it.each([
    ['no token', '', 401],
    ['a wrong one', 'Bearer start-t0ke', 401],
    ['the start token as Bearer', `Bearer ${START_TOKEN}`, 200],
    ['the start token as the password of Basic', basic(START_TOKEN), 200],
  ])('needs the start token for a command where no admin token is set: %s', async (_, authorization, status) => {
    const { request, calls } = api();
    for (const path of ['/api/pause', '/api/resume'])
      expect((await request(path, { method: 'POST', headers: { authorization } })).status).toBe(status);
    expect(calls.paused).toHaveLength(status === 200 ? 1 : 0);
    expect((await request('/api/dynos', { headers: { authorization } })).status).toBe(200);
  });

  it('takes the start token from this machine alone, and only where no admin token is set', async () => {
    const headers = { authorization: `Bearer ${START_TOKEN}` };
    expect((await api({ address: '10.0.0.9' }).request('/api/pause', { method: 'POST', headers })).status).toBe(403);
    expect((await api({ token: 's3cret' }).request('/api/pause', { method: 'POST', headers })).status).toBe(401);
  });

  it('lets the read token read, as Bearer or password, and steer nothing', async () => {
    const { request, calls } = api({ token: 's3cret', readToken: 'l00k', address: '10.0.0.9' });
    const reading = { authorization: 'Bearer l00k' };
    for (const authorization of [reading.authorization, basic('l00k')]) {
      const answer = await (await request('/api/status', { headers: { authorization } })).json();
      expect(answer).toMatchObject({ read_only: true });
    }
    const admin = await request('/api/status', { headers: { authorization: 'Bearer s3cret' } });
    expect(await admin.json()).toMatchObject({ read_only: false });
    for (const path of ['/api/pause', '/api/resume', '/api/dynos/shop/worker.1/restart']) {
      const response = await request(path, { method: 'POST', headers: reading });
      expect([response.status, await response.json()]).toMatchObject([403, { error: { code: 'read-only' } }]);
    }
    expect(calls).toEqual({ paused: [], by: [], resumed: [], restarted: [] });
    expect((await request('/api/status', { headers: { authorization: 'Bearer l00' } })).status).toBe(401);
  });

  it('leaves health open to everyone', async () => {
    const { request } = api({ token: 's3cret', address: '10.0.0.9' });
    expect((await request('/healthz')).status).toBe(200);
    expect((await request('/readyz')).status).toBe(200);
  });

  it.each([
    ['a page of another origin', { origin: 'https://evil.example' }, 403],
    ['a page with a name that resolves to this machine', { host: 'evil.example' }, 403],
    ['its own page', { origin: HOST, host: '127.0.0.1:4318' }, 200],
    ['a program', {}, 200],
  ])('takes or refuses a POST of %s', async (_, headers, status) => {
    const { request, calls } = api();
    const response = await request('/api/pause', { method: 'POST', headers: headers as Record<string, string> });
    expect(response.status).toBe(status);
    expect(calls.paused).toHaveLength(status === 200 ? 1 : 0);
  });
});

describe('what the API shows', () => {
  it('serves its own document to admitted callers', async () => {
    const response = await api().request('/api/openapi.json');
    expect(await response.json()).toMatchObject({ openapi: '3.1.1', info: { version: expect.any(String) } });
    expect((await api({ token: 's3cret' }).request('/api/openapi.json')).status).toBe(401);
    expect((await api({ address: '10.0.0.9' }).request('/api/openapi.json')).status).toBe(403);
  });

  it('shows dynos and decisions with their numbers', async () => {
    const { request } = api();
    expect(await (await request('/api/dynos')).json()).toMatchObject({
      dynos: [
        { app: 'shop', dyno: 'worker.1', boot_id: 'boot-1', class: 'bloat', usage_bytes: 450, completed_jobs: 7 },
      ],
    });
    expect(await (await request('/api/decisions')).json()).toMatchObject({
      decisions: [
        {
          time: '2023-11-14T22:13:20.000Z',
          reason: 'sustained-over-soft-limit',
          outcome: 'restarted',
          floor_bytes: 440,
        },
      ],
    });
  });

  it('shows the series of one dyno, and 404 for one that was never seen', async () => {
    const { request } = api();
    expect(await (await request('/api/dynos/shop/worker.1')).json()).toMatchObject({
      curve: { times_ms: [1, 2], usage_bytes: [100, null], floor_bytes: [90, 91], active_jobs: [0, null] },
      checks: [{ code: 'cooldown', ok: false, until_ms: 5 }],
      suspects: [{ name: 'import', net_bytes: 300 }],
      past_boots: [{ boot_id: 'boot-0', ended: 'restart' }],
    });
    expect((await request('/api/dynos/shop/worker.2')).status).toBe(404);
  });

  it('shows the dynos page by page, each once, with a curve where one is asked for', async () => {
    const names = ['worker.1', 'worker.2', 'worker.10', 'worker.11', 'worker.12'];
    const dynos = names.map((dyno) => ({ ...view, decision: { ...view.decision, dyno } }));
    const { request } = api({ dynos });
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const path: string = `/api/dynos?limit=2&curve=60${cursor === '' ? '' : `&cursor=${cursor}`}`;
      const page = (await (await request(path)).json()) as Page;
      expect(page.total).toBe(5);
      expect(page.dynos.every(({ curve }) => curve !== null)).toBe(true);
      seen.push(...page.dynos.map(({ dyno }) => dyno));
      cursor = page.next_cursor;
    }
    expect(seen).toEqual(names);
    expect(await (await request('/api/dynos')).json()).toMatchObject({
      dynos: [{ curve: null, marks: [] }, {}, {}, {}, {}],
    });
  });

  it.each(['limit=0', 'curve=121', 'curve=x', 'cursor=x', 'cursor=e30'])('refuses %s', async (query) => {
    expect((await api().request(`/api/dynos?${query}`)).status).toBe(400);
  });

  it('shows jobs, and one attempt with the curves around it', async () => {
    const { request } = api();
    expect(await (await request('/api/jobs')).json()).toMatchObject({
      targets: [{ app: 'shop', jobs: [{ name: 'import', net_bytes: 300, known: 'exclusive' }] }],
    });
    expect(await (await request('/api/attempts/a1')).json()).toMatchObject({
      says: 'restarted in 3 s; 0 MB before, 0 MB after',
      before: { times_ms: [1, 2] },
      after: null,
      is_useless: false,
    });
    expect((await request('/api/attempts/a2')).status).toBe(404);
  });

  it('shows attempts with how they ended, on what evidence, and when', async () => {
    expect(await (await api().request('/api/attempts')).json()).toMatchObject({
      attempts: [
        {
          id: 'a1',
          dyno: 'worker.1',
          by: 'person',
          phase: 'closed',
          outcome: 'restarted',
          evidence: 'worker.1 has a new boot (boot-2)',
          claimed_at_ms: 1000,
          sending_at_ms: 2000,
          closed_at_ms: 5000,
          reclaimed_bytes: 300,
        },
      ],
    });
  });

  it('shows admitted callers how each target stands and what was refused of each app', async () => {
    expect(await (await api().request('/api/status')).json()).toMatchObject({
      restarts: 'on',
      totals: { restarts_24h: 2, given_back_24h_bytes: 600 },
      groups: [{ process_type: 'worker', allocator: 'glibc' }],
      targets: [
        {
          target: 'shop:worker',
          scoreboard: { would_have_restarted: 6, over_limit_ms: 720_000 },
          restarts: 'off',
          dry_run: true,
          obstacles: [{ code: 'ledger-unavailable' }, { code: 'dry-run', advice: expect.any(String) }],
        },
      ],
      refused: [{ app: 'shop', kind: 'too-old', count: 12, says: 'they are old', advice: 'set the clock' }],
    });
    expect((await api({ token: 's3cret' }).request('/api/status')).status).toBe(401);
  });

  it.each(['0', 'x', '1.5', '5000'])('refuses the limit %j', async (limit) => {
    expect((await api().request(`/api/decisions?limit=${limit}`)).status).toBe(400);
    expect((await api().request(`/api/attempts?limit=${limit}`)).status).toBe(400);
  });
});

describe('commands', () => {
  it('takes a restart, and names the attempt', async () => {
    const { request, calls } = api();
    const response = await request('/api/dynos/shop/worker.1/restart', { method: 'POST' });
    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({ attempt_id: 'a1', dry_run: false, held_by: null });
    expect(calls.restarted).toEqual(['shop/worker.1']);
  });

  it.each([
    ['unknown-dyno', 404],
    ['not-allowed', 403],
    ['paused', 409],
    ['attempt-open', 409],
    ['ledger-unavailable', 503],
  ] as const)('says why it refuses: %s', async (why, status) => {
    const response = await api({ restart: { ok: false, why } }).request('/api/dynos/shop/worker.1/restart', {
      method: 'POST',
    });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { code: why } });
  });

  it.each([
    ['', null],
    ['{}', null],
    ['{"target":"shop:worker"}', { app: 'shop', processType: 'worker' }],
  ])('pauses and resumes by the body %j', async (body, target) => {
    const { request, calls } = api();
    expect((await request('/api/pause', { method: 'POST', body })).status).toBe(200);
    expect((await request('/api/resume', { method: 'POST', body })).status).toBe(200);
    expect(calls).toMatchObject({ paused: [target], resumed: [target] });
  });

  it.each([
    ['{"by":"ana@laptop"}', {}, 'ana@laptop'],
    ['', { authorization: `Basic ${btoa('ana:s3cret')}` }, 'ana'],
    ['{"by":"ben"}', { authorization: `Basic ${btoa('ana:s3cret')}` }, 'ben'],
    ['{"by":"  "}', {}, null],
    ['', {}, null],
  ])('notes who asks: the body %j and the headers %j are by %j', async (body, headers, by) => {
    const { request, calls } = api({ token: 's3cret' });
    const all = { authorization: 'Bearer s3cret', ...headers } as Record<string, string>;
    expect((await request('/api/pause', { method: 'POST', body, headers: all })).status).toBe(200);
    expect(calls.by).toEqual([by]);
  });

  it.each([
    'nonsense',
    `{"by":"${'x'.repeat(65)}"}`,
    '[]',
    '"shop:worker"',
    '{"target":"shop"}',
    '{"target":7}',
    '{"targets":"shop:worker"}',
  ])('refuses the body %j, and pauses nothing by mistake', async (body) => {
    const { request, calls } = api();
    expect((await request('/api/pause', { method: 'POST', body })).status).toBe(400);
    expect(calls.paused).toEqual([]);
  });

  it.each([
    ['shop:worker', true],
    ['shop:wroker', false],
    [null, true],
  ])('says whether anything named %j is known, and pauses it all the same: %s', async (target, known) => {
    const { request, calls } = api();
    const body = JSON.stringify({ target });
    expect(await (await request('/api/pause', { method: 'POST', body })).json()).toMatchObject({ known });
    expect(await (await request('/api/resume', { method: 'POST', body })).json()).toMatchObject({ known });
    expect(calls.paused).toHaveLength(1);
  });

  it('refuses names that no target has, and bodies that no command needs', async () => {
    const { request, calls } = api();
    const pause = (body: string) => request('/api/pause', { method: 'POST', body });
    expect((await pause(JSON.stringify({ target: `a${'b'.repeat(100)}:worker` }))).status).toBe(400);
    expect((await pause(JSON.stringify({ target: `${'a'.repeat(5_000_000)}:worker` }))).status).toBe(413);
    expect((await request(`/api/dynos/shop/${'w'.repeat(5_000)}/restart`, { method: 'POST' })).status).toBe(202);
    expect(calls).toMatchObject({ paused: [], restarted: ['/'] });
  });

  it('says that the ledger did not answer', async () => {
    const { control, admission } = api();
    const failing = {
      ...control,
      pause: () => Promise.reject(new LedgerUnavailable('redis://user:pw@host timed out')),
    };
    const response = await createApi({ control: failing, admission, page: NO_PAGE, events: null }).request(
      `${HOST}/api/pause`,
      { method: 'POST', headers: { authorization: `Bearer ${START_TOKEN}` } },
    );
    expect(response.status).toBe(503);
    expect(await response.text()).not.toContain('pw');
  });
});
