import { expect, it } from 'vitest';
import { REQUEST_LIMITS } from '../../../src/sources/limits.ts';
import { decodeJson } from '../../../src/sources/otlp/otlp-json.ts';
import { decodeProtobuf } from '../../../src/sources/otlp/otlp-protobuf.ts';
import { encodeJson, encodeProtobuf, type ResourceSpec } from '../otlp/senders/otlp-encoder.ts';
import { IDENTITY, metric, nanos, T0 } from '../otlp/senders/requests.ts';

const { maxResources, maxDataPoints, maxRows, maxAppNames } = REQUEST_LIMITS;

const points = (count: number, timeOf: (index: number) => number): ResourceSpec => ({
  attributes: IDENTITY,
  scopes: [
    [
      {
        name: 'bullmq.job.active',
        kind: 'gauge',
        dataPoints: Array.from({ length: count }, (_, index) => ({
          timeNanos: nanos(timeOf(index)),
          asInt: 1n,
          attributes: { queue: String(index) },
        })),
      },
    ],
  ],
});

const decoders = [
  ['protobuf', (resources: readonly ResourceSpec[]) => decodeProtobuf(encodeProtobuf(resources))],
  ['JSON', (resources: readonly ResourceSpec[]) => decodeJson(encodeJson(resources))],
] as const;

it.each(decoders)('leaves out the times beyond the limit, and counts them by app: %s', (_, decode) => {
  const { rows, overLimit, overLimitByApp } = decode([points(maxRows + 7, (index) => T0 + index)]);
  expect(rows).toHaveLength(maxRows);
  expect(overLimit).toBe(7);
  expect([...overLimitByApp]).toEqual([['shop', 7]]);
});

it.each(decoders)('leaves out the data points beyond the limit: %s', (_, decode) => {
  const { rows, overLimit } = decode([points(maxDataPoints + 7, () => T0), points(3, () => T0 + 1)]);
  expect(rows).toHaveLength(1);
  expect(rows[0]?.dataPoints).toBe(maxDataPoints);
  expect(overLimit).toBe(10);
});

it('leaves out the resources beyond the limit', () => {
  const one = { attributes: { 'heroku.app.name': 'shop' }, scopes: [[metric('process.memory.usage', 1)]] };
  const { noDyno, overLimit } = decodeProtobuf(encodeProtobuf(Array.from({ length: maxResources + 7 }, () => one)));
  expect(noDyno).toBe(maxResources);
  expect(overLimit).toBe(7);
});

it('counts refusals by few names of apps', () => {
  const { noDyno, noDynoByApp } = decodeProtobuf(
    encodeProtobuf(
      Array.from({ length: 1000 }, (_, index) => ({
        attributes: { 'heroku.app.name': `app-${index}` },
        scopes: [[metric('process.memory.usage', 1)]],
      })),
    ),
  );
  expect(noDyno).toBe(1000);
  expect(noDynoByApp.size).toBe(maxAppNames + 1);
  expect(noDynoByApp.get(null)).toBe(1000 - maxAppNames);
});
