import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readAnswer } from './senders/otlp-answer-reader.ts';
import { encodeJson, encodeProtobuf, gzipWithTrailer, type ResourceSpec } from './senders/otlp-encoder.ts';
import {
  JSON_TYPE,
  metric,
  PROTOBUF,
  rssAt,
  type Sent,
  send,
  source,
  T0,
  WHOLE,
  WHOLE_POINT,
} from './senders/requests.ts';

describe('what a sender gets', () => {
  it.each([
    ['protobuf', PROTOBUF, encodeProtobuf([WHOLE])],
    ['JSON', JSON_TYPE, encodeJson([WHOLE])],
    ['JSON with a charset', `${JSON_TYPE}; charset=utf-8`, encodeJson([WHOLE])],
    ['protobuf in capitals', 'Application/X-Protobuf', encodeProtobuf([WHOLE])],
  ])('is an empty answer in its own encoding: %s', async (_name, contentType, body) => {
    const { otlp, accepted } = source();
    const response = await send(otlp, { headers: { 'content-type': contentType }, body });
    const isJson = contentType.startsWith(JSON_TYPE);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(isJson ? JSON_TYPE : PROTOBUF);
    expect(await response.text()).toBe(isJson ? '{}' : '');
    expect(accepted).toEqual([WHOLE_POINT]);
  });

  it.each([
    ['gzip', { 'content-encoding': 'gzip' }, gzipSync(encodeProtobuf([WHOLE]))],
    ['GZIP', { 'content-encoding': 'GZIP' }, gzipSync(encodeProtobuf([WHOLE]))],
    ['identity', { 'content-encoding': 'identity' }, encodeProtobuf([WHOLE])],
  ])('is 200 for the content encoding %s', async (_name, headers, body) => {
    const { otlp, accepted } = source();
    expect((await send(otlp, { headers, body })).status).toBe(200);
    expect(accepted).toEqual([WHOLE_POINT]);
  });

  it.each([
    ['protobuf', PROTOBUF, '', {}],
    ['protobuf, gzip', PROTOBUF, gzipSync(''), { 'content-encoding': 'gzip' }],
    ['protobuf, gzip of nothing at all', PROTOBUF, '', { 'content-encoding': 'gzip' }],
    ['JSON', JSON_TYPE, '{}', {}],
    ['JSON of nothing at all', JSON_TYPE, '', {}],
  ])('is 200 for an empty request: %s', async (_name, contentType, body, headers) => {
    const { otlp } = source();
    expect((await send(otlp, { headers: { 'content-type': contentType, ...headers }, body })).status).toBe(200);
  });

  it.each<[string, number, Sent, RegExp]>([
    ['a GET', 405, { method: 'GET' }, /POST/],
    ['a PUT', 405, { method: 'PUT' }, /POST/],
    ['another content type', 415, { headers: { 'content-type': 'text/plain' } }, /content type/],
    ['another content encoding', 415, { headers: { 'content-encoding': 'br' } }, /"br".*gzip/],
    ['two content encodings', 415, { headers: { 'content-encoding': 'gzip, gzip' } }, /gzip/],
    ['a body that is no protobuf', 400, { body: 'points' }, /at byte/],
    ['a body that is cut', 400, { body: encodeProtobuf([WHOLE]).subarray(0, -1) }, /at byte/],
    ['a body that is no JSON', 400, { headers: { 'content-type': JSON_TYPE }, body: '{"resource' }, /not JSON/],
    ['a body that is no gzip', 400, { headers: { 'content-encoding': 'gzip' } }, /not gzip/],
    [
      'a gzip that is cut',
      400,
      { headers: { 'content-encoding': 'gzip' }, body: gzipSync(encodeProtobuf([WHOLE])).subarray(0, -9) },
      /not gzip/,
    ],
    [
      'a gzip whose checksum is wrong',
      400,
      {
        headers: { 'content-encoding': 'gzip' },
        body: gzipWithTrailer(encodeProtobuf([WHOLE]), Buffer.from('ffffffffffffffff', 'hex')),
      },
      /not gzip/,
    ],
  ])('is a Status with the reason, in its own encoding: %s', async (_name, status, sent, message) => {
    const { otlp, accepted } = source();
    const response = await send(otlp, sent);
    expect(response.status).toBe(status);
    expect((await readAnswer(response)).message).toMatch(message);
    expect(accepted).toEqual([]);
  });

  it('names what may be sent instead', async () => {
    const { otlp } = source();
    expect((await send(otlp, { method: 'DELETE' })).headers.get('allow')).toBe('POST');
    const unknownType = await send(otlp, { headers: { 'content-type': 'text/plain' } });
    expect(unknownType.headers.get('content-type')).toBe(JSON_TYPE);
    expect(unknownType.headers.get('accept-post')).toBe(`${PROTOBUF}, ${JSON_TYPE}`);
    expect((await send(otlp, { headers: { 'content-encoding': 'br' } })).headers.get('accept-encoding')).toBe('gzip');
  });

  it.each([PROTOBUF, JSON_TYPE])(
    'is 503 with a time to come again while points cannot be taken: %s',
    async (contentType) => {
      let ready = false;
      const { otlp, accepted } = source({ ready: () => ready });
      const sent = {
        headers: { 'content-type': contentType },
        body: contentType === PROTOBUF ? encodeProtobuf([WHOLE]) : encodeJson([WHOLE]),
      };
      const refused = await send(otlp, sent);
      expect(refused.status).toBe(503);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await readAnswer(refused)).message).toMatch(/again later/);
      ready = true;
      expect((await send(otlp, sent)).status).toBe(200);
      expect(accepted).toHaveLength(1);
    },
  );

  it('is 400 where the body breaks off', async () => {
    const { otlp } = source();
    const body = new ReadableStream({ pull: (controller) => controller.error(new Error('gone')) });
    const request = new Request('http://127.0.0.1/v1/metrics', {
      method: 'POST',
      headers: { 'content-type': PROTOBUF },
      body,
      duplex: 'half',
    });
    const response = await otlp.handle(request, '127.0.0.1');
    expect(response.status).toBe(400);
  });
});

