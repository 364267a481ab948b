import { fixed64Field, lengthField, varintField } from '../sources/otlp/senders/otlp-encoder.ts';

/** Requests that a holder of a token could send to hurt the actuator. */

/** Empty resource entries as JSON: 3 bytes each, of which `JSON.parse` makes 64. */
export function emptyResources(bytes: number): string {
  return `{"resourceMetrics":[${'{},'.repeat(bytes / 3)}{}]}`;
}

/** Objects each of a shape of its own. */
export function manyShapes(bytes: number): string {
  const objects: string[] = [];
  for (let length = 0; length < bytes; length += objects.at(-1)?.length ?? 0)
    objects.push(`{"${objects.length.toString(36)}":0}`);
  return `{"resourceMetrics":[],"x":[${objects.join()}]}`;
}

/** An empty message in this field, again and again: two bytes each, which gzip makes a thousandth of. */
export function repeatedField(number: number, bytes: number): Buffer<ArrayBuffer> {
  return Buffer.alloc(bytes, Buffer.from([(number << 3) | 2, 0]));
}

function attribute(key: string, value: string, field = 1): Buffer {
  return lengthField(field, Buffer.concat([lengthField(1, key), lengthField(2, lengthField(1, value))]));
}

interface Names {
  readonly app: string;
  readonly dyno: string;
  readonly bootId: string;
  readonly processId?: string;
}

function resource({ app, dyno, bootId, processId }: Names): Buffer {
  const identity = {
    'heroku.app.name': app,
    'heroku.dyno.name': dyno,
    'heroku.dyno.id': bootId,
    ...(processId === undefined ? {} : { 'tidemark.process.id': processId }),
  };
  return lengthField(1, Buffer.concat(Object.entries(identity).map(([key, value]) => attribute(key, value))));
}

/** RSS at each of these times. */
function scope(timesMs: Iterable<number>): Buffer {
  const points: Buffer[] = [];
  for (const timeMs of timesMs) {
    const nanos = BigInt(Math.round(timeMs)) * 1_000_000n;
    points.push(lengthField(1, Buffer.concat([fixed64Field(3, nanos), fixed64Field(6, 100_000_000n)])));
  }
  const metric = Buffer.concat([lengthField(1, 'process.memory.usage'), lengthField(5, Buffer.concat(points))]);
  return lengthField(2, lengthField(2, metric));
}

/** Many times of one dyno. */
export function manyTimes(app: string, count: number, nowMs: number): Buffer<ArrayBuffer> {
  const times = Array.from({ length: count }, (_, index) => nowMs - (index % 100_000));
  return lengthField(
    1,
    Buffer.concat([resource({ app, dyno: 'worker.1', bootId: 'boot-of-many-times' }), scope(times)]),
  );
}

/** A name that V8 keeps with two bytes for each character. */
export function wideName(prefix: string, bytes: number): string {
  return `${prefix}漢`.padEnd(bytes - 2, 'x');
}

/** Job names of one boot, of which the actuator keeps figures. */
export interface HostileJobs {
  readonly app: string;
  readonly dyno: string;
  readonly count: number;
  /** Of one histogram each, with bounds of its own; 0: no histogram but a sum. */
  readonly buckets: number;
  /** What all names begin with. */
  readonly word: string;
}

/** Growth of many job names. */
export function manyJobs({ app, dyno, count, buckets, word }: HostileJobs, nowMs: number): Buffer<ArrayBuffer> {
  const nanos = BigInt(nowMs) * 1_000_000n;
  const counts = Buffer.concat(Array.from({ length: buckets }, () => Buffer.from([1, 0, 0, 0, 0, 0, 0, 0])));
  const points = Array.from({ length: count }, (_, index) => {
    const isHistogram = buckets > 0;
    const bounds = Buffer.alloc(8 * Math.max(0, buckets - 1));
    for (let at = 0; at < buckets - 1; at++) bounds.writeDoubleLE(at * 1000 + index / count, 8 * at);
    const field = isHistogram ? 9 : 7;
    const labels = [
      attribute('messaging.destination.name', `${word}q`, field),
      attribute('bullmq.job.name', `${word}${index}`, field),
    ];
    const sum = [fixed64Field(6, BigInt(index + 1))];
    const histogram = [fixed64Field(4, BigInt(buckets)), lengthField(6, counts), lengthField(7, bounds)];
    return lengthField(1, Buffer.concat([...labels, fixed64Field(3, nanos), ...(isHistogram ? histogram : sum)]));
  });
  const [name, data] =
    buckets > 0 ? (['bullmq.job.memory.growth', 9] as const) : (['bullmq.job.memory.net', 7] as const);
  const body = lengthField(data, Buffer.concat([...points, varintField(2, 2n)]));
  const metric = lengthField(2, lengthField(2, Buffer.concat([lengthField(1, name), body])));
  return lengthField(1, Buffer.concat([resource({ app, dyno, bootId: `boot-of-${dyno}` }), scope([nowMs]), metric]));
}

/** Many boots, as a names them, with a point each. */
export function manyBoots(count: number, nowMs: number, nameOf: (index: number) => Names): Buffer<ArrayBuffer> {
  const metrics = scope([nowMs]);
  const resources: Buffer[] = [];
  for (let index = 0; index < count; index++) {
    resources.push(lengthField(1, Buffer.concat([resource(nameOf(index)), metrics])));
  }
  return Buffer.concat(resources);
}
