import { describe, expect, it } from 'vitest';
import { BadInputError } from '../../../src/model/errors.ts';
import type { Point } from '../../../src/model/point.ts';
import { decodeJson } from '../../../src/sources/otlp/otlp-json.ts';
import { decodeProtobuf } from '../../../src/sources/otlp/otlp-protobuf.ts';
import type { DecodedRequest } from '../../../src/sources/points/request-fold.ts';
import { doubleField, fixed64Field, lengthField, varintField } from './senders/otlp-encoder.ts';
import { IDENTITY, nanos, T0 } from './senders/requests.ts';

const points = (request: DecodedRequest): Point[] => request.rows.map(({ point }) => point);

describe('protobuf', () => {
  it('passes over unknown fields of every wire type, wherever they are', () => {
    const unknown = Buffer.concat([
      varintField(1000, 2n ** 64n - 1n),
      fixed64Field(15, 1n),
      lengthField(2000, 'x'),
      Buffer.from([(14 << 3) | 5, 1, 2, 3, 4]),
    ]);
    const point = Buffer.concat([unknown, fixed64Field(3, nanos(T0)), unknown, doubleField(4, 9), unknown]);
    const data = Buffer.concat([unknown, lengthField(1, point), unknown]);
    const named = Buffer.concat([
      unknown,
      lengthField(7, data),
      unknown,
      lengthField(1, 'process.memory.usage'),
      unknown,
    ]);
    const scope = lengthField(2, Buffer.concat([unknown, lengthField(2, named), unknown]));
    const pairs = Object.entries(IDENTITY).map(([key, value]) =>
      lengthField(
        1,
        Buffer.concat([unknown, lengthField(2, Buffer.concat([unknown, lengthField(1, value)])), lengthField(1, key)]),
      ),
    );
    // The metrics come before the resource, and a value before its key: the order of fields means nothing.
    const resource = lengthField(1, Buffer.concat([unknown, ...pairs, unknown]));
    const bytes = Buffer.concat([unknown, lengthField(1, Buffer.concat([scope, unknown, resource])), unknown]);
    expect(points(decodeProtobuf(bytes))).toMatchObject([{ processId: 'process-1', rssBytes: 9, timeMs: T0 }]);
  });

  it.each([
    ['a length beyond the end', Buffer.from([0x0a, 0x05, 0x00])],
    ['a length that is cut', Buffer.from([0x0a, 0x85])],
    ['a length of 2^35', Buffer.from([0x0a, 0x80, 0x80, 0x80, 0x80, 0x10])],
    ['a length without an end', Buffer.from([0x0a, ...new Array(12).fill(0xff)])],
    ['an unknown number without an end', Buffer.from([0x28, ...new Array(12).fill(0xff)])],
    ['field number 0', Buffer.from([0x02, 0x00])],
    ['a group', Buffer.from([0x0b, 0x0c])],
    ['wire type 7', Buffer.from([0x0f])],
    ['a nested field that runs over its message', Buffer.from([0x0a, 0x02, 0x0a, 0x02, 0x00, 0x00])],
    ['text', Buffer.from('{"resourceMetrics":[]}')],
  ])('refuses %s and says at which byte', (_name, bytes) => {
    expect(() => decodeProtobuf(bytes)).toThrow(BadInputError);
    expect(() => decodeProtobuf(bytes)).toThrow(/at byte \d+: /);
  });

  it('distinguishes a cut message from a wrong one', () => {
    expect(() => decodeProtobuf(Buffer.from([0x0a, 0x05, 0x00]))).toThrow(/at byte 2: it ends in the middle/);
  });

  /**
   * This field claims two bytes more than its message has, and takes them from the parent, which then ends where it
   * should.
   */
  const OVERRUN = Buffer.from([0x62, 0x02]);
  const inParent = (number: number, ...before: Buffer[]) =>
    Buffer.concat([...before.slice(0, -1), lengthField(number, before.at(-1) ?? OVERRUN), varintField(15, 1n)]);
  const name = (text: string) => lengthField(1, text);
  const inMetric = (metricName: string, data: number, content: Buffer) =>
    lengthField(1, lengthField(2, lengthField(2, Buffer.concat([name(metricName), lengthField(data, content)]))));

  it.each([
    ['a resource', lengthField(1, inParent(1))],
    ['an attribute', lengthField(1, lengthField(1, inParent(1)))],
    ['an attribute value', lengthField(1, lengthField(1, lengthField(1, inParent(2))))],
    ['a scope', lengthField(1, inParent(2))],
    ['a metric', lengthField(1, lengthField(2, inParent(2)))],
    ['the data of a metric', lengthField(1, lengthField(2, lengthField(2, inParent(7))))],
    ['a number', inMetric('process.memory.usage', 7, inParent(1))],
    ['a histogram', inMetric('messaging.process.duration', 9, inParent(1, varintField(2, 2n), OVERRUN))],
  ])('refuses %s whose last field runs into its parent', (_name, bytes) => {
    expect(() => decodeProtobuf(bytes)).toThrow(/runs over the end/);
  });

  it('does not go deeper than the schema, however deep a value is nested', () => {
    let value: Buffer = lengthField(1, 'bottom');
    for (let depth = 0; depth < 2000; depth++) value = lengthField(5, lengthField(1, value));
    const attribute = lengthField(1, Buffer.concat([lengthField(1, 'heroku.dyno.name'), lengthField(2, value)]));
    expect(points(decodeProtobuf(lengthField(1, lengthField(1, attribute))))).toEqual([]);
  });
});