describe('size limits', () => {
  const limits = { maxBodyBytes: 1000, maxDecodedBytes: 5000, maxJsonBytes: 5000 };
  /** A field that is passed over, so that the request is good whatever its length. */
  const padded = (length: number) => {
    const whole = encodeProtobuf([WHOLE]);
    const rest = length - whole.length - 3;
    const padding = Buffer.concat([Buffer.from([0x12, (rest & 0x7f) | 0x80, rest >> 7]), Buffer.alloc(rest)]);
    return Buffer.concat([whole, padding]);
  };

  it.each([
    ['the longest body', 200, { body: padded(limits.maxDecodedBytes) }, 5000],
    ['a body too long', 413, { body: padded(limits.maxDecodedBytes + 1) }, 5000],
    ['a body announced as too long', 413, { headers: { 'content-length': '5001' } }, 5000],
    ['a body announced as shorter than it is', 413, { headers: { 'content-length': '1' }, body: padded(5001) }, 5000],
    [
      'the most after decompression',
      200,
      { headers: { 'content-encoding': 'gzip' }, body: gzipSync(padded(5000)) },
      1000,
    ],
    [
      'too much after decompression',
      413,
      { headers: { 'content-encoding': 'gzip' }, body: gzipSync(padded(5001)) },
      1000,
    ],
  ])('%s: %i', async (_name, status, sent, maxBodyBytes) => {
    const { otlp } = source({ limits: { ...limits, maxBodyBytes } });
    const response = await send(otlp, sent);
    expect(response.status).toBe(status);
    if (status === 413) expect((await readAnswer(response)).message).toMatch(/longer than \d+ bytes/);
  });

  it('stops a bomb at the limit, whatever its trailer says', async () => {
    const { otlp } = source();
    const bomb = gzipSync(Buffer.alloc(256 * 1024 ** 2));
    const lying = Buffer.from(bomb);
    lying.writeUInt32LE(10, lying.length - 4);
    for (const body of [bomb, lying]) {
      const response = await send(otlp, { headers: { 'content-encoding': 'gzip' }, body });
      expect(response.status).toBe(413);
      expect((await readAnswer(response)).message).toContain(`${16 * 1024 ** 2} bytes after decompression`);
    }
  });

  it('does not read on once a body without a length is too long', async () => {
    const { otlp } = source({ limits });
    let pulled = 0;
    const body = new ReadableStream({
      pull(controller) {
        pulled++;
        controller.enqueue(new Uint8Array(600));
      },
    });
    const headers = { 'content-type': PROTOBUF };
    const request = new Request('http://127.0.0.1/v1/metrics', { method: 'POST', headers, body, duplex: 'half' });
    expect((await otlp.handle(request, '127.0.0.1')).status).toBe(413);
    expect(pulled).toBeLessThan(5);
  });
});

