import { gzipSync, zstdCompressSync } from 'node:zlib';
import { compressionsAlgorithms } from '@platformatic/kafka';
import { beforeAll, describe, expect, it } from 'vitest';
import { boundDecompression } from '../../../src/adapters/kafka/bounded-decompression.ts';

const MIB = 1024 ** 2;
const TOO_LARGE = 'too large when decompressed';
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe('records that are decompressed', () => {
  beforeAll(() => {
    boundDecompression({ compressionsAlgorithms });
    boundDecompression({ compressionsAlgorithms });
  });

  const { gzip, snappy, lz4, zstd } = compressionsAlgorithms;

  it('come out as they went in', async () => {
    const text = Buffer.from('measurements '.repeat(100));
    expect(gzip.decompressSync(gzip.compressSync(text)).equals(text)).toBe(true);
    expect(zstd.decompressSync(zstd.compressSync(text)).equals(text)).toBe(true);
    expect(snappy.decompressSync(snappy.compressSync(text)).equals(text)).toBe(true);
    await nextTurn();
  });

  it.each([
    ['gzip', gzip, gzipSync(Buffer.alloc(33 * MIB))],
    ['zstd', zstd, zstdCompressSync(Buffer.alloc(33 * MIB))],
  ])('take no more than 32 MiB: %s', async (_, codec, bomb) => {
    expect(bomb.length).toBeLessThan(100_000);
    expect(() => codec.decompressSync(bomb)).toThrow(TOO_LARGE);
    await nextTurn();
  });

  it('take no more than that together, in one answer; the next answer has its own', async () => {
    const part = gzipSync(Buffer.alloc(12 * MIB));
    expect(gzip.decompressSync(part).length).toBe(12 * MIB);
    expect(gzip.decompressSync(part).length).toBe(12 * MIB);
    expect(() => gzip.decompressSync(part)).toThrow(TOO_LARGE);
    await nextTurn();
    expect(gzip.decompressSync(part).length).toBe(12 * MIB);
    await nextTurn();
  });

  it('are not read where LZ4 made them, which has no bound', () => {
    expect(() => lz4.decompressSync(lz4.compressSync(Buffer.from('text')))).toThrow('use gzip, snappy or zstd');
  });

  it('are refused where they are damaged', () => {
    expect(() => gzip.decompressSync(Buffer.from('no gzip'))).toThrow('cannot be decompressed');
  });
});
