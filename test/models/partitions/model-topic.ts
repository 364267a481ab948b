import type { KafkaRecord, Progress } from '../../../src/adapters/kafka/partition-reader.ts';
import type { SavedBoot, TakeSnapshot } from '../../../src/ports/snapshots.ts';
import { encodeProtobuf } from '../../sources/otlp/senders/otlp-encoder.ts';
import { nanos } from '../../sources/otlp/senders/requests.ts';
import type { VirtualClock } from '../virtual-clock.ts';

const MIB = 1024 ** 2;

interface Written {
  readonly value: Buffer;
  readonly timeMs: number;
}

/** A topic on a virtual clock. */
export class ModelTopic {
  /** By partition: how far the group has committed. */
  readonly committed = new Map<number, bigint>();
  readonly #clock: VirtualClock;
  readonly #partitions: readonly Written[][];

  constructor(clock: VirtualClock, partitions: number) {
    this.#clock = clock;
    this.#partitions = Array.from({ length: partitions }, () => []);
  }

  /** A dyno reports its memory. */
  report(
    partition: number,
    dyno: { readonly app: string; readonly name: string; readonly id: string },
    usageMb: number,
  ) {
    const timeMs = this.#clock.now();
    const point = { timeNanos: nanos(timeMs), asInt: BigInt(usageMb * MIB) };
    const value = encodeProtobuf(
      [
        {
          attributes: {
            'heroku.app.name': dyno.app,
            'heroku.dyno.name': dyno.name,
            'heroku.dyno.id': dyno.id,
            'heroku.process.type': 'worker',
            'tidemark.dyno.id.source': 'platform',
            'tidemark.process.id': `process-of-${dyno.id}`,
          },
          scopes: [
            [{ name: 'process.memory.usage', kind: 'sum', dataPoints: [point] }],
            [{ name: 'tidemark.dyno.memory.limit', kind: 'sum', dataPoints: [{ ...point, asInt: BigInt(512 * MIB) }] }],
          ],
        },
      ],
      'scope',
    );
    this.write(partition, value);
  }

  write(partition: number, value: Buffer): void {
    this.#partitions[partition]?.push({ value, timeMs: this.#clock.now() });
  }

  startOffset(partition: number, place: { readonly offset: bigint | null; readonly notBeforeMs: number }): bigint {
    const written = this.#partitions[partition] ?? [];
    const found = written.findIndex(({ timeMs }) => timeMs >= place.notBeforeMs);
    const first = BigInt(found < 0 ? written.length : found);
    return place.offset === null || place.offset < first || place.offset > written.length ? first : place.offset;
  }

  fetch(
    partition: number,
    offset: bigint,
    records: number,
  ): { readonly records: readonly Omit<KafkaRecord, 'partition'>[]; readonly progress: Progress } {
    const written = this.#partitions[partition] ?? [];
    const first = Number(offset);
    const some = written.slice(first, first + records);
    return {
      records: some.map(({ value }, index) => ({ offset: BigInt(first + index), value })),
      progress: {
        nextOffset: BigInt(first + some.length),
        endOffset: BigInt(written.length),
        newestMs: some.at(-1)?.timeMs ?? null,
      },
    };
  }

  commit(offsets: ReadonlyMap<number, bigint>): void {
    for (const [partition, offset] of offsets) this.committed.set(partition, offset);
  }
}

/** Snapshots in memory, which may be away. */
export class ModelSnapshots {
  readonly texts = new Map<string, string>();
  readonly #indexes = new Map<number | null, Set<string>>();

  async save(boots: readonly SavedBoot[]): Promise<void> {
    for (const { bootKey, json, partition = null } of boots) {
      this.texts.set(bootKey, json);
      for (const index of new Set([null, partition])) {
        const keys = this.#indexes.get(index) ?? new Set();
        this.#indexes.set(index, keys.add(bootKey));
      }
    }
  }

  async load(partition: number | null, take: TakeSnapshot): Promise<void> {
    for (const key of this.#indexes.get(partition) ?? []) take(key, this.texts.get(key) ?? '');
  }

  refuse(bootKey: string): void {
    throw new Error(`the snapshot of ${bootKey} cannot be read`);
  }
}
