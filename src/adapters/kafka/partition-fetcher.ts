import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import type { ClusterMetadata } from '@platformatic/kafka';
import type { KafkaClient } from './client.ts';
import { isUnreadable } from './faults.ts';

/** One record. */
export interface KafkaRecord {
  readonly partition: number;
  readonly offset: bigint;
  /** Null: a record without content. */
  readonly value: Buffer | null;
}

/** How far a partition was read. */
export interface Progress {
  readonly nextOffset: bigint;
  /** Of the record that will be written next. */
  readonly endOffset: bigint;
  /** When the newest record read now was written (Unix ms); null where none was. */
  readonly newestMs: number | null;
}

export interface PartitionFetcherOptions {
  readonly client: KafkaClient;
  readonly topic: string;
  /** In the order of the offsets. Must not throw. */
  readonly onRecord: (record: KafkaRecord) => void;
  readonly onProgress: (partition: number, progress: Progress) => void;
  /** Records that cannot be read at all: they are skipped. */
  readonly onSkipped: (partition: number, why: string) => void;
  /** The offset is in the partition no more: it is not read until `read` says from where. */
  readonly onOutOfRange: (partition: number) => void;
  readonly onFault: (error: unknown) => void;
}

const MIB = 1024 ** 2;
/** One answer of a broker. A single record may be larger: up to the topic's `max.message.bytes`. */
const MAX_BYTES = 4 * MIB;
const MAX_BYTES_OF_PARTITION = MIB;
/** How long a broker keeps a fetch open while it has nothing new. A partition that is added waits as long. */
const WAIT_MS = 500;
const RETRY_MS = 500;
/** After so long with records a turn is given to everything else. */
const TURN_MS = 10;
const CONTROL_BATCH = 1 << 5;
const OFFSET_OUT_OF_RANGE = 1;

type FetchResponse = Awaited<ReturnType<KafkaClient['fetch']>>;
type FetchedPartition = FetchResponse['responses'][number]['partitions'][number];

interface Reading {
  offset: bigint;
  /** Its last answer could not be read: it is fetched alone, and if that fails too, by so much further on. */
  skip: bigint;
}

/**
 * Reads partitions from the brokers that lead them, one fetch at a time from each broker, and the next one only when
 * all records of the last were taken. So memory is bounded whatever the lag, and a slow broker delays no other's
 * partitions.
 */
export class PartitionFetcher {
  readonly #options: PartitionFetcherOptions;
  readonly #readings = new Map<number, Reading>();
  readonly #busyNodes = new Set<number>();
  readonly #closed = new AbortController();

  constructor(options: PartitionFetcherOptions) {
    this.#options = options;
  }

  read(partition: number, offset: bigint): void {
    this.#readings.set(partition, { offset, skip: 0n });
    void this.#pump();
  }

  /** A fetch that is under way may answer: its records of this partition are dropped. */
  stop(partition: number): void {
    this.#readings.delete(partition);
  }

  close(): void {
    this.#closed.abort();
    this.#readings.clear();
  }

