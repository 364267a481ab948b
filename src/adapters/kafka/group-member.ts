import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaClient } from './client.ts';

export interface GroupMemberOptions {
  readonly topic: string;
  readonly open: () => KafkaClient;
  /**
   * Whether the brokers answer and have the topic; rejects with the reason. Asked before each join: the library joins
   * again and again where a broker ends the connection, and reports nothing.
   */
  readonly probe: () => Promise<void>;
  /** All partitions that this member holds now; called when they change. */
  readonly onHeld: (partitions: readonly number[]) => void;
  /** The group has confirmed this member; by what was asked at this time (monotonic ms). */
  readonly onConfirmed: (askedMs: number) => void;
  readonly onFault: (error: unknown) => void;
}

const RETRY_MS = 2_000;
const CLOSE_MS = 3_000;

/**
 * Stays in the consumer group. The library rejoins after most faults; where it gives up, this one leaves and joins
 * again.
 */
export class GroupMember {
  readonly #options: GroupMemberOptions;
  readonly #closed = new AbortController();
  #client: KafkaClient | null = null;
  #held = '';
  #running: Promise<void> = Promise.resolve();

  constructor(options: GroupMemberOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Null while it is not in the group. */
  get client(): KafkaClient | null {
    return this.#client;
  }

  /** Leaves the group, so that the others take its partitions at once. */
  async close(): Promise<void> {
    this.#closed.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closed;
    while (!signal.aborted) {
      try {
        await this.#options.probe();
        if (!signal.aborted) await this.#join(this.#options.open());
      } catch (error) {
        if (!signal.aborted) this.#options.onFault(error);
      }
      await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #join(client: KafkaClient): Promise<void> {
    try {
      await this.#stay(client);
    } finally {
      this.#client = null;
      this.#note([]);
      await Promise.race([client.close(true).catch(() => undefined), delay(CLOSE_MS)]);
    }
  }

  /** Settles when this one is stopped; rejects where the library has given up. */
  async #stay(client: KafkaClient): Promise<void> {
    const ended = Promise.withResolvers<void>();
    let askedMs = performance.now();
    // A client that was given up may still report.
    const look = () => this.#client === client && this.#note(this.#partitionsOf(client));
    client.on('error', ended.reject);
    client.on('consumer:heartbeat:stalled', ({ lastError }) => ended.reject(lastError ?? new Error('no heartbeat')));
    client.on('consumer:heartbeat:start', () => {
      askedMs = performance.now();
    });
    client.on('consumer:heartbeat:end', () => {
      this.#options.onConfirmed(askedMs);
      look();
    });
    client.on('consumer:heartbeat:error', look);
    client.on('consumer:group:rebalance', look);
    client.on('consumer:group:join', () => {
      this.#options.onConfirmed(performance.now());
      look();
    });
    this.#closed.signal.addEventListener('abort', () => ended.resolve());
    this.#client = client;
    await Promise.race([client.joinGroup({}), ended.promise]);
    await ended.promise;
  }

  #partitionsOf({ assignments }: KafkaClient): readonly number[] {
    const { topic } = this.#options;
    return (assignments ?? []).flatMap((assignment) => (assignment.topic === topic ? assignment.partitions : []));
  }

  #note(partitions: readonly number[]): void {
    const held = [...partitions].sort((a, b) => a - b);
    if (held.join() === this.#held) return;
    this.#held = held.join();
    this.#options.onHeld(held);
  }
}
