import { readFileSync } from 'node:fs';
import { createServer as createHttp2Server, createSecureServer as createSecureHttp2Server } from 'node:http2';
import { createServer as createSecureServer } from 'node:https';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { answering, cleanUp, http, portOf, SECRET, said, TOKEN } from './export-lines.ts';

const TLS = {
  key: readFileSync(new URL('../../fixtures/tls/key.pem', import.meta.url)),
  cert: readFileSync(new URL('../../fixtures/tls/certificate.pem', import.meta.url)),
};

afterEach(cleanUp);

const tcp = (onSocket: (socket: Socket) => void) => async () => {
  const port = await portOf(
    createTcpServer((socket) => {
      socket.on('error', () => {});
      onSocket(socket);
    }),
  );
  return `http://127.0.0.1:${port}`;
};

const status = (message: string) => JSON.stringify({ message });
const DEAD = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' };
const NOT_REPORTED = 'my-app worker.1 is not reported:';

describe('an export that arrives', () => {
  it.each([
    ['an empty answer', answering(200)],
    ['an empty object', answering(200, '{}')],
    ['an empty partial success', answering(200, '{"partialSuccess":{}}')],
    ['a text that is no JSON', answering(200, 'ok')],
  ])('is said once, with %s', async (_what, start) => {
    expect(await said({}, start)).toEqual(['reporting my-app worker.1 to http://RECEIVER every 0.5 s']);
  });

  it('is said without user name, password, path and query of the address', async () => {
    const env = { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'RECEIVER/v1/metrics?key=hidden' };
    const start = async () => (await answering(200)()).replace('//', '//user:hidden@');
    expect(await said(env, start)).toEqual(['reporting my-app worker.1 to http://RECEIVER every 0.5 s']);
  });
});

