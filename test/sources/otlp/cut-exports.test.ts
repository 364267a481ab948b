import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BootRegistry } from '../../../src/actuator/boot-registry.ts';
import { defaultPolicy } from '../../../src/config/policy.ts';
import { Intake } from '../../../src/sources/intake.ts';
import { createOtlpSource } from '../../../src/sources/otlp/otlp-http.ts';
import { createPointsStreamSource } from '../../../src/sources/points-stream.ts';
import {
  type DataPointSpec,
  encodeJson,
  encodeProtobuf,
  type MetricSpec,
  type ResourceSpec,
} from './senders/otlp-encoder.ts';
import { IDENTITY, nanos, T0 } from './senders/requests.ts';

const HOLD_MS = 1_000;

/** One data point, with all that an export says around it. */
interface Piece {
  readonly processId: string;
  readonly name: string;
  readonly kind: MetricSpec['kind'];
  readonly dataPoint: DataPointSpec;
}

/**
 * What one process exports at one time: memory, the whole dyno's, its quota, jobs of two queues, and finished jobs a
 * millisecond later.
 */
function exportOf(processId: string, timeMs: number, size: number): Piece[] {
  const at = (
    name: string,
    value: number,
    attributes: Readonly<Record<string, string>> = {},
    kind: MetricSpec['kind'] = 'sum',
    laterMs = 0,
  ): Piece => {
    const timeNanos = nanos(timeMs + laterMs);
    const number = kind === 'histogram' ? { count: BigInt(value) } : { asInt: BigInt(value) };
    return { processId, name, kind, dataPoint: { timeNanos, attributes, ...number } };
  };
  const queue = (name: string) => ({ 'messaging.system': 'bullmq', 'messaging.destination.name': name });
  return [
    at('process.memory.usage', 100 + size),
    ...(processId === 'p1'
      ? [
          at('tidemark.dyno.memory.usage', 400 + size, { 'tidemark.memory.state': 'resident' }),
          at('tidemark.dyno.memory.usage', 50 + size, { 'tidemark.memory.state': 'swap' }),
          at('tidemark.dyno.memory.limit', 1_000 + size, {}, 'gauge'),
        ]
      : []),
    at('bullmq.job.active', 1 + (size % 3), queue('mail')),
    at('bullmq.job.active', 2, queue('pdf')),
    at('bullmq.job.active_age', 40 + size, {}, 'gauge'),
    at('messaging.process.duration', 70 + size, { ...queue('mail'), 'bullmq.job.name': 'send' }, 'histogram', 1),
    at('messaging.process.duration', 30 + size, { ...queue('pdf'), 'bullmq.job.name': 'send' }, 'histogram', 1),
  ];
}

const EXPORTS = [0, 10, 20, 30].flatMap((second, index) => [
  exportOf('p1', T0 - 40_000 + second * 1000, 7 * index),
  exportOf('p2', T0 - 39_000 + second * 1000, 11 * index),
]);

/** A resource entry for these pieces, each metric of which holds what belongs to it. */
function resourceOf(pieces: readonly Piece[]): ResourceSpec {
  const metrics = new Map<string, MetricSpec & { dataPoints: DataPointSpec[] }>();
  for (const { name, kind, dataPoint } of pieces) {
    const metric = metrics.get(name) ?? { name, kind, dataPoints: [] };
    metric.dataPoints.push(dataPoint);
    metrics.set(name, metric);
  }
  const processId = pieces[0]?.processId ?? '';
  // The same for all processes, as an app may set it.
  const attributes = { ...IDENTITY, 'service.instance.id': 'shared', 'tidemark.process.id': processId };
  return { attributes, scopes: [[...metrics.values()]] };
}

/** The actuator's way from a request to its boots. */
function actuator() {
  const registry = new BootRegistry(defaultPolicy(60_000));
  let nowMs = T0;
  const intake = new Intake({
    maxPointAgeMs: 120_000,
    holdMs: HOLD_MS,
    clock: { now: () => nowMs },
    accept: (points) => registry.accept(points),
  });
  const { handle } = createOtlpSource({ tokens: [], ready: () => true, intake });
  const stream = createPointsStreamSource({
    intake,
    onFault: (fault) => {
      throw new Error(fault);
    },
  });
  const post = (type: string, body: Uint8Array<ArrayBuffer> | string, headers = {}) =>
    handle(
      new Request('http://127.0.0.1/v1/metrics', {
        method: 'POST',
        headers: { 'content-type': type, ...headers },
        body,
      }),
      '127.0.0.1',
    );
  const ways = [
    (resources: ResourceSpec[]) => post('application/x-protobuf', encodeProtobuf(resources)),
    (resources: ResourceSpec[]) => post('application/json', encodeJson(resources)),
    (resources: ResourceSpec[]) =>
      post('application/x-protobuf', gzipSync(encodeProtobuf(resources)), { 'content-encoding': 'gzip' }),
    async (resources: ResourceSpec[]) => stream(encodeJson(resources)),
  ];
  return {
    send: (resources: ResourceSpec[], way = 0) => ways[way % ways.length]?.(resources),
    wait: (ms: number) => {
      nowMs += ms;
      intake.settle();
    },
    counts: () => intake.counts(),
    boots: () => JSON.stringify(registry.entries().map(({ boot }) => boot)),
    boot: () => registry.entries()[0]?.boot,
  };
}

