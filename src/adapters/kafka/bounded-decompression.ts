import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import type * as Library from '@platformatic/kafka';

const MIB = 1024 ** 2;
/** What the records of one answer may take after decompression. Twice what one record may (`BODY_LIMITS`). */
const MAX_BYTES = 32 * MIB;

/** Records that cannot be decompressed, or would take too much memory. */
class UnreadableRecords extends Error {}

/**
 * Bounds what records may become when they are decompressed, for all clients of this process: the library has no such
 * bound, and a few kilobytes could take all memory. It decompresses the whole answer to a fetch at once, in one turn of
 * the event loop, so the turn's answer has one budget.
 *
 * Snappy makes at most 22 bytes of one, and a fetch has a bound. LZ4 makes up to 255, and its decoder has no limit: it
 * is not read.
 */
export function boundDecompression({ compressionsAlgorithms }: Pick<typeof Library, 'compressionsAlgorithms'>): void {
  const { none, gzip, snappy, lz4, zstd } = compressionsAlgorithms as Record<Codec, { decompressSync: Decompress }>;
  if (bounded.has(gzip)) return;
  bounded.add(gzip);
  const budget = new TurnBudget();
  const within = (decompress: (data: Buffer, maxOutputLength: number) => Buffer) => (data: unknown) =>
    budget.spend((maxBytes) => decompress(none.decompressSync(data), maxBytes));
  const plainSnappy = snappy.decompressSync;
  gzip.decompressSync = within((data, maxOutputLength) => gunzipSync(data, { maxOutputLength }));
  zstd.decompressSync = within((data, maxOutputLength) => zstdDecompressSync(data, { maxOutputLength }));
  snappy.decompressSync = within(plainSnappy);
  lz4.decompressSync = () => {
    throw new UnreadableRecords('they are compressed with LZ4, which Tidemark does not read: use gzip, snappy or zstd');
  };
}

type Codec = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
type Decompress = (data: unknown) => Buffer;

/** The library's objects that were changed: once is enough. */
const bounded = new WeakSet<object>();

class TurnBudget {
  #left = MAX_BYTES;
  #isRefilling = false;

  spend(decompress: (maxBytes: number) => Buffer): Buffer {
    if (!this.#isRefilling) {
      this.#isRefilling = true;
      setImmediate(() => {
        this.#left = MAX_BYTES;
        this.#isRefilling = false;
      });
    }
    if (this.#left <= 0) throw new UnreadableRecords(TOO_LARGE);
    const plain = attempt(() => decompress(this.#left));
    this.#left -= plain.length;
    return plain;
  }
}

const TOO_LARGE = 'they are too large when decompressed';

function attempt(decompress: () => Buffer): Buffer {
  try {
    return decompress();
  } catch (error) {
    if (error instanceof UnreadableRecords) throw error;
    const isTooLarge = (error as { readonly code?: string }).code === 'ERR_BUFFER_TOO_LARGE';
    throw new UnreadableRecords(isTooLarge ? TOO_LARGE : 'they cannot be decompressed');
  }
}
