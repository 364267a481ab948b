import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Admin, Consumer, Producer } from '@platformatic/kafka';
import { type RunningCollector, startCollector } from '../../../src/testbed/servers/collector.ts';
import { findCollector, KAFKA_CONFIG_PATH } from '../../../src/testbed/servers/collector-binary.ts';
import { encodeProtobuf, type ResourceSpec } from '../../sources/otlp/otlp-encoder.ts';
import { Broker } from './broker.ts';

const INGEST_TOKEN = 'collector-t0ken';
const TOPIC = 'tidemark';
const RECORDS_AT_ONCE = 200;
const GROUP = 'tidemark';

/** A record of the topic. */
export interface TopicRecord {
  readonly partition: number;
  readonly offset: bigint;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

/** A real Kafka with the topic, and a real Collector that writes to it. */
export class KafkaPipeline {
  readonly broker: Broker;
  readonly collector: RunningCollector;
  readonly #admin: Admin;
  readonly #queueDir: string;

  private constructor(broker: Broker, collector: RunningCollector, admin: Admin, queueDir: string) {
    this.broker = broker;
    this.collector = collector;
    this.#admin = admin;
    this.#queueDir = queueDir;
  }

  static async start(partitions: number): Promise<KafkaPipeline> {
    const binary = await findCollector();
    if (binary === null) throw new Error('The Collector is not built: run "npm run build:collector".');
    const broker = await Broker.start();
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: [broker.address] });
    await admin.createTopics({ topics: [TOPIC], partitions, replicas: 1 });
    const queueDir = await mkdtemp(join(tmpdir(), 'tidemark-queue-'));
    const collector = await startCollector({
      binary,
      ingestToken: INGEST_TOKEN,
      actuatorToken: '',
      actuatorUrl: '',
      queueDir,
      overlays: [KAFKA_CONFIG_PATH],
      env: { KAFKA_BROKERS: broker.address, KAFKA_INSECURE: 'true' },
    });
    return new KafkaPipeline(broker, collector, admin, queueDir);
  }

  /** What `TIDEMARK_SOURCE=kafka` needs. */
  get actuatorEnv(): Readonly<Record<string, string>> {
    return { TIDEMARK_SOURCE: 'kafka', KAFKA_URL: `kafka://${this.broker.address}` };
  }

  /** As a worker sends it: through the Collector. */
  send(resources: readonly ResourceSpec[]): Promise<void> {
    return this.sendBytes(encodeProtobuf(resources), {});
  }

  /** A protobuf request, through the Collector. */
  async sendBytes(body: Uint8Array<ArrayBuffer>, headers: Readonly<Record<string, string>>): Promise<void> {
    const response = await fetch(`${this.collector.url}/v1/metrics`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf', authorization: `Bearer ${INGEST_TOKEN}`, ...headers },
      body,
    });
    if (!response.ok) throw new Error(`the Collector answered ${response.status}: ${await response.text()}`);
    await response.arrayBuffer();
  }

  /** Writes records past the Collector. */
  async produce(records: readonly { readonly partition: number; readonly value: Buffer; readonly key?: Buffer }[]) {
    const producer = new Producer<Buffer, Buffer, Buffer, Buffer>({
      clientId: 'test',
      bootstrapBrokers: [this.broker.address],
    });
    // A batch has a bound of its own, 1 MB by default.
    for (let first = 0; first < records.length; first += RECORDS_AT_ONCE) {
      const some = records.slice(first, first + RECORDS_AT_ONCE);
      await producer.send({ messages: some.map((record) => ({ topic: TOPIC, ...record })) });
    }
    await producer.close();
  }

  /** Writes one compressed batch into each partition, past the Collector. */
  async produceBatches(
    partitions: number,
    { value, compression }: { readonly value: Buffer; readonly compression: 'gzip' | 'lz4' },
  ) {
    const producer = new Producer<Buffer, Buffer, Buffer, Buffer>({
      clientId: 'test',
      bootstrapBrokers: [this.broker.address],
      compression,
    });
    const messages = Array.from({ length: partitions }, (_, partition) => ({ topic: TOPIC, partition, value }));
    for (const message of messages) await producer.send({ messages: [message] });
    await producer.close();
  }

  /** Everything in the topic, up to now. */
  async records(): Promise<readonly TopicRecord[]> {
    const reader = new Consumer<Buffer, Buffer, Buffer, Buffer>({
      clientId: 'test',
      groupId: `reader-${Date.now()}`,
      bootstrapBrokers: [this.broker.address],
    });
    const stream = await reader.consume({ topics: [TOPIC], mode: 'earliest', autocommit: false, maxWaitTime: 200 });
    const ends = (await reader.listOffsets({ topics: [TOPIC], timestamp: -1n })).get(TOPIC) ?? [];
    const all = Number(ends.reduce((sum, end) => sum + end, 0n));
    const found: TopicRecord[] = [];
    if (all > 0) {
      for await (const { partition, offset, key, value } of stream) {
        found.push({ partition, offset, key: key ?? null, value: value ?? null });
        if (found.length === all) break;
      }
    }
    await reader.close(true);
    return found;
  }

  /** How far the group has committed, by partition; -1: not at all. */
  async committed(): Promise<readonly bigint[]> {
    const reader = new Consumer({ clientId: 'test', groupId: GROUP, bootstrapBrokers: [this.broker.address] });
    const { partitions = [] } = (await reader.metadata({ topics: [TOPIC] })).topics.get(TOPIC) ?? {};
    const topics = [{ topic: TOPIC, partitions: [...partitions.keys()] }];
    const offsets = (await reader.listCommittedOffsets({ topics })).get(TOPIC) ?? [];
    await reader.close();
    return offsets;
  }

  async stop(): Promise<void> {
    await this.collector.stop();
    await this.#admin.close();
    await this.broker.stop();
    await rm(this.#queueDir, { recursive: true, force: true });
  }
}