describe('which points are used', () => {
  it.each([
    ['just not too old', -30_000, 'accepted'],
    ['too old', -30_001, 'too-old'],
    ['just not in the future', 60_000, 'accepted'],
    ['in the future', 60_001, 'future'],
  ] as const)('%s', async (_name, offsetMs, result) => {
    const { otlp, accepted } = source();
    const response = await send(otlp, { body: encodeProtobuf([rssAt([T0 + offsetMs])]) });
    expect([response.status, await response.text()]).toEqual([200, '']);
    expect(otlp.counts()[result]).toBe(1);
    expect(accepted).toHaveLength(result === 'accepted' ? 1 : 0);
  });

  it.each([
    ['just now, by a clock that runs ahead', 60_000, 'accepted'],
    ['in the future', 60_001, 'future'],
  ] as const)('of a boot that started %s', async (_name, offsetMs, result) => {
    const { otlp, accepted } = source();
    const identity = { 'tidemark.dyno.start_time': new Date(T0 + offsetMs).toISOString() };
    await send(otlp, { body: encodeProtobuf([rssAt([T0], identity)]) });
    expect(otlp.counts()[result]).toBe(1);
    expect(accepted).toHaveLength(result === 'accepted' ? 1 : 0);
  });

  it('is every one once, and none that comes late', async () => {
    const { otlp, accepted } = source();
    const deliver = (times: number[], processId = 'process-1', bootId = 'boot-1') =>
      send(otlp, {
        body: encodeProtobuf([rssAt(times, { 'service.instance.id': processId, 'heroku.dyno.id': bootId })]),
      });
    await deliver([T0 - 100]);
    await deliver([T0 - 100]);
    await deliver([T0 - 200, T0 - 50]);
    await deliver([T0 - 100], 'process-2');
    await deliver([T0 - 100], 'process-1', 'boot-2');
    expect(accepted.map(({ timeMs, processId, boot }) => [timeMs - T0, processId, boot.bootId])).toEqual([
      [-100, 'process-1', 'boot-1'],
      [-50, 'process-1', 'boot-1'],
      [-100, 'process-2', 'boot-1'],
      [-100, 'process-1', 'boot-2'],
    ]);
    expect(otlp.counts()).toMatchObject({ accepted: 4, duplicate: 2 });
  });

  it('is none twice of a request that repeats a resource', async () => {
    const { otlp, accepted } = source();
    await send(otlp, { body: encodeProtobuf([WHOLE, WHOLE]) });
    expect(accepted).toEqual([WHOLE_POINT]);
    expect(otlp.counts()).toMatchObject({ accepted: 13, duplicate: 13 });
  });

  it('does not depend on points that were not used', async () => {
    const { otlp, accepted } = source();
    await send(otlp, { body: encodeProtobuf([rssAt([T0 + 70_000])]) });
    await send(otlp, { body: encodeProtobuf([rssAt([T0])]) });
    expect(accepted.map(({ timeMs }) => timeMs)).toEqual([T0]);
  });

  it('is counted by data points, and reported where something is wrong with them', async () => {
    const { otlp } = source();
    const metrics = [
      metric('process.memory.usage', 5),
      metric('tidemark.process.memory.external', -5),
      metric('other', 1),
    ];
    const noDyno: ResourceSpec = { attributes: {}, scopes: [metrics] };
    const response = await send(otlp, { body: encodeProtobuf([{ ...WHOLE, scopes: [metrics] }, noDyno]) });
    expect(otlp.counts()).toEqual({
      accepted: 1,
      ignored: 2,
      'no-dyno': 2,
      'over-limit': 0,
      'too-old': 0,
      future: 0,
      duplicate: 0,
      'wrong-app': 0,
      invalid: 1,
    });
    expect(await readAnswer(response)).toEqual({
      rejectedDataPoints: 1,
      message: 'Rejected: 1 with a value that is negative or not finite, or without a time.',
    });
  });
});
