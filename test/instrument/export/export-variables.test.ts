import type { ServerResponse } from 'node:http';
import { afterEach, expect, it } from 'vitest';
import { answering, cleanUp, http, said, TOKEN } from './export-lines.ts';

afterEach(cleanUp);

/** Each mistake of the environment: it is said at the start, without an export. */
const IN_THE_ENVIRONMENT: readonly [Record<string, string>, string][] = [
  [{ OTEL_METRICS_EXPORTER: 'none' }, 'OTEL_METRICS_EXPORTER=none: nothing is reported. Set it to otlp to report.'],
  [
    { OTEL_METRICS_EXPORTER: 'prometheus' },
    'OTEL_METRICS_EXPORTER names "prometheus", which Tidemark does not support. Set it to otlp to report.',
  ],
  [{ OTEL_SDK_DISABLED: 'true' }, 'OTEL_SDK_DISABLED=true: nothing is measured or reported.'],
  ...['localhost:4318', 'my-tidemark.herokuapp.com', 'user:hidden@', 'ftp://x'].map(
    (address): [Record<string, string>, string] => [
      { OTEL_EXPORTER_OTLP_ENDPOINT: address },
      'OTEL_EXPORTER_OTLP_ENDPOINT is not an address that begins with http:// or https://, ' +
        'so nothing is reported. Set it to one, like https://my-tidemark-0123456789ab.herokuapp.com.',
    ],
  ),
];

it.each(IN_THE_ENVIRONMENT)('%o: the worker says that nothing is reported', async (env, line) => {
  expect(await said(env)).toEqual([line]);
});

/** What is wrong and does not keep the measurements from leaving. */
const BESIDE: readonly [Record<string, string>, string][] = [
  [
    { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    'OTEL_EXPORTER_OTLP_PROTOCOL=grpc is not supported: Tidemark sends OTLP over HTTP as JSON. ' +
      'If the endpoint is a gRPC port, set OTEL_EXPORTER_OTLP_METRICS_ENDPOINT to the HTTP one, ' +
      'like http://collector:4318/v1/metrics.',
  ],
  [
    { OTEL_EXPORTER_OTLP_HEADERS: 'Authorization: Bearer abc' },
    'OTEL_EXPORTER_OTLP_HEADERS has an entry that is ignored: ' +
      'it is not name=value, or has a % that is not before two hex digits. Write Authorization=Bearer%20<token>.',
  ],
  [
    { OTEL_EXPORTER_OTLP_METRICS_HEADERS: 'Authorization=Bearer%2' },
    'OTEL_EXPORTER_OTLP_METRICS_HEADERS has an entry that is ignored: ' +
      'it is not name=value, or has a % that is not before two hex digits. Write Authorization=Bearer%20<token>.',
  ],
  [
    { OTEL_EXPORTER_OTLP_TIMEOUT: '10s' },
    'OTEL_EXPORTER_OTLP_TIMEOUT is not a number of milliseconds above zero and is ignored.',
  ],
  [{ OTEL_EXPORTER_OTLP_COMPRESSION: 'zstd' }, 'OTEL_EXPORTER_OTLP_COMPRESSION is not gzip or none and is ignored.'],
  [
    { OTEL_METRIC_EXPORT_TIMEOUT: '1s' },
    'OTEL_METRIC_EXPORT_TIMEOUT is not a number of milliseconds above zero; using 30000.',
  ],
  [
    { OTEL_RESOURCE_ATTRIBUTES: 'team=a%2,heroku.app.name=x' },
    'OTEL_RESOURCE_ATTRIBUTES has a % that is not before two hex digits, and all of it is ignored. Write it as %25.',
  ],
  ...['team,heroku.app.name=x', 'query=a=b', '=x'].map((attributes): [Record<string, string>, string] => [
    { OTEL_RESOURCE_ATTRIBUTES: attributes },
    'OTEL_RESOURCE_ATTRIBUTES has an entry that is not name=value, and all of it is ignored. ' +
      'Write a comma in a value as %2C, a = as %3D.',
  ]),
  [
    { OTEL_RESOURCE_ATTRIBUTES: `notes=${'x'.repeat(256)}` },
    'OTEL_RESOURCE_ATTRIBUTES has an entry of more than 255 characters, and all of it is ignored. Shorten it.',
  ],
];

it.each(BESIDE)('%o: the worker says so, and reports', async (env, line) => {
  expect(await said(env, answering(200))).toEqual([line, 'reporting my-app worker.1 to http://RECEIVER every 0.5 s']);
});

it('takes the default for an interval that is no number, and says so', async () => {
  const lines = await said({ OTEL_METRIC_EXPORT_INTERVAL: '10s' }, answering(200));
  expect(lines).toEqual([
    'OTEL_METRIC_EXPORT_INTERVAL is not a number of milliseconds above zero; using 10000.',
    'reporting my-app worker.1 to http://RECEIVER every 10 s',
  ]);
});

it('exports no more often than every 100 ms, and says so: who writes 10 means seconds', async () => {
  const lines = await said({ OTEL_METRIC_EXPORT_INTERVAL: '10' }, answering(200));
  expect(lines).toEqual([
    'OTEL_METRIC_EXPORT_INTERVAL=10 is in milliseconds; using 100, the minimum.',
    'reporting my-app worker.1 to http://RECEIVER every 0.1 s',
  ]);
});

it('takes an interval that no timer can wait for as the longest that one can', async () => {
  const lines = await said({ OTEL_METRIC_EXPORT_INTERVAL: '99999999999' }, answering(200));
  expect(lines).toEqual(['reporting my-app worker.1 to http://RECEIVER every 2147483.6 s']);
});

it('waits for an answer when the timeout is longer than a timer can wait', async () => {
  const start = () =>
    http((request, response) => void request.resume().on('end', () => setTimeout(answer, 300, response)));
  const lines = await said({ OTEL_EXPORTER_OTLP_TIMEOUT: '99999999999' }, start);
  expect(lines).toEqual(['reporting my-app worker.1 to http://RECEIVER every 0.5 s']);
});

function answer(response: ServerResponse): void {
  response.end();
}

it.each([
  ['  RECEIVER \n', '/v1/metrics'],
  ['RECEIVER/', '/v1/metrics'],
  ['RECEIVER/otlp//', '/otlp/v1/metrics'],
  ['RECEIVER/otlp?key=value', '/otlp/v1/metrics?key=value'],
])('sends to the path for metrics where the address is "%s"', async (OTEL_EXPORTER_OTLP_ENDPOINT, path) => {
  const asked: (string | undefined)[] = [];
  const start = () =>
    http((request, response) => {
      asked.push(request.url);
      request.resume().on('end', () => response.end());
    });
  expect(await said({ OTEL_EXPORTER_OTLP_ENDPOINT }, start)).toHaveLength(1);
  expect(new Set(asked)).toEqual(new Set([path]));
});

it.each([
  {},
  { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' },
  { OTEL_METRICS_EXPORTER: 'OTLP,' },
  { OTEL_RESOURCE_ATTRIBUTES: ' a = b%20c ,, d= ' },
  { ...TOKEN },
])('finds nothing to say of %o', async (env) => {
  expect(await said(env as Record<string, string>, answering(200))).toHaveLength(1);
});
