import { expect, it } from 'vitest';
import { DecodeQueue } from '../../src/sources/decode-queue.ts';

const LIMITS = { maxWaitMs: 1_000, maxWaitingOfSender: 10 };

it('lets senders take turns, each with its own in order', async () => {
  const queue = new DecodeQueue(LIMITS);
  const order: string[] = [];
  const run = (sender: string, name: string) => queue.run(sender, () => void order.push(name));
  await Promise.all([run('a', 'a1'), run('a', 'a2'), run('a', 'a3'), run('b', 'b1'), run('c', 'c1'), run('b', 'b2')]);
  expect(order).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
});

it('serves a sender that comes last after one piece of a sender with many', async () => {
  const queue = new DecodeQueue(LIMITS);
  let flooded = 0;
  let floodedBefore = -1;
  const flood = Array.from({ length: 10 }, () => queue.run('flood', () => void flooded++));
  await flood[0];
  await queue.run('shop', () => (floodedBefore = flooded));
  expect(floodedBefore).toBeLessThanOrEqual(2);
  await Promise.all(flood);
});

it('leaves a turn of the event loop between two pieces', async () => {
  const queue = new DecodeQueue(LIMITS);
  const order: string[] = [];
  const piece = () => {
    order.push('piece');
    setImmediate(() => order.push('other'));
  };
  await Promise.all([queue.run('a', piece), queue.run('a', piece), queue.run('a', piece)]);
  expect(order.slice(0, 5)).toEqual(['piece', 'other', 'piece', 'other', 'piece']);
});

it('refuses what waited for too long, without doing it', async () => {
  let nowMs = 0;
  const queue = new DecodeQueue(LIMITS, () => nowMs);
  const done: number[] = [];
  const waiting = [1, 2].map((piece) => queue.run('a', () => done.push(piece)));
  nowMs = 1_000;
  expect(await waiting[0]).toBe(1);
  nowMs = 1_001;
  expect(await waiting[1]).toBeNull();
  expect(done).toEqual([1]);
});

it('refuses the piece that is one too many of its sender, and takes another sender', async () => {
  const queue = new DecodeQueue({ ...LIMITS, maxWaitingOfSender: 2 });
  const pieces = ['a', 'a', 'a', 'b'].map((sender) => queue.run(sender, () => sender));
  expect(await Promise.all(pieces)).toEqual(['a', 'a', null, 'b']);
});

it('hands on what the work throws, and goes on', async () => {
  const queue = new DecodeQueue(LIMITS);
  const failed = queue.run('a', () => {
    throw new Error('broken');
  });
  await expect(failed).rejects.toThrow('broken');
  expect(await queue.run('a', () => 'next')).toBe('next');
});
