import { isLoopbackRequest } from '../access/loopback.ts';
import { BadInputError } from '../model/errors.ts';
import type { BodiesInFlight } from './bodies-in-flight.ts';
import type { DecodeQueue } from './decode-queue.ts';
import { createTokenCheck, type IngestToken, LOCAL_SENDER, type Sender } from './ingest-tokens.ts';
import { OverLimitError } from './limits.ts';
import { type Failure, free, OVERLOADED, RETRY_AFTER_SECONDS, readBody } from './request-body.ts';

/** What all doors for measurements do alike: let senders in, and take each body in its sender's turn. */

/** The sender, or why the request is refused. */
type Gate = (headers: Headers, remoteAddress: string | undefined) => Sender | Failure;

interface GateOptions {
  /** Empty: only programs on this machine may deliver. */
  readonly tokens: readonly IngestToken[];
  /** The `Authorization` headers that a request's own one may stand for; the first with a good token counts. */
  readonly credentialsOf: (authorization: string | null) => readonly (string | null)[];
  readonly onlyThisMachine: Failure;
  readonly noToken: Failure;
}

export function createGate({ tokens, credentialsOf, onlyThisMachine, noToken }: GateOptions): Gate {
  if (tokens.length === 0) {
    // A page in a browser on this machine puts an `Origin` on every POST; exporters send none.
    return (headers, remoteAddress) =>
      !headers.has('origin') && isLoopbackRequest(headers, remoteAddress) ? LOCAL_SENDER : onlyThisMachine;
  }
  const check = createTokenCheck(tokens);
  return (headers) => {
    for (const credentials of credentialsOf(headers.get('authorization'))) {
      const sender = check(credentials);
      if (sender !== null) return sender;
    }
    return noToken;
  };
}

export interface DoorOptions {
  /** False while nothing can be used here (starting, another actuator leads): senders get 503 and try again. */
  readonly ready: () => boolean;
  /** Shared by all doors, so that together they hold no more than one may. */
  readonly inFlight: BodiesInFlight;
  readonly queue: DecodeQueue;
}

interface Delivery {
  readonly senderId: string;
  readonly maxBodyBytes: number;
  readonly maxDecodedBytes: number;
}

export const NOT_READY: Failure = {
  status: 503,
  message: 'No measurements are taken here now: the actuator is starting, or another one leads. Send again later.',
  headers: { 'retry-after': String(RETRY_AFTER_SECONDS) },
};

/**
 * Receives a body and has it taken when it is the sender's turn. Decompressing and taking happen in one turn of the
 * event loop, so that what is decompressed and decoded is there for one request at a time.
 *
 * @param take gets the bytes, which it must not keep. May throw `BadInputError`.
 */
export async function receive<T>(
  request: Request,
  { ready, inFlight, queue, senderId, ...limits }: DoorOptions & Delivery,
  take: (bytes: Buffer) => T,
): Promise<T | Failure> {
  const body = await readBody(request, { ...limits, inFlight, senderId });
  if (!body.ok) return body.failure;
  const takeIt = () => {
    if (!ready()) return NOT_READY;
    const plain = body.decompress();
    if (!plain.ok) return plain.failure;
    const { buffer, byteOffset, byteLength } = plain.bytes;
    try {
      return take(Buffer.from(buffer, byteOffset, byteLength));
    } catch (error) {
      if (!(error instanceof BadInputError)) throw error;
      return { status: error instanceof OverLimitError ? 413 : 400, message: error.message };
    } finally {
      if (plain.isOwn) free(plain.bytes);
    }
  };
  try {
    return (await queue.run(senderId, takeIt)) ?? OVERLOADED;
  } finally {
    body.end();
  }
}
