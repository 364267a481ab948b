import { describe, expect, it } from 'vitest';
import { createRecordDecoder } from '../../src/sources/kafka-records.ts';
import { decodeProtobuf } from '../../src/sources/otlp/otlp-protobuf.ts';
import { OWN_VOCABULARY } from '../../src/sources/otlp/vocabulary.ts';
import { encodeProtobuf } from './otlp/senders/otlp-encoder.ts';
import { IDENTITY, rssAt, T0, WHOLE } from './otlp/senders/requests.ts';

const decode = createRecordDecoder(OWN_VOCABULARY);

describe('a record', () => {
  it('gives each scope to the process that it names', () => {
    const of = (process: string, dyno: string, bytes: number) =>
      rssAt([T0], { 'tidemark.process.id': process, 'heroku.dyno.name': dyno }, bytes);
    const value = encodeProtobuf([of('a', 'worker.1', 1), of('b', 'worker.2', 2)], 'scope');
    const found = decode(value).rows.map(({ point }) => [point.boot.dyno, point.processId, point.rssBytes]);
    expect(found).toEqual([
      ['worker.1', 'a', 1],
      ['worker.2', 'b', 2],
    ]);
  });

  it('takes from a scope without attributes nothing of the scope before it', () => {
    const nameless = { ...rssAt([T0]), attributes: {} };
    const { rows, noDyno } = decode(
      Buffer.concat([rssAt([T0]), nameless].map((one) => encodeProtobuf([one], 'scope'))),
    );
    expect([rows.length, noDyno]).toEqual([1, 1]);
  });

  it('says the same as a request over HTTP, in rows of one scope each', () => {
    const merged = (rows: readonly { readonly point: object }[]) =>
      Object.assign(
        {},
        ...rows.map(({ point }) => Object.entries(point).filter(([, value]) => value !== null)).map(Object.fromEntries),
      );
    expect(merged(decode(encodeProtobuf([WHOLE], 'scope')).rows)).toEqual(
      merged(decodeProtobuf(encodeProtobuf([WHOLE])).rows),
    );
  });

  it('over HTTP names its process on the resource alone', () => {
    expect(decodeProtobuf(encodeProtobuf([rssAt([T0], IDENTITY)], 'scope')).rows).toEqual([]);
  });

  it.each([
    ['nothing', null],
    ['no bytes', Buffer.alloc(0)],
    ['no protobuf', Buffer.from('no protobuf')],
    ['more than 16 MiB', Buffer.alloc(16 * 1024 ** 2 + 1)],
  ])('is refused with %s', (_, value) => {
    expect(() => decode(value)).toThrow();
  });
});
