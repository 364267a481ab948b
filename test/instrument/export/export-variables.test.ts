import { afterEach, expect, it } from 'vitest';
import { answering, cleanUp, said, TOKEN } from './export-lines.ts';

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

it.each([{}, { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' }, { OTEL_METRICS_EXPORTER: 'otlp' }, { ...TOKEN }])(
  'finds nothing to say of %o',
  async (env) => {
    expect(await said(env as Record<string, string>, answering(200))).toHaveLength(1);
  },
);
