import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Admin, Consumer, Producer } from '@platformatic/kafka';
import { type RunningCollector, startCollector } from '../../../src/testbed/servers/collector.ts';
import { findCollector, KAFKA_CONFIG_PATH } from '../../../src/testbed/servers/collector-binary.ts';
import { encodeProtobuf, type ResourceSpec } from '../../sources/otlp/senders/otlp-encoder.ts';
import { Broker } from './broker.ts';

const INGEST_TOKEN = 'collector-t0ken';
const NAME = 'tidemark';
const RECORDS_AT_ONCE = 200;

/** A record of the topic. */
export interface TopicRecord {
  readonly partition: number;
  readonly offset: bigint;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

export interface PipelineOptions {
  readonly partitions: number;
  /**
   * As on a Basic plan of Heroku: TLS, a certificate for each client, host names that do not match, and a prefix before
   * topic and group. Default: none of it.
   */
  readonly isLikeHeroku?: boolean;
}

/** A real Kafka with the topic, and a real Collector that writes to it. */
export class KafkaPipeline {
  readonly broker: Broker;
  readonly collector: RunningCollector;
  /** Of topic and consumer group. */
  readonly name: string;
  readonly #admin: Admin;
  readonly #queueDir: string;

  private constructor(broker: Broker, collector: RunningCollector, admin: Admin, queueDir: string) {
    this.broker = broker;
    this.name = nameOn(broker);
    this.collector = collector;
    this.#admin = admin;
    this.#queueDir = queueDir;
  }

  static async start({ partitions, isLikeHeroku = false }: PipelineOptions): Promise<KafkaPipeline> {
    const binary = await findCollector();
    if (binary === null) throw new Error('The Collector is not built: run "npm run build:collector".');
    const broker = await Broker.start({ isTls: isLikeHeroku });
    const admin = new Admin(clientOf(broker));
    await admin.createTopics({ topics: [nameOn(broker)], partitions, replicas: 1 });
    const queueDir = await mkdtemp(join(tmpdir(), 'tidemark-queue-'));
    const collector = await startCollector({
      binary,
      ingestToken: INGEST_TOKEN,
      actuatorToken: '',
      actuatorUrl: '',
      queueDir,
      overlays: [KAFKA_CONFIG_PATH],
      env: {
        KAFKA_BROKERS: broker.address,
        ...(isLikeHeroku ? { ...attachmentOf(broker), KAFKA_SKIP_VERIFY: 'true' } : { KAFKA_INSECURE: 'true' }),
      },
    });
    return new KafkaPipeline(broker, collector, admin, queueDir);
  }

  /** What `TIDEMARK_SOURCE=kafka` needs. */
  get actuatorEnv(): Readonly<Record<string, string>> {
    const { address, certificates } = this.broker;
    const scheme = certificates === null ? 'kafka' : 'kafka+ssl';
    return { TIDEMARK_SOURCE: 'kafka', KAFKA_URL: `${scheme}://${address}`, ...attachmentOf(this.broker) };
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
    const producer = new Producer<Buffer, Buffer, Buffer, Buffer>(clientOf(this.broker));
    // A batch has a bound of its own, 1 MB by default.
    for (let first = 0; first < records.length; first += RECORDS_AT_ONCE) {
      const some = records.slice(first, first + RECORDS_AT_ONCE);
      await producer.send({ messages: some.map((record) => ({ topic: this.name, ...record })) });
    }
    await producer.close();
  }

  /** Writes records one after the other for this long, and at most this many; returns how many. */
  async produceFor(ms: number, most: number, make: () => { readonly partition: number; readonly value: Buffer }) {
    const producer = new Producer<Buffer, Buffer, Buffer, Buffer>(clientOf(this.broker));
    const endMs = performance.now() + ms;
    let count = 0;
    for (; count < most && performance.now() < endMs; count++)
      await producer.send({ messages: [{ topic: this.name, ...make() }] });
    await producer.close();
    return count;
  }

  /** Writes one compressed batch into each partition, past the Collector. */
  async produceBatches(
    partitions: number,
    { value, compression }: { readonly value: Buffer; readonly compression: 'gzip' | 'lz4' },
  ) {
    const producer = new Producer<Buffer, Buffer, Buffer, Buffer>({ ...clientOf(this.broker), compression });
    const messages = Array.from({ length: partitions }, (_, partition) => ({ topic: this.name, partition, value }));
    for (const message of messages) await producer.send({ messages: [message] });
    await producer.close();
  }

  /** Everything in the topic, up to now. */
  async records(): Promise<readonly TopicRecord[]> {
    const groupId = `reader-${Date.now()}`;
    const reader = new Consumer<Buffer, Buffer, Buffer, Buffer>({ ...clientOf(this.broker), groupId });
    const topics = [this.name];
    const stream = await reader.consume({ topics, mode: 'earliest', autocommit: false, maxWaitTime: 200 });
    const ends = (await reader.listOffsets({ topics, timestamp: -1n })).get(this.name) ?? [];
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
    const reader = new Consumer({ ...clientOf(this.broker), groupId: this.name });
    const { partitions = [] } = (await reader.metadata({ topics: [this.name] })).topics.get(this.name) ?? {};
    const topics = [{ topic: this.name, partitions: [...partitions.keys()] }];
    const offsets = (await reader.listCommittedOffsets({ topics })).get(this.name) ?? [];
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

const PREFIX = 'wabash-58799.';

function nameOn({ certificates }: Broker): string {
  return certificates === null ? NAME : `${PREFIX}${NAME}`;
}

/** What Heroku sets in an app with this Kafka, but for the address; nothing without TLS. */
function attachmentOf({ certificates }: Broker): Readonly<Record<string, string>> {
  if (certificates === null) return {};
  return {
    KAFKA_PREFIX: PREFIX,
    KAFKA_TRUSTED_CERT: certificates.trusted,
    KAFKA_CLIENT_CERT: certificates.clientCert,
    KAFKA_CLIENT_CERT_KEY: certificates.clientCertKey,
  };
}

function clientOf({ address, certificates }: Broker) {
  const shared = { clientId: 'test', bootstrapBrokers: [address] };
  if (certificates === null) return shared;
  const { trusted: ca, clientCert: cert, clientCertKey: key } = certificates;
  return { ...shared, tls: { ca, cert, key, checkServerIdentity: () => undefined } };
}
