import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Worker as ThreadWorker } from 'node:worker_threads';
import { gunzipSync } from 'node:zlib';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { otlpExporter } from '../../../src/instrument/export/otlp/otlp-exporter.ts';
import { OtlpPost, type OtlpPostOptions } from '../../../src/instrument/export/otlp/otlp-post.ts';

const METRICS: ResourceMetrics = {
  resource: { attributes: {}, merge: () => METRICS.resource, getRawAttributes: () => [] },
  scopeMetrics: [],
};

const undo: (() => void)[] = [];
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  for (const one of undo.splice(0)) one();
});

async function listening(server: Server & { closeAllConnections(): void }): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  undo.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function receiver(listener: RequestListener): Promise<string> {
  return `http://127.0.0.1:${await listening(createServer(listener))}/v1/metrics`;
}

const CERTIFICATE_FILE = fileURLToPath(new URL('../../fixtures/tls/certificate.pem', import.meta.url));
const KEY_FILE = fileURLToPath(new URL('../../fixtures/tls/key.pem', import.meta.url));

/** With a certificate for 127.0.0.1 that signed itself, made for these tests. */
async function secureReceiver(listener: RequestListener): Promise<string> {
  const server = createSecureServer({ key: readFileSync(KEY_FILE), cert: readFileSync(CERTIFICATE_FILE) }, listener);
  return `https://127.0.0.1:${await listening(server)}/v1/metrics`;
}

/**
 * In its own thread, because the test keeps its event loop busy: reports its port, then each request, and answers a
 * moment later.
 */
const ANSWERS_AT_ONCE = `
  const { parentPort } = require('node:worker_threads');
  const server = require('node:http').createServer((request, response) => {
    parentPort.postMessage('asked');
    setTimeout(() => response.end('{}'), 50);
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

const JSON_HEADERS = { 'Content-Type': 'application/json' };
const BODY = new TextEncoder().encode('{"resourceMetrics":[]}');

function postTo(url: string, options: Partial<OtlpPostOptions> = {}): OtlpPost {
  const post = new OtlpPost({
    url,
    headers: () => JSON_HEADERS,
    compression: 'none',
    timeoutMs: 10_000,
    env: {},
    ...options,
  });
  undo.push(() => post.close());
  return post;
}

/** A receiver that notes what it gets and answers what it is told. */
async function noting(answer: (response: ServerResponse) => void) {
  const requests: { readonly request: IncomingMessage; readonly body: Buffer }[] = [];
  const url = await receiver(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    requests.push({ request, body: Buffer.concat(chunks) });
    answer(response);
  });
  return { url, requests };
}

describe('a post to an OTLP receiver', () => {
  it('sends what it is given and gives back the answer, over one connection', async () => {
    const { url, requests } = await noting((response) => response.end('{"partialSuccess":{}}'));
    const post = postTo(url);
    expect((await post.post(BODY)).toString()).toBe('{"partialSuccess":{}}');
    await post.post(BODY);
    expect(requests.map(({ body }) => body.toString())).toEqual(Array(2).fill('{"resourceMetrics":[]}'));
    expect(requests[0]?.request).toMatchObject({ method: 'POST', url: '/v1/metrics' });
    expect(requests[0]?.request.headers).toMatchObject({
      'content-type': 'application/json',
      'content-length': String(BODY.length),
      'user-agent': expect.stringMatching(/^tidemark\/\d/),
    });
    expect(new Set(requests.map(({ request }) => request.socket)).size).toBe(1);
  });

  it('compresses on request', async () => {
    const { url, requests } = await noting((response) => response.end());
    await postTo(url, { compression: 'gzip' }).post(BODY);
    expect(requests[0]?.request.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(requests[0]?.body ?? '').toString()).toBe('{"resourceMetrics":[]}');
  });

  it.each([
    [429, true],
    [502, true],
    [503, true],
    [504, true],
    [400, false],
    [401, false],
    [500, false],
  ])('says of a %i whether a retry makes sense: %s', async (status, isRetryable) => {
    const { url, requests } = await noting((response) => response.writeHead(status).end('out of order'));
    await expect(postTo(url).post(BODY)).rejects.toMatchObject({
      name: 'PostError',
      message: expect.stringMatching(new RegExp(`answered ${status} .*out of order`)),
      isRetryable,
      retryAfterMs: null,
    });
    expect(requests.length).toBe(1);
  });

  it('reports how long the receiver wants to be left alone', async () => {
    const { url } = await noting((response) => response.writeHead(503, { 'retry-after': '7' }).end());
    await expect(postTo(url).post(BODY)).rejects.toMatchObject({ isRetryable: true, retryAfterMs: 7000 });
  });

  it('leaves a receiver alone for 5 minutes at most', async () => {
    const { url } = await noting((response) => response.writeHead(429, { 'retry-after': '86400' }).end());
    await expect(postTo(url).post(BODY)).rejects.toMatchObject({ isRetryable: true, retryAfterMs: 300_000 });
  });

  it('goes by the status of an answer that breaks off: a retry could send the points twice', async () => {
    const cutOff = (status: number) =>
      noting((response) => {
        response.writeHead(status, { 'content-length': 100 });
        response.write('half an ans', () => response.socket?.destroy());
      });
    const { url } = await cutOff(200);
    expect((await postTo(url).post(BODY)).toString()).toBe('half an ans');
    const { url: busyUrl } = await cutOff(503);
    await expect(postTo(busyUrl).post(BODY)).rejects.toMatchObject({
      isRetryable: true,
      refusal: { status: 503, text: 'half an ans' },
    });
  });

  it('is worth a retry when nothing listens', async () => {
    const url = await receiver(() => {});
    for (const one of undo.splice(0)) one();
    await expect(postTo(url).post(BODY)).rejects.toMatchObject({
      message: expect.stringContaining('ECONNREFUSED'),
      isRetryable: true,
    });
  });

  it.each<[string, RequestListener]>([
    ['never answers', (request) => request.resume()],
    [
      'begins an answer and goes on for ever',
      (request, response) => {
        request.resume();
        response.write('{');
      },
    ],
  ])('gives up a receiver that %s', async (_what, listener) => {
    const url = await receiver(listener);
    await expect(postTo(url, { timeoutMs: 50 }).post(BODY)).rejects.toMatchObject({
      message: expect.stringContaining('50 ms'),
      isRetryable: true,
    });
  });

  it('takes the answer that came while the event loop was busy, though its time is over by then', async () => {
    const server = new ThreadWorker(ANSWERS_AT_ONCE, { eval: true });
    undo.push(() => void server.terminate());
    const [port] = await once(server, 'message');
    const answer = postTo(`http://127.0.0.1:${port}/`, { timeoutMs: 300 }).post(BODY);
    await once(server, 'message');
    for (const untilMs = performance.now() + 700; performance.now() < untilMs; );
    expect((await answer).toString()).toBe('{}');
  });

  it('takes no answer that fills the memory', async () => {
    const { url } = await noting((response) => response.end('x'.repeat(100_000)));
    await expect(postTo(url).post(BODY)).rejects.toMatchObject({
      message: expect.stringContaining("the receiver's answer has more than 65536 bytes"),
      isRetryable: false,
    });
  });

  it('sends once more, at once, when the receiver closed the idle connection in the same moment', async () => {
    const sockets = new Set<Socket>();
    const url = await receiver((request, response) => {
      request.resume();
      // The second request on a connection finds it closed.
      if (sockets.has(request.socket)) request.socket.resetAndDestroy();
      else response.end('{}');
      sockets.add(request.socket);
    });
    const post = postTo(url);
    await post.post(BODY);
    expect((await post.post(BODY)).toString()).toBe('{}');
    expect(sockets.size).toBe(2);
  });

  it('names the file with certificates that it cannot read', async () => {
    const env = { OTEL_EXPORTER_OTLP_CERTIFICATE: 'no/such/file.pem' };
    await expect(postTo('https://127.0.0.1:1/v1/metrics', { env }).post(BODY)).rejects.toThrow('no/such/file.pem');
  });

  it('trusts the certificates of the file that the standard variable names', async () => {
    const url = await secureReceiver((request, response) => {
      request.resume();
      response.end('secret');
    });
    await expect(postTo(url).post(BODY)).rejects.toMatchObject({ message: expect.stringContaining('certificate') });
    const env = { OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE: CERTIFICATE_FILE };
    expect((await postTo(url, { env }).post(BODY)).toString()).toBe('secret');
  });
});

