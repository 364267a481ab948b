import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { createHerokuPlatform } from '../../../src/adapters/heroku/platform.ts';
import { type RawApi, reply, startRawApi } from './raw-api.ts';

let api: RawApi | null = null;
afterEach(async () => {
  vi.unstubAllEnvs();
  await api?.stop();
  api = null;
});

async function platformOn(more: { deadlineMs?: number } = {}) {
  api = await startRawApi(reply(202));
  return createHerokuPlatform({ token: 'HRKU-8a9b-the-secret', apiUrl: api.url, ...more });
}

/** A proxy that answers CONNECT by opening the tunnel. */
async function startProxy() {
  const server = createServer();
  let tunnels = 0;
  server.on('connect', (request, socket) => {
    tunnels += 1;
    const [host = '', port = ''] = (request.url ?? '').split(':');
    const far = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      far.pipe(socket).pipe(far);
    });
    for (const end of [far, socket]) end.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  vi.stubEnv('HEROKU_HTTP_PROXY_HOST', '127.0.0.1');
  vi.stubEnv('HEROKU_HTTP_PROXY_PORT', String((server.address() as AddressInfo).port));
  return { tunnels: () => tunnels, stop: () => server.close() };
}

test('behind a proxy a DELETE goes through once, or not at all', async () => {
  const proxy = await startProxy();
  const platform = await platformOn();
  expect(await platform.restart('shop', 'worker.1', () => true)).toMatchObject({ kind: 'accepted' });
  expect(await platform.restart('shop', 'worker.1', () => false)).toMatchObject({ kind: 'not-sent' });
  expect(proxy.tunnels()).toBe(2);
  expect(api?.requests).toHaveLength(1);
  proxy.stop();
});

test('a proxy that never answers ends at the deadline, and nothing was sent', async () => {
  const silent = await startRawApi(() => {});
  vi.stubEnv('HEROKU_HTTP_PROXY_HOST', '127.0.0.1');
  vi.stubEnv('HEROKU_HTTP_PROXY_PORT', new URL(silent.url).port);
  const platform = await platformOn({ deadlineMs: 50 });
  expect(await platform.restart('shop', 'worker.1', () => true)).toEqual({
    kind: 'not-sent',
    why: 'no whole answer within 50 ms',
  });
  expect(api?.connections()).toBe(0);
  await silent.stop();
});
