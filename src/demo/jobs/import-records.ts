import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

const MIB = 2 ** 20;
/**
 * Sizes of records as a parser meets them: so small that the allocator takes each from its heap and makes no mapping
 * for it.
 */
const RECORD_BYTES = { min: 600, max: 6600 };
/** After this much the import pauses, so that other jobs of the process run. */
const PIECE_BYTES = 8 * MIB;
const PIECE_PAUSE_MS = 20;

/**
 * Imports `megabytes` of records. Each record has its own buffer until the whole import is hashed; then all are
 * dropped. JavaScript keeps nothing, but the C allocator keeps most of the memory, in tens of thousands of holes. That
 * is bloat: the next import of the same size fits into the holes, so the steps die out, and only the end of the process
 * gives the memory back.
 *
 * @returns the hash of all records
 */
export async function importRecords(megabytes: number, seed: number): Promise<string> {
  const records: Buffer[] = [];
  const nextSize = recordSizes(seed);
  for (let bytes = 0, piece = 0; bytes < megabytes * MIB; ) {
    const record = Buffer.allocUnsafeSlow(nextSize()).fill(records.length & 0xff);
    records.push(record);
    bytes += record.length;
    piece += record.length;
    if (piece < PIECE_BYTES) continue;
    piece = 0;
    await sleep(PIECE_PAUSE_MS);
  }
  const hash = createHash('sha256');
  for (const record of records) hash.update(record);
  return hash.digest('hex');
}

/** A reproducible sequence (a linear congruential generator): the same seed makes the same curve. */
function recordSizes(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return RECORD_BYTES.min + Math.floor((state / 2 ** 32) * (RECORD_BYTES.max - RECORD_BYTES.min));
  };
}
