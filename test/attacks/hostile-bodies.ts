import { fixed64Field, lengthField } from '../sources/otlp/otlp-encoder.ts';

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

function attribute(key: string, value: string): Buffer {
  return lengthField(1, Buffer.concat([lengthField(1, key), lengthField(2, lengthField(1, value))]));
}

function resource(app: string, dyno: string, bootId: string): Buffer {
  const identity = { 'heroku.app.name': app, 'heroku.dyno.name': dyno, 'heroku.dyno.id': bootId };
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
  return lengthField(1, Buffer.concat([resource(app, 'worker.1', 'boot-of-many-times'), scope(times)]));
}

/** Many boots, as a names them, with a point each. */
export function manyBoots(
  count: number,
  nowMs: number,
  nameOf: (index: number) => { readonly app: string; readonly dyno: string; readonly bootId: string },
): Buffer<ArrayBuffer> {
  const metrics = scope([nowMs]);
  const resources: Buffer[] = [];
  for (let index = 0; index < count; index++) {
    const { app, dyno, bootId } = nameOf(index);
    resources.push(lengthField(1, Buffer.concat([resource(app, dyno, bootId), metrics])));
  }
  return Buffer.concat(resources);
}