async function whole() {
  const one = actuator();
  for (const pieces of EXPORTS) await one.send([resourceOf(pieces)]);
  one.wait(HOLD_MS);
  return one;
}

/**
 * Each piece's number, whether it comes twice, the request and the resource entry in which it comes, and its place
 * there.
 */
const grouping = fc.array(
  fc.record({ request: fc.nat(7), entry: fc.nat(3), order: fc.nat(1000), twice: fc.boolean(), again: fc.nat(7) }),
  { minLength: EXPORTS.flat().length, maxLength: EXPORTS.flat().length },
);

describe('an export that comes in parts', () => {
  it('gives the same boots, whatever the grouping, order, encoding and repetition', async () => {
    const expected = (await whole()).boots();
    await fc.assert(
      fc.asyncProperty(grouping, fc.array(fc.nat(3), { minLength: 8, maxLength: 8 }), async (places, ways) => {
        const requests: Map<string, { piece: Piece; order: number }[]>[] = Array.from({ length: 8 }, () => new Map());
        const put = (request: number, entry: number, piece: Piece, order: number) => {
          const key = `${piece.processId} ${entry}`;
          const entries = requests[request] as Map<string, { piece: Piece; order: number }[]>;
          entries.set(key, [...(entries.get(key) ?? []), { piece, order }]);
        };
        EXPORTS.flat().forEach((piece, index) => {
          const { request, entry, order, twice, again } = places[index] as (typeof places)[number];
          put(request, entry, piece, order);
          if (twice) put(again, entry, piece, order);
        });
        const cut = actuator();
        for (const [index, entries] of requests.entries()) {
          const resources = [...entries.values()].map((pieces) =>
            resourceOf(pieces.sort((a, b) => a.order - b.order).map(({ piece }) => piece)),
          );
          await cut.send(resources, ways[index]);
        }
        cut.wait(HOLD_MS);
        expect(cut.boots()).toBe(expected);
        const { accepted, duplicate } = cut.counts();
        expect(accepted).toBe(EXPORTS.flat().length);
        expect(duplicate).toBe(places.filter(({ twice }) => twice).length);
      }),
      { numRuns: 150 },
    );
  });

  it('is not changed by the repetition of any part of it', async () => {
    const expected = (await whole()).boots();
    const parts = fc.subarray(EXPORTS.flat(), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(parts, fc.nat(3), async (pieces, way) => {
        const one = await whole();
        for (const processId of ['p1', 'p2']) {
          const own = pieces.filter((piece) => piece.processId === processId);
          if (own.length > 0) await one.send([resourceOf(own)], way);
        }
        one.wait(HOLD_MS);
        expect(one.boots()).toBe(expected);
        expect(one.counts().duplicate).toBe(pieces.length);
      }),
      { numRuns: 100 },
    );
  });

  it('is not used before its other part has come: no sample has its memory without its jobs', async () => {
    const one = actuator();
    const [memory, jobs] = [EXPORTS.flat().slice(0, 4), EXPORTS.flat().slice(4, 6)];
    await one.send([resourceOf(memory)]);
    expect(one.boot()).toBeUndefined();
    await one.send([resourceOf(jobs)]);
    one.wait(HOLD_MS);
    expect(one.boot()).toMatchObject({ usageBytes: 450, limitBytes: 1_000, activeJobs: 3 });
  });

  it('is still completed by a part that comes after the hold, and counts it once', async () => {
    const one = actuator();
    const [resident, swap, oneQueue, otherQueue] = [1, 2, 4, 5].map((index) => EXPORTS.flat()[index] as Piece);
    await one.send([resourceOf([resident as Piece, oneQueue as Piece])]);
    one.wait(HOLD_MS);
    expect(one.boot()).toMatchObject({ usageBytes: 400, activeJobs: 1 });
    for (let times = 0; times < 2; times++) {
      await one.send([resourceOf([otherQueue as Piece, swap as Piece])]);
      one.wait(HOLD_MS);
      expect(one.boot()).toMatchObject({ usageBytes: 450, activeJobs: 3 });
    }
    expect(one.counts()).toMatchObject({ accepted: 4, duplicate: 2 });
  });

  it('keeps its times though each part of it takes a way of its own that is slower than the hold', async () => {
    const one = actuator();
    for (const pieces of EXPORTS) {
      const isMemory = ({ name }: Piece) => name.includes('memory');
      await one.send([resourceOf(pieces.filter((piece) => !isMemory(piece)))]);
      one.wait(HOLD_MS + 500);
      await one.send([resourceOf(pieces.filter(isMemory))]);
      one.wait(HOLD_MS);
    }
    const expected = (await whole()).boot();
    expect(one.boot()?.usageBytes).toBe(expected?.usageBytes);
    expect(one.boot()?.activeJobs).toBe(expected?.activeJobs);
  });
});