/** Each mistake of a set-up that shows at the receiver: environment, receiver, and the line. */
const AT_THE_RECEIVER: readonly [string, Record<string, string>, (() => Promise<string>) | undefined, string][] = [
  [
    'no token',
    {},
    answering(401, status('An ingest token is needed.')),
    `${NOT_REPORTED} http://RECEIVER requires a token (401: "An ingest token is needed."), and none is set. ` +
      'Set OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20<token>".',
  ],
  [
    'a wrong token, which the receiver repeats',
    TOKEN,
    answering(401, status(`No such token:\n${SECRET}`)),
    `${NOT_REPORTED} http://RECEIVER refuses the token (401: "No such token: ***"). ` +
      'Set OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20<token>" to the token that the receiver expects ' +
      'from this app.',
  ],
  [
    'an actuator without tokens on another machine',
    {},
    answering(403, status('Only programs on this machine may send points while TIDEMARK_INGEST_TOKENS is not set.')),
    `${NOT_REPORTED} http://RECEIVER requires a token ` +
      '(403: "Only programs on this machine may send points while TIDEMARK_INGEST_TOKENS is not set."), ' +
      'and none is set. Set OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20<token>".',
  ],
  [
    'the token of another app',
    TOKEN,
    answering(200, '{"partialSuccess":{"rejectedDataPoints":"9","errorMessage":"Rejected: 9 of app \\"my-app\\"."}}'),
    'http://RECEIVER rejected 9 data points of my-app worker.1 and said: "Rejected: 9 of app "my-app"."',
  ],
  [
    'a clock that is five minutes slow',
    {},
    answering(200, '{"partialSuccess":{"rejectedDataPoints":9,"errorMessage":"too old: is this clock right?"}}'),
    'http://RECEIVER rejected 9 data points of my-app worker.1 and said: "too old: is this clock right?"',
  ],
  [
    'a path without a receiver',
    {},
    answering(404, 'Not Found'),
    `${NOT_REPORTED} http://RECEIVER/v1/metrics is not an OTLP receiver (404: "Not Found"). ` +
      'Set OTEL_EXPORTER_OTLP_ENDPOINT to the address of the actuator or a Collector.',
  ],
  [
    'a path given twice',
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'RECEIVER/v1/metrics' },
    answering(404),
    `${NOT_REPORTED} http://RECEIVER/v1/metrics/v1/metrics is not an OTLP receiver (404). ` +
      'Leave /v1/metrics out of OTEL_EXPORTER_OTLP_ENDPOINT: it is appended.',
  ],
  [
    "a metrics' endpoint without a path",
    { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'RECEIVER' },
    answering(404),
    `${NOT_REPORTED} http://RECEIVER/ is not an OTLP receiver (404). ` +
      'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT is used unchanged: end it with /v1/metrics.',
  ],
  [
    'an actuator that reads the stream only',
    {},
    answering(404, 'No points are taken over HTTP: TIDEMARK_SOURCE does not name otlp.\n'),
    `${NOT_REPORTED} http://RECEIVER/v1/metrics is not an OTLP receiver (404: "No points are taken over HTTP: ` +
      'TIDEMARK_SOURCE does not name otlp."). Set TIDEMARK_SOURCE=otlp there, or TIDEMARK_TRANSPORT=redis here.',
  ],
  [
    'a web page, however long',
    {},
    answering(200, `<!doctype html><title>My shop</title>${'<p>'.repeat(50_000)}`, { 'content-type': 'text/html' }),
    `${NOT_REPORTED} http://RECEIVER/v1/metrics answers with a web page ` +
      '(200: "My shop") and is not an OTLP receiver. Correct OTEL_EXPORTER_OTLP_ENDPOINT.',
  ],
  [
    'a redirect to https',
    {},
    answering(301, '', { location: 'https://my-tidemark.herokuapp.com/v1/metrics?key=hidden' }),
    `${NOT_REPORTED} http://RECEIVER redirects to https://my-tidemark.herokuapp.com (301). ` +
      'Set OTEL_EXPORTER_OTLP_ENDPOINT to the address that accepts OTLP.',
  ],
  [
    'a receiver that takes smaller requests only',
    {},
    answering(413, status('too large')),
    `${NOT_REPORTED} http://RECEIVER refuses an export of this size (413: "too large"). ` +
      'Tidemark sends smaller requests from now on.',
  ],
  [
    'a receiver that wants to be left alone',
    {},
    answering(429, status('slow down')),
    `${NOT_REPORTED} http://RECEIVER accepts no measurements now (429: "slow down"). ` +
      'Tidemark keeps trying, with new measurements every 0.5 s.',
  ],
  [
    'a receiver that wants to be left alone for longer than an interval',
    {},
    answering(429, status('slow down'), { 'retry-after': '30' }),
    `${NOT_REPORTED} http://RECEIVER accepts no measurements now (429: "slow down"). ` +
      'It asks for a pause of 30 s, and Tidemark sends new measurements after it.',
  ],
  [
    'an app that does not run',
    {},
    answering(503, '<html><head><title>Application Error</title></head></html>', { 'content-type': 'text/html' }),
    `${NOT_REPORTED} http://RECEIVER accepts no measurements now (503: "Application Error"). ` +
      'Tidemark keeps trying, with new measurements every 0.5 s.',
  ],
  [
    'a receiver that takes no JSON',
    {},
    answering(415, status('unsupported media type')),
    `${NOT_REPORTED} http://RECEIVER does not accept OTLP as JSON (415: "unsupported media type"). ` +
      'Send to a receiver that accepts it, such as the actuator or an OpenTelemetry Collector (OTLP/HTTP, ' +
      'port 4318).',
  ],
  [
    'a receiver that fails',
    {},
    answering(500, 'oops'),
    `${NOT_REPORTED} http://RECEIVER failed (500: "oops"). Check the receiver's log.`,
  ],
  [
    'nobody who listens',
    DEAD,
    undefined,
    (
      `${NOT_REPORTED} nothing listens at http://127.0.0.1:1. ` +
      'Start the receiver, or correct OTEL_EXPORTER_OTLP_ENDPOINT.'
    ).replace('127.0.0.1:1', 'RECEIVER'),
  ],
  [
    'a host that does not exist',
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://no-such-host.invalid' },
    undefined,
    `${NOT_REPORTED} the host of http://no-such-host.invalid cannot be found (CODE). ` +
      'Correct OTEL_EXPORTER_OTLP_ENDPOINT.',
  ],
  [
    'a receiver that hangs',
    { OTEL_EXPORTER_OTLP_TIMEOUT: '100' },
    () => http(() => {}),
    `${NOT_REPORTED} http://RECEIVER does not answer in time. ` +
      'Start the receiver, or correct OTEL_EXPORTER_OTLP_ENDPOINT.',
  ],
  [
    'a gRPC port',
    {},
    async () => `http://127.0.0.1:${await portOf(createHttp2Server().on('sessionError', () => {}))}`,
    `${NOT_REPORTED} http://RECEIVER speaks gRPC, and Tidemark sends OTLP over HTTP. ` +
      'Set OTEL_EXPORTER_OTLP_METRICS_ENDPOINT to its HTTP port, like http://collector:4318/v1/metrics.',
  ],
  [
    'a gRPC port that begins by itself and closes',
    {},
    tcp((socket) => {
      socket.write(Buffer.from('000006040000000000000500004000', 'hex'));
      socket.once('data', () => socket.destroy());
    }),
    `${NOT_REPORTED} http://RECEIVER speaks gRPC, and Tidemark sends OTLP over HTTP. ` +
      'Set OTEL_EXPORTER_OTLP_METRICS_ENDPOINT to its HTTP port, like http://collector:4318/v1/metrics.',
  ],
  [
    'a gRPC port with TLS',
    { OTEL_EXPORTER_OTLP_CERTIFICATE: 'test/fixtures/tls/certificate.pem' },
    async () => `https://127.0.0.1:${await portOf(createSecureHttp2Server(TLS))}`,
    `${NOT_REPORTED} https://RECEIVER speaks gRPC, and Tidemark sends OTLP over HTTP. ` +
      'Set OTEL_EXPORTER_OTLP_METRICS_ENDPOINT to its HTTP port, like http://collector:4318/v1/metrics.',
  ],
  [
    'a port of another protocol',
    {},
    tcp((socket) => socket.end('SSH-2.0-OpenSSH_9\r\n')),
    `${NOT_REPORTED} http://RECEIVER does not speak HTTP. Correct OTEL_EXPORTER_OTLP_ENDPOINT.`,
  ],
  [
    'http to a port of https',
    {},
    async () => `http://127.0.0.1:${await portOf(createSecureServer(TLS))}`,
    `${NOT_REPORTED} http://RECEIVER closes the connection without an answer. ` +
      'Check the port in OTEL_EXPORTER_OTLP_ENDPOINT, and whether it is http or https.',
  ],
  [
    'https to a port of http',
    {},
    async () => (await answering(200)()).replace('http:', 'https:'),
    `${NOT_REPORTED} https://RECEIVER does not speak TLS as expected (EPROTO). ` +
      'If it speaks plain HTTP, write http:// in OTEL_EXPORTER_OTLP_ENDPOINT.',
  ],
  [
    'a certificate of its own',
    {},
    async () => `https://127.0.0.1:${await portOf(createSecureServer(TLS))}`,
    `${NOT_REPORTED} the TLS certificate of https://RECEIVER is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT). ` +
      'Name its certificate authority in OTEL_EXPORTER_OTLP_CERTIFICATE, or correct the address.',
  ],
  [
    'a file with certificates that is not there',
    { OTEL_EXPORTER_OTLP_CERTIFICATE: 'no/such.pem' },
    async () => `https://127.0.0.1:${await portOf(createSecureServer(TLS))}`,
    `${NOT_REPORTED} no/such.pem cannot be read (ENOENT). It is named by an OTEL_EXPORTER_OTLP_* variable.`,
  ],
  [
    'a token with a line break in it',
    { OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Bearer%20abc%0A' },
    answering(200),
    `${NOT_REPORTED} a header holds a character that HTTP does not allow. Correct OTEL_EXPORTER_OTLP_HEADERS.`,
  ],
];

