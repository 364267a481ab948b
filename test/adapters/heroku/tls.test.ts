import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createHerokuPlatform } from '../../../src/adapters/heroku/platform.ts';
import { TEST_CERTIFICATE, TEST_KEY } from './test-certificate.ts';

let folder = '';
let server: Server;
let requests: string[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tls-'));
  requests = [];
  server = createServer({ key: TEST_KEY, cert: TEST_CERTIFICATE }, (request, response) => {
    requests.push(`${request.method} ${request.url}`);
    response.writeHead(202).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(() => {
  vi.unstubAllEnvs();
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true });
});

function platform() {
  const { port } = server.address() as AddressInfo;
  return createHerokuPlatform({ token: 't', apiUrl: `https://127.0.0.1:${port}` });
}

function trust(): void {
  const file = join(folder, 'ca.pem');
  writeFileSync(file, TEST_CERTIFICATE);
  vi.stubEnv('SSL_CERT_FILE', file);
}

test('over TLS the question comes after the handshake, and the DELETE is sent once', async () => {
  trust();
  const handshakes = vi.fn();
  server.on('secureConnection', handshakes);
  const seen: number[] = [];
  const answer = await platform().restart('shop', 'worker.1', () => {
    seen.push(requests.length);
    return true;
  });
  expect(answer).toMatchObject({ kind: 'accepted' });
  expect(seen).toEqual([0]);
  expect(handshakes).toHaveBeenCalledTimes(1);
  expect(requests).toEqual(['DELETE /apps/shop/dynos/worker.1']);
});

test('over TLS nothing is sent when it is too late', async () => {
  trust();
  expect(await platform().restart('shop', 'worker.1', () => false)).toMatchObject({ kind: 'not-sent' });
  expect(requests).toEqual([]);
});

test('a server that cannot prove who it is gets nothing', async () => {
  const asked = vi.fn(() => true);
  const answer = await platform().restart('shop', 'worker.1', asked);
  expect(answer).toMatchObject({ kind: 'not-sent', why: expect.stringContaining('DEPTH_ZERO_SELF_SIGNED_CERT') });
  expect(asked).not.toHaveBeenCalled();
  expect(requests).toEqual([]);
});

test('a file of certificates that cannot be read is a reason, not a crash', async () => {
  vi.stubEnv('SSL_CERT_FILE', join(folder, 'missing.pem'));
  expect(await platform().restart('shop', 'worker.1', () => true)).toMatchObject({
    kind: 'not-sent',
    why: expect.stringContaining('ENOENT'),
  });
});

test.each([
  [true, 'accepted', 1],
  [false, 'not-sent', 0],
] as const)('through a proxy, TLS ends at the platform: may it be sent? %s', async (mayStillSend, kind, count) => {
  trust();
  const proxy = createHttpServer();
  proxy.on('connect', (request, socket) => {
    const far = connect(Number((request.url ?? '').split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      far.pipe(socket).pipe(far);
    });
    for (const end of [far, socket]) end.on('error', () => end.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  vi.stubEnv('HEROKU_HTTP_PROXY_HOST', '127.0.0.1');
  vi.stubEnv('HEROKU_HTTP_PROXY_PORT', String((proxy.address() as AddressInfo).port));
  expect(await platform().restart('shop', 'worker.1', () => mayStillSend)).toMatchObject({ kind });
  expect(requests).toHaveLength(count);
  proxy.close();
});