  async #pump(): Promise<void> {
    const { client, topic, onFault } = this.#options;
    if (this.#readings.size === 0) return;
    try {
      const metadata = await client.metadata({ topics: [topic] });
      const nodes = Map.groupBy(this.#readings.keys(), (partition) => leaderOf(metadata, topic, partition));
      for (const [node, partitions] of nodes) {
        // A partition has no leader while the brokers elect one.
        if (node < 0) this.#pumpLater();
        else if (!this.#busyNodes.has(node)) void this.#fetch(node, idOf(metadata, topic), partitions);
      }
    } catch (error) {
      onFault(error);
      client.clearMetadata();
      this.#pumpLater();
    }
  }

  #pumpLater(): void {
    void delay(RETRY_MS, undefined, { signal: this.#closed.signal }).then(
      () => this.#pump(),
      () => undefined,
    );
  }

  async #fetch(node: number, topicId: string, all: readonly number[]): Promise<void> {
    this.#busyNodes.add(node);
    const suspect = all.find((partition) => (this.#readings.get(partition)?.skip ?? 0n) > 0n);
    const partitions = suspect === undefined ? all : [suspect];
    try {
      await this.#fetchPartitions(node, topicId, partitions);
      void this.#pump();
    } catch (error) {
      this.#options.onFault(error);
      this.#pumpLater();
    } finally {
      this.#busyNodes.delete(node);
    }
  }

  /** Rejects where it is to be tried again in a while. */
  async #fetchPartitions(node: number, topicId: string, partitions: readonly number[]): Promise<void> {
    const { client } = this.#options;
    const asked = new Map(
      partitions.flatMap((partition) => {
        const reading = this.#readings.get(partition);
        return reading === undefined ? [] : [[partition, reading] as const];
      }),
    );
    const isSuspect = [...asked.values()].some(({ skip }) => skip > 0n);
    try {
      const response = await client.fetch({
        node,
        topics: [
          { topicId, partitions: [...asked].map(([partition, { offset }]) => requestOf(partition, offset, isSuspect)) },
        ],
        maxBytes: MAX_BYTES,
        minBytes: isSuspect ? 0 : 1,
        maxWaitTime: isSuspect ? 0 : WAIT_MS,
      });
      await this.#take(response, asked);
    } catch (error) {
      if (isUnreadable(error)) this.#suspect(asked, error);
      else await this.#takeRest(error, asked);
    }
  }

  /** Of an answer with errors: some of its partitions may be well. Throws the error if it is to be tried again. */
  async #takeRest(error: unknown, asked: ReadonlyMap<number, Reading>): Promise<void> {
    const { response } = error as { readonly response?: FetchResponse };
    const answers = response?.responses === undefined ? [] : partitionsIn(response);
    if (response !== undefined) await this.#take(response, asked);
    const isKnown = ({ errorCode }: { readonly errorCode: number }) =>
      errorCode === 0 || errorCode === OFFSET_OUT_OF_RANGE;
    if (answers.length > 0 && answers.every(isKnown)) return;
    this.#options.client.clearMetadata();
    throw error;
  }

  /** An answer that cannot be read says nothing of where the next records begin: by doubling, few steps find them. */
  #suspect(asked: ReadonlyMap<number, Reading>, error: unknown): void {
    const [[partition, reading] = [0, undefined]] = asked;
    const isAlone = asked.size === 1 && reading !== undefined && reading.skip > 0n;
    if (isAlone) {
      reading.offset += reading.skip;
      reading.skip *= 2n;
      this.#options.onSkipped(partition, error instanceof Error ? error.message : String(error));
    } else {
      for (const one of asked.values()) one.skip = 1n;
    }
  }

  async #take(response: FetchResponse, asked: ReadonlyMap<number, Reading>): Promise<void> {
    for (const answer of partitionsIn(response)) {
      const { partitionIndex: partition, errorCode } = answer;
      const reading = asked.get(partition);
      // It may have been stopped since, or be read from elsewhere by now.
      if (reading === undefined || this.#readings.get(partition) !== reading) continue;
      if (errorCode === 0) await this.#takePartition(answer, reading);
      else if (errorCode === OFFSET_OUT_OF_RANGE) {
        this.#readings.delete(partition);
        this.#options.onOutOfRange(partition);
      }
    }
  }

  async #takePartition(answer: FetchedPartition, reading: Reading): Promise<void> {
    const { partitionIndex: partition, highWatermark: endOffset, records } = answer;
    let newestMs: number | null = null;
    let turnEndsMs = performance.now() + TURN_MS;
    reading.skip = 0n;
    for (const batch of records ?? []) {
      for (const record of batch.attributes & CONTROL_BATCH ? [] : batch.records) {
        const offset = batch.firstOffset + BigInt(record.offsetDelta);
        // A batch is sent whole, also what was read of it before.
        if (offset < reading.offset) continue;
        this.#options.onRecord({ partition, offset, value: record.value });
        reading.offset = offset + 1n;
        if (performance.now() < turnEndsMs) continue;
        await nextTurn();
        if (this.#readings.get(partition) !== reading) return;
        turnEndsMs = performance.now() + TURN_MS;
      }
      const next = batch.firstOffset + BigInt(batch.lastOffsetDelta) + 1n;
      if (next > reading.offset) reading.offset = next;
      newestMs = Number(batch.maxTimestamp);
    }
    this.#options.onProgress(partition, { nextOffset: reading.offset, endOffset, newestMs });
  }
}

function requestOf(partition: number, fetchOffset: bigint, isSuspect: boolean) {
  // A broker sends at least one batch, however small the bound.
  const partitionMaxBytes = isSuspect ? 1 : MAX_BYTES_OF_PARTITION;
  return { partition, fetchOffset, partitionMaxBytes, currentLeaderEpoch: -1, lastFetchedEpoch: -1 };
}

function partitionsIn({ responses }: FetchResponse) {
  return responses.flatMap(({ partitions }) => partitions);
}

function leaderOf({ topics }: ClusterMetadata, topic: string, partition: number): number {
  return topics.get(topic)?.partitions[partition]?.leader ?? -1;
}

function idOf({ topics }: ClusterMetadata, topic: string): string {
  return topics.get(topic)?.id ?? '';
}
