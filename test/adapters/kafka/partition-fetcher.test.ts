import { afterEach, describe, expect, it, vi } from 'vitest';
import type { KafkaClient } from '../../../src/adapters/kafka/client.ts';
import { PartitionFetcher } from '../../../src/adapters/kafka/partition-fetcher.ts';

interface Asked {
  readonly node: number;
  readonly partitions: readonly { readonly partition: number; readonly fetchOffset: bigint }[];
  answer(partitions: readonly object[]): Promise<void>;
  fail(error: unknown): Promise<void>;
}

/** A client whose answers the test gives. Partitions 0 to 9 are led by the node 1, those above by the node 2. */
function fetching() {
  const asked: Asked[] = [];
  const seen: [number, bigint][] = [];
  const skipped: number[] = [];
  const outOfRange: number[] = [];
  const progress: [number, bigint, bigint][] = [];
  const faults: unknown[] = [];
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
  const partitions = Array.from({ length: 20 }, (_, index) => ({ leader: index < 10 ? 1 : 2 }));
  const client = {
    metadata: async () => ({ topics: new Map([['t', { id: 'topic-id', partitions }]]) }),
    clearMetadata: () => {},
    fetch: ({ node, topics }: { node: number; topics: { partitions: Asked['partitions'] }[] }) =>
      new Promise((resolve, reject) => {
        asked.push({
          node,
          partitions: topics[0]?.partitions ?? [],
          answer: async (answers) => {
            resolve({ errorCode: 0, responses: [{ topicId: 'topic-id', partitions: answers }] });
            await settled();
          },
          fail: async (error) => {
            reject(error);
            await settled();
          },
        });
      }),
  } as unknown as KafkaClient;
  const fetcher = new PartitionFetcher({
    client,
    topic: 't',
    onRecord: ({ partition, offset }) => void seen.push([partition, offset]),
    onProgress: (partition, { nextOffset, endOffset }) => void progress.push([partition, nextOffset, endOffset]),
    onSkipped: (partition) => void skipped.push(partition),
    onOutOfRange: (partition) => void outOfRange.push(partition),
    onFault: (error) => void faults.push(error),
  });
  return { fetcher, asked, seen, skipped, outOfRange, progress, faults, settled };
}

/** The answer for a partition: records from this offset on, in one batch. */
function answerOf(partitionIndex: number, firstOffset: bigint, count: number, endOffset = firstOffset + BigInt(count)) {
  const records = Array.from({ length: count }, (_, offsetDelta) => ({ offsetDelta, value: Buffer.from('x') }));
  const batch = { firstOffset, lastOffsetDelta: count - 1, attributes: 0, maxTimestamp: 7n, records };
  return { partitionIndex, errorCode: 0, highWatermark: endOffset, records: count === 0 ? [] : [batch] };
}

const askedFor = ({ partitions }: Asked) => partitions.map(({ partition, fetchOffset }) => [partition, fetchOffset]);
const DAMAGED = Object.assign(new Error('out of bounds'), { code: 'PLT_KFK_OUT_OF_BOUNDS' });

