import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo, LookupFunction } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Worker as Thread } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { type Dns, HostLookup } from '../../../src/instrument/export/otlp/host-lookup.ts';
import { OtlpPost, type OtlpPostOptions } from '../../../src/instrument/export/otlp/otlp-post.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0)) await one();
});

const fixture = (name: string) => readFileSync(fileURLToPath(new URL(`../../fixtures/tls/${name}`, import.meta.url)));

function postTo(url: string, options: Partial<OtlpPostOptions> = {}): OtlpPost {
  const post = new OtlpPost({ url, headers: () => ({}), compression: 'none', timeoutMs: 60_000, env: {}, ...options });
  undo.push(() => post.close());
  return post;
}

/** Closes each connection once it has answered, and counts the closed ones in shared memory. */
const CLOSES_EACH_CONNECTION = `
  const { parentPort, workerData: closed } = require('node:worker_threads');
  const server = require('node:http').createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      response.end('{}');
      parentPort.postMessage('answered');
    });
  });
  parentPort.on('message', () => {
    server.closeAllConnections();
    Atomics.add(closed, 0, 1);
    Atomics.notify(closed, 0);
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

/** More than the connection takes before it learns that it is closed. */
const LARGE_BODY = new Uint8Array(8_000_000);

describe('a post to a receiver', () => {
  it('is sent once more, at once, if a job has kept the end of the idle connection from being read', async () => {
    const closed = new Int32Array(new SharedArrayBuffer(4));
    const thread = new Thread(CLOSES_EACH_CONNECTION, { eval: true, workerData: closed });
    undo.push(() => thread.terminate());
    const [port] = await once(thread, 'message');
    const post = postTo(`http://127.0.0.1:${port}/v1/metrics`);
    await post.post(LARGE_BODY);
    thread.postMessage('close');
    // As a job does that computes: the end of the connection has arrived, and is not read.
    Atomics.wait(closed, 0, 0);
    expect((await post.post(LARGE_BODY)).toString()).toBe('{}');
  });

  it('names the host without a dot at its end in the TLS handshake, where none is allowed', async () => {
    const names: string[] = [];
    const server = createServer({
      key: fixture('key.pem'),
      cert: fixture('certificate.pem'),
      SNICallback: (name, found) => {
        names.push(name);
        found(null);
      },
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    undo.push(() => server.close());
    const lookup: LookupFunction = (_host, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }]);
    class NameServer {
      resolve4(_host: string, answered: (error: null) => void): void {
        answered(null);
      }
      cancel(): void {}
    }
    const hosts = new HostLookup({ dns: { lookup, Resolver: NameServer } as unknown as Dns });
    const { port } = server.address() as AddressInfo;
    const env = {
      OTEL_EXPORTER_OTLP_CERTIFICATE: fileURLToPath(new URL('../../fixtures/tls/certificate.pem', import.meta.url)),
    };
    const refused = postTo(`https://collector.example.:${port}/v1/metrics`, { hosts, env }).post(new Uint8Array(2));
    // The certificate is for another host.
    await expect(refused).rejects.toMatchObject({
      cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID', host: 'collector.example' },
    });
    expect(names).toEqual(['collector.example']);
  });
});