it.each(AT_THE_RECEIVER)('%s: the worker says why and what to do', async (_what, env, start, line) => {
  // A resolver that is away and one that knows no such host answer differently.
  const lines = (await said(env, start)).map((one) => one.replace(/\((?:ENOTFOUND|EAI_AGAIN)\)/, '(CODE)'));
  expect(lines).toEqual([line]);
});

it('says that nothing listens at the default address', async () => {
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', '');
  const { otlpProblem } = await import('../../../src/instrument/export/otlp/otlp-problem.ts');
  const error = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  const url = new URL('http://localhost:4318/v1/metrics');
  expect(otlpProblem(error, { subject: 'my-app worker.1', url, intervalMs: 10_000, env: {} }).sentence).toBe(
    `${NOT_REPORTED} nothing listens at http://localhost:4318. OTEL_EXPORTER_OTLP_ENDPOINT is not set; ` +
      'set it to the address of the actuator or a Collector.',
  );
});

it('repeats a message of a receiver that rejects nothing, and reports', async () => {
  const start = answering(200, '{"partialSuccess":{"errorMessage":"use a newer client"}}');
  expect(await said({}, start)).toEqual([
    'reporting my-app worker.1 to http://RECEIVER every 0.5 s',
    'http://RECEIVER took my-app worker.1 and said: "use a newer client"',
  ]);
});

it.each([
  ['the header as it is written', TOKEN, `Bearer%20${SECRET}`],
  ['the header as it is sent', TOKEN, `Bearer ${SECRET}`],
  ['the token alone, in a web page', TOKEN, `<html><title>${SECRET}</title>`],
  ['the password of the address', { OTEL_EXPORTER_OTLP_ENDPOINT: 'RECEIVER' }, 'pass-of-url'],
  ['the query of the address', { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'RECEIVER/?key=query-secret' }, 'query-secret'],
])('never prints %s, whatever the receiver repeats', async (_what, env, secret) => {
  const start = async () =>
    (await answering(400, `${secret} ${'long '.repeat(500)}`)()).replace('//', '//user:pass-of-url@');
  const [line] = await said(env, start);
  expect(line).toContain('***');
  for (const hidden of [SECRET, 'pass-of-url', 'query-secret']) expect(line).not.toContain(hidden);
  expect(line?.length).toBeLessThan(600);
});
