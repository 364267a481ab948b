import { gunzipSync } from 'node:zlib';
import type { Failure } from './otlp-answers.ts';

export interface BodyLimits {
  /** As it comes over the wire. */
  readonly maxBodyBytes: number;
  /** After decompression. */
  readonly maxDecodedBytes: number;
}

/**
 * The body limit of the Collector's own receiver, and the limit after decompression that the OTLP specification
 * recommends.
 */
export const DEFAULT_BODY_LIMITS: BodyLimits = { maxBodyBytes: 20 * 1024 ** 2, maxDecodedBytes: 64 * 1024 ** 2 };

export type BodyAnswer =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly failure: Failure };

/** Reads the body and decompresses it, each within its limit. */
export async function readBody(request: Request, limits: BodyLimits): Promise<BodyAnswer> {
  const encoding = request.headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'gzip' && encoding !== 'identity' && encoding !== '') {
    const message = `The content encoding ${JSON.stringify(encoding)} is not taken; send gzip or none.`;
    return { ok: false, failure: { status: 415, message, headers: { 'accept-encoding': 'gzip' } } };
  }
  const raw = await readRaw(request, limits.maxBodyBytes);
  if (!raw.ok || encoding !== 'gzip' || raw.bytes.length === 0) return raw;
  return gunzip(raw.bytes, limits.maxDecodedBytes);
}

async function readRaw(request: Request, maxBytes: number): Promise<BodyAnswer> {
  // Absent where the body comes in chunks; then it is counted on the way.
  const announced = request.headers.get('content-length');
  if (announced !== null && Number(announced) > maxBytes) return tooLarge(maxBytes, 'bytes');
  try {
    const bytes = announced === null ? await collect(request, maxBytes) : new Uint8Array(await request.arrayBuffer());
    return bytes === null || bytes.length > maxBytes ? tooLarge(maxBytes, 'bytes') : { ok: true, bytes };
  } catch {
    // Why it broke off is known to the sender alone, and the answer will hardly reach it.
    return { ok: false, failure: { status: 400, message: 'The body broke off before its end.' } };
  }
}

/** Null where it is longer than that; the rest is then not waited for. */
async function collect(request: Request, maxBytes: number): Promise<Uint8Array | null> {
  if (request.body === null) return new Uint8Array(0);
  const reader = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, length);
    length += value.length;
    if (length > maxBytes) {
      reader.releaseLock();
      return null;
    }
    chunks.push(value);
  }
}

const MIN_CHUNK_BYTES = 64 * 1024;
const MAX_CHUNK_BYTES = 4 * 1024 ** 2;
/** Header and trailer of the shortest gzip member. */
const MIN_GZIP_BYTES = 18;

function gunzip(bytes: Uint8Array, maxBytes: number): BodyAnswer {
  try {
    const chunkSize = Math.min(Math.max(announcedLength(bytes) + 1, MIN_CHUNK_BYTES), MAX_CHUNK_BYTES);
    return { ok: true, bytes: gunzipSync(bytes, { chunkSize, maxOutputLength: maxBytes }) };
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'ERR_BUFFER_TOO_LARGE') return tooLarge(maxBytes, 'bytes after decompression');
    if (error instanceof Error && typeof code === 'string' && code.startsWith('Z_')) {
      return { ok: false, failure: { status: 400, message: `The body is not gzip: ${error.message}.` } };
    }
    throw error;
  }
}

/**
 * The length in the gzip trailer (RFC 1952, ISIZE), as a hint: with one chunk for the whole output zlib is left once
 * instead of every 16 KiB, which halves its time.
 */
function announcedLength(bytes: Uint8Array): number {
  if (bytes.length < MIN_GZIP_BYTES) return 0;
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(bytes.length - 4, true);
}

function tooLarge(maxBytes: number, unit: string): BodyAnswer {
  const message = `The body is longer than ${maxBytes} ${unit}; send smaller batches.`;
  return { ok: false, failure: { status: 413, message } };
}
