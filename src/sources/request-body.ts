import { gunzipSync } from 'node:zlib';
import { BodyBytes } from '../access/body-bytes.ts';
import type { BodiesInFlight, Flight } from './bodies-in-flight.ts';

/** An answer that takes nothing. */
export interface Failure {
  readonly status: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a sender is asked to wait when nothing can be taken now. */
export const RETRY_AFTER_SECONDS = 5;

/**
 * Answered before the body is kept. The server reads its rest and drops it: a sender that was cut off in the middle
 * would not see the answer.
 */
export const OVERLOADED: Failure = {
  status: 503,
  message: 'The actuator is receiving as many measurements as it can hold. Send again later.',
  headers: { 'retry-after': String(RETRY_AFTER_SECONDS) },
};

interface BodyOptions {
  /** As it comes over the wire. */
  readonly maxBodyBytes: number;
  /** After decompression. */
  readonly maxDecodedBytes: number;
  readonly inFlight: BodiesInFlight;
  /** Whose share of the budget it takes. */
  readonly senderId: string;
}

type BytesAnswer =
  /** `isOwn`: nothing else lies in the same memory. */
  | { readonly ok: true; readonly bytes: Uint8Array; readonly isOwn?: boolean }
  | { readonly ok: false; readonly failure: Failure };

/** A body as it came. It counts as held until `end`. */
interface ReceivedBody {
  readonly ok: true;
  /** Decompresses it within its limit, which holds the event loop. */
  readonly decompress: () => BytesAnswer;
  readonly end: () => void;
}

type BodyAnswer = ReceivedBody | { readonly ok: false; readonly failure: Failure };

/** Reads the body within its limit. */
export async function readBody(request: Request, options: BodyOptions): Promise<BodyAnswer> {
  const contentEncoding = request.headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity';
  if (contentEncoding !== 'gzip' && contentEncoding !== 'identity' && contentEncoding !== '') {
    const message = `The content encoding ${JSON.stringify(contentEncoding)} is not taken; send gzip or none.`;
    return { ok: false, failure: { status: 415, message, headers: { 'accept-encoding': 'gzip' } } };
  }
  const { maxBodyBytes, maxDecodedBytes } = options;
  const isGzip = contentEncoding === 'gzip';
  const maxBytes = isGzip ? maxBodyBytes : Math.min(maxBodyBytes, maxDecodedBytes);
  // Absent where the body comes in chunks; then it is counted on the way.
  const announced = request.headers.get('content-length');
  if (announced !== null && Number(announced) > maxBytes) return tooLarge(maxBytes, 'bytes');
  const flight = options.inFlight.begin(options.senderId, Number(announced ?? 0) || 0);
  if (flight === null) return { ok: false, failure: OVERLOADED };
  const raw = await readRaw(request, announced, { maxBytes, flight });
  if (!raw.ok) {
    flight.end();
    return raw;
  }
  const isCompressed = isGzip && raw.bytes.length > 0;
  const maxBytesOfIt = Math.min(maxDecodedBytes, Math.max(MAX_UNCHECKED_BYTES, MAX_GZIP_RATIO * raw.bytes.length));
  return { ok: true, decompress: () => (isCompressed ? gunzip(raw.bytes, maxBytesOfIt) : raw), end: flight.end };
}

interface Room {
  readonly maxBytes: number;
  readonly flight: Flight;
}

async function readRaw(request: Request, announced: string | null, { maxBytes, flight }: Room): Promise<BytesAnswer> {
  try {
    if (announced === null) return await collect(request, maxBytes, flight);
    const bytes = new Uint8Array(await request.arrayBuffer());
    return bytes.length > maxBytes ? tooLarge(maxBytes, 'bytes') : { ok: true, bytes };
  } catch {
    // Why it broke off is known to the sender alone, and the answer will hardly reach it.
    return { ok: false, failure: { status: 400, message: 'The body broke off before its end.' } };
  }
}

/** A failure where the body is too long or finds no more room; the rest is then not waited for. */
async function collect(request: Request, maxBytes: number, flight: Flight): Promise<BytesAnswer> {
  if (request.body === null) return { ok: true, bytes: new Uint8Array(0) };
  const reader = request.body.getReader();
  const body = new BodyBytes();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { ok: true, bytes: body.all() };
    const isTooLong = body.length + value.length > maxBytes;
    if (isTooLong || !flight.grow(value.length)) {
      reader.releaseLock();
      return isTooLong ? tooLarge(maxBytes, 'bytes') : { ok: false, failure: OVERLOADED };
    }
    body.add(value);
  }
}

/** Exports come to 40 at most; gzip reaches 1,000 with one byte again and again. */
const MAX_GZIP_RATIO = 200;
/** So much is decompressed whatever its ratio. */
const MAX_UNCHECKED_BYTES = 1024 ** 2;

const MIN_CHUNK_BYTES = 64 * 1024;
const MAX_CHUNK_BYTES = 4 * 1024 ** 2;
/** Header and trailer of the shortest gzip member. */
const MIN_GZIP_BYTES = 18;

function gunzip(bytes: Uint8Array, maxBytes: number): BytesAnswer {
  try {
    const plain = gunzipSync(bytes, {
      chunkSize: chunkSizeFor(announcedLength(bytes), maxBytes),
      maxOutputLength: maxBytes,
    });
    // Node puts small buffers into memory that they share.
    return { ok: true, bytes: plain, isOwn: plain.buffer.byteLength >= MIN_CHUNK_BYTES };
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
 * Of a body that will be refused the chunks are garbage, and large ones stay for long: the refusals of a flood took
 * 100 MB more with chunks of 4 MiB.
 */
function chunkSizeFor(announcedBytes: number, maxBytes: number): number {
  if (announcedBytes > maxBytes) return MIN_CHUNK_BYTES;
  return Math.min(Math.max(announcedBytes + 1, MIN_CHUNK_BYTES), MAX_CHUNK_BYTES);
}

/**
 * The length in the gzip trailer (RFC 1952, ISIZE), as a hint: with one chunk for the whole output zlib is left once
 * instead of every 16 KiB, which halves its time.
 */
function announcedLength(bytes: Uint8Array): number {
  if (bytes.length < MIN_GZIP_BYTES) return 0;
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(bytes.length - 4, true);
}

/**
 * Frees the memory of bytes that nobody uses any more. It lies outside of V8's heap: left to the garbage collector,
 * many requests' would wait for it, some MB each.
 */
export function free({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}

function tooLarge(maxBytes: number, unit: string): { readonly ok: false; readonly failure: Failure } {
  const message = `The body is longer than ${maxBytes} ${unit}; send smaller batches.`;
  return { ok: false, failure: { status: 413, message } };
}