describe('JSON', () => {
  const wrap = (dataPoint: object, temporality: unknown = 2) =>
    JSON.stringify({
      futureField: 1,
      resourceMetrics: [
        {
          resource: {
            attributes: Object.entries(IDENTITY).map(([key, stringValue]) => ({ key, value: { stringValue } })),
          },
          scopeMetrics: [
            {
              metrics: [
                { name: 'process.memory.usage', sum: { aggregationTemporality: temporality, dataPoints: [dataPoint] } },
              ],
            },
          ],
          schemaUrl: null,
        },
        { resource: null, scopeMetrics: null },
      ],
    });

  it.each([
    ['a time as number', { timeUnixNano: Number(nanos(T0)), asInt: '5' }],
    ['an integer as number', { timeUnixNano: String(nanos(T0)), asInt: 5 }],
    ['a double as string', { timeUnixNano: String(nanos(T0)), asDouble: '5.0' }],
    [
      'nulls and unknown fields',
      { timeUnixNano: String(nanos(T0)), asDouble: null, asInt: '5', flags: null, later: [{}] },
    ],
  ])('takes %s', (_name, dataPoint) => {
    expect(points(decodeJson(wrap(dataPoint)))).toMatchObject([{ rssBytes: 5, timeMs: T0 }]);
  });

  it.each([
    ['no JSON', '{', /not JSON/],
    ['no object', '[]', /the request must be an object/],
    ['null', 'null', /the request must be an object/],
    ['resourceMetrics that are none', '{"resourceMetrics":{}}', /resourceMetrics must be an array/],
    ['a resource that is none', '{"resourceMetrics":[1]}', /each of resourceMetrics must be an object/],
    ['a time that is none', wrap({ timeUnixNano: 'noon', asInt: 1 }), /timeUnixNano must be an integer/],
    ['an integer that is none', wrap({ timeUnixNano: '1', asInt: 1.5 }), /asInt must be an integer/],
    ['a double that is none', wrap({ timeUnixNano: '1', asDouble: 'much' }), /asDouble must be a number/],
    [
      'an enum by name',
      wrap({ timeUnixNano: '1', asInt: 1 }, 'CUMULATIVE'),
      /aggregationTemporality must be an integer/,
    ],
    ['flags that are none', wrap({ timeUnixNano: '1', asInt: 1, flags: {} }), /flags must be an integer/],
  ])('refuses %s and says what', (_name, text, message) => {
    expect(() => decodeJson(text)).toThrow(BadInputError);
    expect(() => decodeJson(text)).toThrow(message);
  });

  it('stands deep nesting', () => {
    const text = `{"x":${'['.repeat(50_000)}${']'.repeat(50_000)}}`;
    expect(points(decodeJson(text))).toEqual([]);
  });

  it('is not led astray by names of object members', () => {
    const metrics = '[{"name":"constructor","sum":{"dataPoints":[{}]}}]';
    const text = `{"__proto__":{"resourceMetrics":[1]},"resourceMetrics":[{"scopeMetrics":[{"metrics":${metrics}}]}]}`;
    expect(decodeJson(text)).toMatchObject({ ignored: 1, rows: [] });
  });
});

describe('an attribute that is nested deeper than a stack', () => {
  it('of a series in JSON is passed over', () => {
    const depth = 200_000;
    const nested = `${'{"arrayValue":{"values":['.repeat(depth)}${']}}'.repeat(depth)}`;
    const point = `{"timeUnixNano":"${nanos(T0)}","asInt":"3","attributes":[{"key":"deep","value":${nested}}]}`;
    const scopes = `[{"metrics":[{"name":"bullmq.job.active","sum":{"dataPoints":[${point}]}}]}]`;
    const attributes = JSON.stringify(
      Object.entries(IDENTITY).map(([key, stringValue]) => ({ key, value: { stringValue } })),
    );
    const text = `{"resourceMetrics":[{"resource":{"attributes":${attributes}},"scopeMetrics":${scopes}}]}`;
    expect(points(decodeJson(text))).toMatchObject([{ activeJobs: 3 }]);
  });
});

it('half a character in a name in JSON is read as it would be from protobuf: no URL and few parsers take it', () => {
  const attributes = Object.entries({ ...IDENTITY, 'heroku.dyno.name': 'worker.\ud83d1' }).map(
    ([key, stringValue]) => ({
      key,
      value: { stringValue },
    }),
  );
  const dataPoints = [{ timeUnixNano: String(nanos(T0)), asInt: '5' }];
  const metrics = [{ name: 'process.memory.usage', sum: { aggregationTemporality: 2, dataPoints } }];
  const body = JSON.stringify({ resourceMetrics: [{ resource: { attributes }, scopeMetrics: [{ metrics }] }] });
  expect(points(decodeJson(body))).toMatchObject([{ boot: { dyno: 'worker.\ufffd1' } }]);
});
