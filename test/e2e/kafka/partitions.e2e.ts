import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createRecordDecoder } from '../../../src/sources/kafka-records.ts';
import { decodeProtobuf } from '../../../src/sources/otlp/otlp-protobuf.ts';
import { OWN_VOCABULARY } from '../../../src/sources/otlp/vocabulary.ts';
import type { DecodedRequest } from '../../../src/sources/points/request-fold.ts';
import { encodeProtobuf, type ResourceSpec } from '../../sources/otlp/senders/otlp-encoder.ts';
import { IDENTITY, metric, T0 } from '../../sources/otlp/senders/requests.ts';
import { KafkaPipeline, type TopicRecord } from './kafka-pipeline.ts';

const PARTITIONS = 6;
const decode = createRecordDecoder(OWN_VOCABULARY);
const TARGETS = [
  ['shop', 'worker'],
  ['shop', 'mailer'],
  ['blog', 'worker'],
  ['docs', 'worker'],
  ['help', 'clock'],
] as const;
const DYNOS = 4;
const PROCESSES = 3;
const TIMES = [T0, T0 + 10_000, T0 + 20_000];

/** What one process exports at one time: in three scopes, as instrumentations of its own each. */
function exported(app: string, type: string, number: number, process: number, timeMs: number): ResourceSpec {
  const job = { 'messaging.destination.name': 'mail', 'bullmq.job.name': `job-${process}` };
  return {
    attributes: {
      ...IDENTITY,
      'heroku.app.name': app,
      'heroku.process.type': type,
      'heroku.dyno.name': `${type}.${number}`,
      'heroku.dyno.id': `boot-of-${app}-${type}.${number}`,
      'tidemark.process.id': `process-${app}-${type}-${number}-${process}`,
      'service.instance.id': `instance-${Math.random()}`,
    },
    scopes: [
      [metric('process.memory.usage', 1e6 * process + number, undefined, timeMs)],
      [metric('bullmq.job.active', process, job, timeMs), metric('bullmq.job.memory.net', 5, job, timeMs)],
      [metric('v8js.memory.heap.used', number, { 'v8js.heap.space.name': 'old' }, timeMs)],
    ],
  };
}

function all(): readonly ResourceSpec[][] {
  const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
  // One request a process and time, as workers send them; and one request with many resources, as a Collector does.
  return TIMES.flatMap((timeMs) => {
    const of = TARGETS.flatMap(([app, type]) =>
      numbers(DYNOS).flatMap((number) =>
        numbers(PROCESSES).map((process) => exported(app, type, number, process, timeMs)),
      ),
    );
    return timeMs === T0 ? [of] : of.map((one) => [one]);
  });
}

/** One after the other: points of jobs are good until the next record is decoded. */
function* decoded(records: readonly TopicRecord[]): Generator<DecodedRequest> {
  for (const { value } of records) yield decode(value);
}

/** What a request says of each process and time, whatever resources and scopes it is in. */
function contentOf(requests: Iterable<DecodedRequest>): readonly string[] {
  const points = new Map<string, Record<string, unknown>>();
  const jobs: string[] = [];
  for (const { rows, jobs: batches } of requests) {
    for (const { point } of rows) {
      const key = JSON.stringify([point.boot, point.processId, point.timeMs]);
      const known = points.get(key) ?? {};
      const measured = Object.entries(point).filter(([, value]) => value !== null);
      points.set(key, { ...known, ...Object.fromEntries(measured) });
    }
    for (const { process, points: found } of batches) jobs.push(...found.map((one) => JSON.stringify([process, one])));
  }
  return [...[...points.values()].map((one) => JSON.stringify(Object.entries(one).sort())), ...jobs].sort();
}

describe('what the Collector writes to Kafka', { timeout: 120_000 }, () => {
  let kafka: KafkaPipeline;
  let records: readonly TopicRecord[];
  const requests = all();

  beforeAll(async () => {
    kafka = await KafkaPipeline.start({ partitions: PARTITIONS });
    for (const request of requests) await kafka.send(request);
    const expected = requests.flat().length;
    records = await vi.waitFor(
      async () => {
        const found = await kafka.records();
        expect(found.length).toBeGreaterThanOrEqual(expected);
        return found;
      },
      { timeout: 60_000, interval: 500 },
    );
  }, 180_000);
  afterAll(() => kafka.stop());

  it('has all points of a target in one partition, whatever process they come from', () => {
    const partitions = new Map<string, Set<number>>();
    for (const { partition, value } of records) {
      for (const { process } of decode(value).rows) {
        const target = `${process.boot.app}:${process.boot.processType}`;
        partitions.set(target, (partitions.get(target) ?? new Set()).add(partition));
      }
    }
    expect([...partitions.keys()].sort()).toEqual(TARGETS.map((target) => target.join(':')).sort());
    expect([...partitions.values()].map((of) => of.size)).toEqual(TARGETS.map(() => 1));
    // Else the keys would all be the same.
    expect(new Set([...partitions.values()].flatMap((of) => [...of])).size).toBeGreaterThan(1);
  });

  it('says the same as was sent: nothing is lost, doubled, or given to another process', () => {
    const sent = requests.map((request) => decodeProtobuf(encodeProtobuf(request)));
    const content = contentOf(decoded(records));
    expect(content).toEqual(contentOf(sent));
    // A row, and two figures of a job.
    expect(content.length).toBe(3 * TARGETS.length * DYNOS * PROCESSES * TIMES.length);
  });
});
