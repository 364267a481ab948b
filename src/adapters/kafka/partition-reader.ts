import { type KafkaClients, type KafkaConnection, loadKafka, SESSION_MS } from './client.ts';
import { adviceFor, messageOf } from './faults.ts';
import { GroupMember } from './group-member.ts';
import { type KafkaRecord, PartitionFetcher, type Progress } from './partition-fetcher.ts';

export type { KafkaRecord, Progress } from './partition-fetcher.ts';

export interface PartitionListener {
  /** All partitions that this actuator holds now. None is read before `read` is called for it. */
  onHeld(partitions: readonly number[]): void;
  /** The group knows this actuator as their holder, until this time (monotonic ms) and unless confirmed again. */
  onConfirmed(untilMs: number): void;
  /** In the order of the offsets. Must not throw. */
  onRecord(record: KafkaRecord): void;
  onProgress(partition: number, progress: Progress): void;
  /** Records that cannot be read at all are skipped. */
  onSkipped(partition: number, why: string): void;
  /** The offset is in the partition no more: `read` must say from where to go on. */
  onOutOfRange(partition: number): void;
}

/** Where a partition is to be read: from the offset, and never from records that were written before that time. */
interface StartPlace {
  readonly offset: bigint | null;
  /** Unix ms. */
  readonly notBeforeMs: number;
}

/** The partitions of a topic that the consumer group gives this actuator. */
export interface PartitionReader {
  /** Joins the group in the background. Call it once. */
  start(listener: PartitionListener): void;
  /** The first offset that is there and is not before that place. Rejects while the brokers do not answer. */
  startOffset(partition: number, from: StartPlace): Promise<bigint>;
  /** Reads a partition from this offset on, wherever it was read before. */
  read(partition: number, offset: bigint): void;
  stop(partition: number): void;
  /** Tells the group how far this actuator's state reaches, for tools that show the lag. Rejects where it cannot. */
  commit(offsets: ReadonlyMap<number, bigint>): Promise<void>;
  close(): Promise<void>;
}

type Log = (level: 'info' | 'warn', message: string) => void;

/** Loads the client library, and connects once started. `log` is for people and never carries a secret. */
export async function createPartitionReader(connection: KafkaConnection, log: Log): Promise<PartitionReader> {
  const clients = await loadKafka(connection);
  return new GroupReader(connection, clients, log);
}

class GroupReader implements PartitionReader {
  readonly #connection: KafkaConnection;
  readonly #clients: KafkaClients;
  readonly #log: Log;
  readonly #reader;
  #parts: { readonly member: GroupMember; readonly fetcher: PartitionFetcher } | null = null;
  #lastFault = '';

  constructor(connection: KafkaConnection, clients: KafkaClients, log: Log) {
    this.#connection = connection;
    this.#clients = clients;
    this.#log = log;
    this.#reader = clients.reader();
  }

  start(listener: PartitionListener): void {
    const { topic } = this.#connection;
    const onFault = (error: unknown) => this.#report(error);
    const member = new GroupMember({
      topic,
      open: this.#clients.member,
      probe: async () => void (await this.#reader.metadata({ topics: [topic], forceUpdate: true })),
      onHeld: (partitions) => {
        const held = partitions.length === 0 ? 'no partitions' : `the partitions ${partitions.join(', ')}`;
        this.#log('info', `this actuator holds ${held} of ${topic}`);
        listener.onHeld(partitions);
      },
      onConfirmed: (askedMs) => {
        this.#lastFault = '';
        listener.onConfirmed(askedMs + SESSION_MS);
      },
      onFault,
    });
    const fetcher = new PartitionFetcher({
      client: this.#reader,
      topic,
      onRecord: (record) => listener.onRecord(record),
      onProgress: (partition, progress) => listener.onProgress(partition, progress),
      onSkipped: (partition, why) => listener.onSkipped(partition, why),
      onOutOfRange: (partition) => listener.onOutOfRange(partition),
      onFault,
    });
    this.#parts = { member, fetcher };
    member.start();
  }

  async startOffset(partition: number, { offset, notBeforeMs }: StartPlace): Promise<bigint> {
    try {
      const [oldest, end] = [await this.#offsetAt(partition, notBeforeMs), await this.#offsetAt(partition, null)];
      const first = oldest < 0n ? end : oldest;
      // An offset after the end is of a topic that was deleted since.
      return offset === null || offset < first || offset > end ? first : offset;
    } catch (error) {
      this.#report(error);
      throw error;
    }
  }

  read(partition: number, offset: bigint): void {
    this.#parts?.fetcher.read(partition, offset);
  }

  stop(partition: number): void {
    this.#parts?.fetcher.stop(partition);
  }

  async commit(offsets: ReadonlyMap<number, bigint>): Promise<void> {
    const { topic } = this.#connection;
    const list = [...offsets].map(([partition, offset]) => ({ topic, partition, offset, leaderEpoch: -1 }));
    if (list.length > 0) await this.#parts?.member.client?.commit({ offsets: list });
  }

  async close(): Promise<void> {
    this.#parts?.fetcher.close();
    await this.#parts?.member.close();
    await this.#reader.close();
  }

  /** Of the first record from that time on (Unix ms), negative where there is none; null: of the next one written. */
  async #offsetAt(partition: number, timeMs: number | null): Promise<bigint> {
    const { topic } = this.#connection;
    const timestamp = timeMs === null ? -1n : BigInt(Math.floor(timeMs));
    const offsets = await this.#reader.listOffsets({
      topics: [topic],
      partitions: { [topic]: [partition] },
      timestamp,
    });
    return offsets.get(topic)?.[partition] ?? -1n;
  }

  /** A cause that repeats is logged once, until the group has confirmed this actuator again. */
  #report(error: unknown): void {
    const message = messageOf(error);
    if (message === this.#lastFault) return;
    this.#lastFault = message;
    const { brokers } = this.#connection;
    const advice = adviceFor(message, this.#connection) ?? 'Tidemark tries again, and restarts nothing meanwhile';
    this.#log('warn', `Kafka (${brokers.join(', ')}): ${message} -> ${advice}`);
  }
}
