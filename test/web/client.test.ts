import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { callApi } from '../../src/web/client.ts';
import { ROUTES } from '../../src/web/schema/routes.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serverThat(answers: RequestListener): Promise<URL> {
  const server = createServer(answers).listen(0, '127.0.0.1');
  cleanups.push(() => server.close());
  await once(server, 'listening');
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

describe('a call of the API', () => {
  it('sends token, parameters, limit and body, and returns what the route declares', async () => {
    const seen: unknown[] = [];
    const base = await serverThat(async (request, response) => {
      const body = (await request.toArray()).join('');
      seen.push([request.method, request.url, request.headers.authorization, body]);
      response.end(
        JSON.stringify(
          request.method === 'GET' ? { decisions: [] } : { attempt_id: 'a1', dry_run: false, held_by: null },
        ),
      );
    });
    const address = { base, adminToken: 's3cret' };
    expect(await callApi(address, ROUTES.decisions, { query: { limit: 3 } })).toEqual({
      ok: true,
      body: { decisions: [] },
    });
    const params = { app: 'shop/..', dyno: 'worker.1' };
    expect(await callApi(address, ROUTES.restart, { params, body: {} })).toMatchObject({ body: { attempt_id: 'a1' } });
    expect(seen).toEqual([
      ['GET', '/api/decisions?limit=3', 'Bearer s3cret', ''],
      ['POST', '/api/dynos/shop%2F../worker.1/restart', 'Bearer s3cret', '{}'],
    ]);
  });

  it('distinguishes a refusal, a stranger, another version and silence', async () => {
    const answerOf = async (status: number, text: string) => {
      const base = await serverThat((_, response) => response.writeHead(status).end(text));
      return callApi({ base, adminToken: null }, ROUTES.pause, { body: {} });
    };
    const error = JSON.stringify({ error: { code: 'forbidden', message: 'No.' } });
    expect(await answerOf(403, error)).toEqual({
      ok: false,
      why: 'refused',
      status: 403,
      code: 'forbidden',
      message: 'No.',
    });
    expect(await answerOf(502, '<html>')).toMatchObject({ why: 'refused', status: 502, code: null });
    expect(await answerOf(200, '<html>')).toMatchObject({ why: 'not-understood', detail: 'it is not JSON' });
    expect(await answerOf(200, '{"paused":"all"}')).toMatchObject({
      why: 'not-understood',
      detail: expect.stringMatching(/^known: /),
    });
    const nobody = { base: new URL('http://127.0.0.1:9'), adminToken: null };
    expect(await callApi(nobody, ROUTES.health)).toMatchObject({ ok: false, why: 'unreachable' });
  });
});
