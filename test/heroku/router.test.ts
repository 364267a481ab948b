import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { startRouter } from './router.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

async function webDyno(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  undo.push(
    () => server.close(),
    () => server.closeAllConnections(),
  );
  return (server.address() as AddressInfo).port;
}

async function router(ports: readonly number[], firstByteMs = 30_000) {
  const started = await startRouter({ ports: () => ports, firstByteMs });
  undo.push(() => started.stop());
  return started;
}

describe('the router before web dynos', () => {
  it('scatters requests over all of them', async () => {
    const names = ['web.1', 'web.2'];
    const ports = await Promise.all(names.map((name) => webDyno((_, response) => response.end(name))));
    const { url } = await router(ports);
    const seen = new Set<string>();
    // Each request is a coin toss: 60 of the same side do not happen.
    for (let count = 0; count < 60; count += 1) seen.add(await (await fetch(url)).text());
    expect([...seen].sort()).toEqual(names);
  });

  it('hands on method, body and headers, and says where the request came from', async () => {
    const port = await webDyno((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += chunk));
      request.on('end', () => response.end(JSON.stringify({ method: request.method, headers: request.headers, body })));
    });
    const { url } = await router([port]);
    const answer = await fetch(`${url}/v1/metrics`, { method: 'POST', body: 'points', headers: { 'x-own': 'kept' } });
    expect(answer.headers.get('via')).toBe('1.1 heroku-router');
    expect(await answer.json()).toMatchObject({
      method: 'POST',
      body: 'points',
      headers: {
        'x-own': 'kept',
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-proto': 'https',
        'x-forwarded-port': '443',
        'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
        via: '1.1 heroku-router',
      },
    });
  });

  it.each([
    ['H10 where no dyno is up', async () => [], 'H10'],
    ['H12 where the first byte is late', async () => [await webDyno(() => {})], 'H12'],
    ['H13 where the dyno hangs up', async () => [await webDyno((request) => request.socket.destroy())], 'H13'],
  ])('answers 503 by itself: %s', async (_, ports, code) => {
    const { url, errors } = await router(await ports(), 50);
    const answer = await fetch(url);
    expect([answer.status, errors]).toEqual([503, [code]]);
  });
});
