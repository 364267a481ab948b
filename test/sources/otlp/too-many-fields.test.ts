import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { repeatedField } from '../../attacks/hostile-bodies.ts';
import { readAnswer } from './senders/otlp-answer-reader.ts';
import { encodeProtobuf, lengthField } from './senders/otlp-encoder.ts';
import { send, source, WHOLE } from './senders/requests.ts';

const MANY_BYTES = 8_000_000;

const metricOf = (name: string, data: number, content: Buffer) =>
  lengthField(1, lengthField(2, lengthField(2, Buffer.concat([lengthField(1, name), lengthField(data, content)]))));

it.each([
  ['resources', repeatedField(1, MANY_BYTES)],
  ['scopes', lengthField(1, repeatedField(2, MANY_BYTES))],
  ['metrics', lengthField(1, lengthField(2, repeatedField(2, MANY_BYTES)))],
  ['attributes of a resource', lengthField(1, lengthField(1, repeatedField(1, MANY_BYTES)))],
  ['data points', metricOf('process.memory.usage', 5, repeatedField(1, MANY_BYTES))],
  ['data points of jobs', metricOf('bullmq.job.memory.net', 7, repeatedField(1, MANY_BYTES))],
  ['data points that are not used', metricOf('other', 5, repeatedField(1, MANY_BYTES))],
  ['fields that nobody knows', repeatedField(15, MANY_BYTES)],
])('refuses millions of empty %s, and takes the next request', async (_, body) => {
  const { otlp, accepted } = source();
  const response = await send(otlp, { body });
  expect(response.status).toBe(413);
  expect((await readAnswer(response)).message).toContain('too many fields');
  expect((await send(otlp, { body: encodeProtobuf([WHOLE]) })).status).toBe(200);
  expect(accepted).toHaveLength(1);
});

it('refuses gzip that comes to far more than an export does', async () => {
  const { otlp } = source();
  const body = gzipSync(repeatedField(1, 15_600_000));
  const response = await send(otlp, { headers: { 'content-encoding': 'gzip' }, body });
  expect(response.status).toBe(413);
  expect((await readAnswer(response)).message).toContain(`${200 * body.length} bytes after decompression`);
});

it('takes eight thousand processes with all that one exports', async () => {
  const { otlp } = source();
  const processes = Array.from({ length: 8_000 }, (_, index) => ({
    ...WHOLE,
    attributes: { ...WHOLE.attributes, 'service.instance.id': `process-${index}` },
  }));
  const body = gzipSync(encodeProtobuf(processes), { level: 1 });
  expect((await send(otlp, { headers: { 'content-encoding': 'gzip' }, body })).status).toBe(200);
});

it('keeps a body counted as held until it is decoded', async () => {
  const { otlp } = source({ flightLimits: { maxBytes: 1_000_000, maxBodies: 4, maxSenderFraction: 0.5 } });
  const body = encodeProtobuf([WHOLE]);
  const answers = await Promise.all(Array.from({ length: 4 }, () => send(otlp, { body })));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 503, 503]);
  expect((await send(otlp, { body })).status).toBe(200);
});

it('answers 503 with a time to come again where a sender has too much waiting to be decoded', async () => {
  const { otlp, accepted } = source({ decodeLimits: { maxWaitMs: 60_000, maxWaitingOfSender: 1 } });
  const body = encodeProtobuf([WHOLE]);
  const answers = await Promise.all([send(otlp, { body }), send(otlp, { body })]);
  expect(answers.map(({ status }) => status)).toEqual([200, 503]);
  expect(Number(answers[1]?.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(accepted).toHaveLength(1);
});