describe('a fetch', () => {
  let one: ReturnType<typeof fetching>;
  afterEach(() => one.fetcher.close());

  it('asks for the next records only when it has taken the last ones, and leaves out what it has read', async () => {
    one = fetching();
    one.fetcher.read(0, 5n);
    await one.settled();
    expect(one.asked.map(askedFor)).toEqual([[[0, 5n]]]);
    // A batch comes whole.
    await one.asked[0]?.answer([answerOf(0, 3n, 4)]);
    expect(one.seen).toEqual([
      [0, 5n],
      [0, 6n],
    ]);
    expect(one.progress).toEqual([[0, 7n, 7n]]);
    expect(one.asked.slice(1).map(askedFor)).toEqual([[[0, 7n]]]);
  });

  it('does not wait for a broker that is slow with other partitions', async () => {
    one = fetching();
    one.fetcher.read(0, 0n);
    one.fetcher.read(10, 0n);
    await one.settled();
    expect(one.asked.map(({ node }) => node).sort()).toEqual([1, 2]);
    await one.asked.find(({ node }) => node === 1)?.answer([answerOf(0, 0n, 1)]);
    expect(one.asked.filter(({ node }) => node === 1)).toHaveLength(2);
    expect(one.asked.filter(({ node }) => node === 2)).toHaveLength(1);
  });

  it('drops the records of a partition that was stopped, or is read from elsewhere by now', async () => {
    one = fetching();
    one.fetcher.read(0, 0n);
    one.fetcher.read(1, 0n);
    one.fetcher.read(2, 0n);
    await one.settled();
    await one.asked[0]?.answer([]);
    one.fetcher.stop(0);
    one.fetcher.read(1, 8n);
    await one.asked[1]?.answer([answerOf(0, 0n, 1), answerOf(1, 0n, 1), answerOf(2, 0n, 1)]);
    expect(one.seen).toEqual([[2, 0n]]);
    expect(one.asked.at(-1) && askedFor(one.asked.at(-1) as Asked)).toEqual([
      [1, 8n],
      [2, 1n],
    ]);
  });

  it('finds the partition whose answer cannot be read, and passes over it in doubling steps', async () => {
    one = fetching();
    one.fetcher.read(0, 0n);
    one.fetcher.read(1, 0n);
    await one.settled();
    await one.asked[0]?.answer([]);
    await one.asked[1]?.fail(DAMAGED);
    // Each alone.
    expect(one.asked.slice(2).map(askedFor)).toEqual([[[0, 0n]]]);
    await one.asked[2]?.answer([answerOf(0, 0n, 2)]);
    expect(askedFor(one.asked[3] as Asked)).toEqual([[1, 0n]]);
    await one.asked[3]?.fail(DAMAGED);
    expect(askedFor(one.asked[4] as Asked)).toEqual([[1, 1n]]);
    await one.asked[4]?.fail(DAMAGED);
    expect(askedFor(one.asked[5] as Asked)).toEqual([[1, 3n]]);
    await one.asked[5]?.answer([answerOf(1, 3n, 1)]);
    expect(askedFor(one.asked[6] as Asked)).toEqual([
      [0, 2n],
      [1, 4n],
    ]);
    expect(one.skipped).toEqual([1, 1]);
    expect(one.faults).toEqual([]);
  });

  it('leaves a partition whose offset is gone to its owner, and takes the others of the answer', async () => {
    one = fetching();
    one.fetcher.read(0, 9n);
    one.fetcher.read(1, 0n);
    await one.settled();
    await one.asked[0]?.answer([]);
    const partitions = [{ ...answerOf(0, 9n, 0), errorCode: 1 }, answerOf(1, 0n, 1)];
    const response = { errorCode: 0, responses: [{ topicId: 'topic-id', partitions }] };
    const failure = Object.assign(new AggregateError([Object.assign(new Error(), { code: 'PLT_KFK_PROTOCOL' })]), {
      code: 'PLT_KFK_RESPONSE',
      response,
    });
    await one.asked[1]?.fail(failure);
    expect(one.outOfRange).toEqual([0]);
    expect(one.seen).toEqual([[1, 0n]]);
    expect(one.asked.slice(2).map(askedFor)).toEqual([[[1, 1n]]]);
    expect(one.faults).toEqual([]);
  });

  it('tries again after a fault of the network, and skips nothing', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    one = fetching();
    one.fetcher.read(0, 4n);
    await one.settled();
    await one.asked[0]?.fail(Object.assign(new Error('refused'), { code: 'PLT_KFK_NETWORK' }));
    expect(one.faults).toHaveLength(1);
    vi.useRealTimers();
    await vi.waitFor(() => expect(one.asked.slice(1).map(askedFor)).toEqual([[[0, 4n]]]));
    expect(one.skipped).toEqual([]);
  });
});
