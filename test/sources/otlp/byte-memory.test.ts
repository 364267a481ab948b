import { expect, it } from 'vitest';
import { ByteMemory } from '../../../src/sources/otlp/protobuf/byte-memory.ts';

const BYTES_PER_ENTRY = 100;

function viewOf(text: string): DataView {
  const bytes = new TextEncoder().encode(text);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function memory(maxBytes = 100_000) {
  const one = new ByteMemory<string>(maxBytes, BYTES_PER_ENTRY);
  return {
    find: (view: DataView, start = 0, end = view.byteLength) => one.find(view, start, end),
    learn: (view: DataView, value: string) => {
      one.find(view, 0, view.byteLength);
      one.remember(view, 0, view.byteLength, value);
    },
  };
}

it.each(['', 'a', 'four', 'seven b', 'longer than some words'])('finds %j again, wherever it lies', (text) => {
  const { find, learn } = memory();
  learn(viewOf(text), 'known');
  expect(find(viewOf(`...${text}..`), 3, 3 + new TextEncoder().encode(text).length)).toBe('known');
  expect(find(viewOf(`${text}.`))).toBeUndefined();
});

it('keeps its own copy of the bytes', () => {
  const { find, learn } = memory();
  const bytes = viewOf('a buffer that is used again');
  learn(bytes, 'known');
  bytes.setUint8(0, 0);
  expect(find(bytes)).toBeUndefined();
  expect(find(viewOf('a buffer that is used again'))).toBe('known');
});

it('takes no bytes for others that have the same hash', () => {
  const { find, learn } = memory();
  const rotated = (hash: number) => (hash << 5) | (hash >>> 27);
  const step = (hash: number, word: number) => Math.imul(rotated(hash) ^ word, 0x9e3779b1);
  const words = (first: number, second: number) => {
    const view = new DataView(new ArrayBuffer(8));
    view.setInt32(0, first, true);
    view.setInt32(4, second, true);
    return view;
  };
  // The second word takes back what the first one changed.
  const undo = rotated(step(8, 1)) ^ rotated(step(8, 2));
  const [one, other] = [words(1, 77), words(2, 77 ^ undo)];
  expect(step(step(8, 1), 77)).toBe(step(step(8, 2), 77 ^ undo));
  learn(one, 'one');
  expect(find(other)).toBeUndefined();
  learn(other, 'other');
  expect(find(other)).toBe('other');
  expect(find(one)).toBeUndefined();
});

it('forgets what was not found for longest, and stays within its size', () => {
  const { find, learn } = memory(10 * BYTES_PER_ENTRY);
  const used = viewOf('used');
  learn(used, 'used');
  for (let round = 0; round < 50; round++) {
    learn(viewOf(`other ${round}`), `${round}`);
    expect(find(used)).toBe('used');
  }
  const kept = Array.from({ length: 50 }, (_, round) => find(viewOf(`other ${round}`))).filter((one) => one);
  expect(kept.length).toBeGreaterThan(0);
  expect(kept.length).toBeLessThan(10);
});

it('does not remember what is longer than a resource', () => {
  const { find, learn } = memory();
  const long = viewOf('x'.repeat(5_000));
  learn(long, 'long');
  expect(find(long)).toBeUndefined();
});