describe('the OTLP exporter', () => {
  async function exported(answer: (response: ServerResponse) => void, env: Record<string, string> = {}) {
    const { url, requests } = await noting(answer);
    vi.stubEnv('OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', url);
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const { exporter } = await otlpExporter({});
    undo.push(() => void exporter.shutdown());
    const result = await new Promise<{ code: number; error?: Error }>((resolve) => exporter.export(METRICS, resolve));
    return { result, request: requests[0] };
  }

  it('sends OTLP as JSON, with the headers of the standard variable', async () => {
    const { result, request } = await exported((response) => response.end('{}'), {
      OTEL_EXPORTER_OTLP_HEADERS: 'x-team=tides',
    });
    expect(result).toEqual({ code: 0 });
    expect(JSON.parse(request?.body.toString() ?? '')).toMatchObject({ resourceMetrics: [{ scopeMetrics: [] }] });
    expect(request?.request.headers).toMatchObject({ 'content-type': 'application/json', 'x-team': 'tides' });
  });

  it('reports why an export was refused', async () => {
    const { result } = await exported((response) => response.writeHead(400).end('no such tenant'));
    expect(result).toMatchObject({ code: 1, error: { message: expect.stringContaining('no such tenant') } });
  });

  it.each([
    ['as text', '"3"'],
    ['as a number', '3'],
  ])('fails when the receiver rejected a part, which it counts %s', async (_how, count) => {
    const { result } = await exported((response) =>
      response.end(`{"partialSuccess":{"rejectedDataPoints":${count},"errorMessage":"too old"}}`),
    );
    expect(result).toMatchObject({ code: 1, error: { name: 'RejectedPoints', count: 3, message: 'too old' } });
  });
});
