import { isLoopbackRequest } from '../../access/loopback.ts';
import { BadInputError } from '../../model/errors.ts';
import type { MetricMap } from '../../settings/metric-map.ts';
import { BodiesInFlight } from '../bodies-in-flight.ts';
import { DecodeQueue } from '../decode-queue.ts';
import { createTokenCheck, type IngestToken, LOCAL_SENDER, type Sender } from '../ingest-tokens.ts';
import type { Intake } from '../intake.ts';
import { hasTooManyValues } from '../json-size.ts';
import {
  BODY_LIMITS,
  type BodyLimits,
  DECODE_LIMITS,
  type DecodeLimits,
  FLIGHT_LIMITS,
  type FlightLimits,
} from '../limits.ts';
import type { DecodedRequest } from '../points/request-fold.ts';
import {
  encodingOf,
  type Failure,
  failure,
  type OtlpEncoding,
  OVERLOADED,
  RETRY_AFTER_SECONDS,
  success,
} from './otlp-answers.ts';
import { decodeJson } from './otlp-json.ts';
import { decodeProtobuf } from './otlp-protobuf.ts';
import { type ReceivedBody, readBody } from './request-body.ts';
import { type Vocabulary, vocabularyOf } from './vocabulary.ts';
import { TooManyFieldsError } from './wire-reader.ts';

export interface OtlpSourceOptions {
  /** Shared with the other ways in, so that a point that came twice is taken once. */
  readonly intake: Intake;
  /** Which token may deliver points of which app. Empty: only programs on this machine may deliver. */
  readonly tokens: readonly IngestToken[];
  /** False while points cannot be used here (starting, another actuator leads): the sender gets 503 and retries. */
  readonly ready: () => boolean;
  /** What other senders call what is measured; null or absent: only Tidemark's own names are looked for. */
  readonly metricMap?: MetricMap | null;
  readonly limits?: BodyLimits;
  readonly flightLimits?: FlightLimits;
  readonly decodeLimits?: DecodeLimits;
  /**
   * Shared with other doors, which then hold no more together than one may. Default: own ones, with the limits above.
   */
  readonly inFlight?: BodiesInFlight;
  readonly queue?: DecodeQueue;
}

export interface OtlpSource {
  /**
   * Answers a request to `/v1/metrics`, any method. `remoteAddress` is the other end of its socket, undefined where
   * that is unknown. Rejects only for a fault of the program.
   */
  handle(request: Request, remoteAddress: string | undefined): Promise<Response>;
}

/** The receiving end of OTLP over HTTP for metrics: https://opentelemetry.io/docs/specs/otlp/#otlphttp */
export function createOtlpSource(options: OtlpSourceOptions): OtlpSource {
  const senderOf = createGate(options.tokens);
  const vocabulary = vocabularyOf(options.metricMap ?? null);
  const limits = options.limits ?? BODY_LIMITS;
  const inFlight = options.inFlight ?? new BodiesInFlight(options.flightLimits ?? FLIGHT_LIMITS);
  const queue = options.queue ?? new DecodeQueue(options.decodeLimits ?? DECODE_LIMITS);

  async function handle(request: Request, remoteAddress: string | undefined): Promise<Response> {
    const encoding = encodingOf(request.headers.get('content-type'));
    if (request.method !== 'POST') return failure(encoding, NOT_A_POST);
    const sender = senderOf(request.headers, remoteAddress);
    if ('status' in sender) return failure(encoding, sender);
    if (!options.ready()) return failure(encoding, NOT_READY);
    if (encoding === null) return failure(null, UNKNOWN_TYPE);
    const body = await readBody(request, { encoding, limits, inFlight, senderId: sender.id });
    if (!body.ok) return failure(encoding, body.failure);
    try {
      const answer = await queue.run(sender.id, () => take(body, encoding, sender));
      return answer ?? failure(encoding, OVERLOADED);
    } finally {
      body.end();
    }
  }

  /** All in one turn of the event loop, so that what is decompressed and decoded is there for one request at a time. */
  function take(body: ReceivedBody, encoding: OtlpEncoding, sender: Sender): Response {
    if (!options.ready()) return failure(encoding, NOT_READY);
    const plain = body.decompress();
    const decoded = plain.ok ? decode(encoding, plain.bytes, vocabulary) : plain.failure;
    return 'status' in decoded ? failure(encoding, decoded) : success(encoding, options.intake.take(decoded, sender));
  }

  return { handle };
}

function decode(encoding: OtlpEncoding, bytes: Uint8Array, vocabulary: Vocabulary): DecodedRequest | Failure {
  try {
    if (encoding === 'protobuf' || bytes.length === 0) return decodeProtobuf(bytes, vocabulary);
    if (hasTooManyValues(bytes)) return TOO_MANY_VALUES;
    return decodeJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'), vocabulary);
  } catch (error) {
    if (error instanceof BadInputError)
      return { status: error instanceof TooManyFieldsError ? 413 : 400, message: error.message };
    throw error;
  }
}

type Gate = (headers: Headers, remoteAddress: string | undefined) => Sender | Failure;

function createGate(tokens: readonly IngestToken[]): Gate {
  if (tokens.length === 0) {
    // A page in a browser on this machine puts an `Origin` on every POST; exporters send none.
    return (headers, remoteAddress) =>
      !headers.has('origin') && isLoopbackRequest(headers, remoteAddress) ? LOCAL_SENDER : ONLY_THIS_MACHINE;
  }
  const check = createTokenCheck(tokens);
  return (headers) => check(headers.get('authorization')) ?? NO_TOKEN;
}

const NOT_A_POST: Failure = { status: 405, message: 'Metrics are sent by POST.', headers: { allow: 'POST' } };

const ONLY_THIS_MACHINE: Failure = {
  status: 403,
  message:
    'Only programs on this machine may send points while TIDEMARK_INGEST_TOKENS is not set; ' +
    'set it to app=token, and send the token as Bearer.',
};

const NO_TOKEN: Failure = {
  status: 401,
  message:
    'An ingest token is needed, as "Authorization: Bearer ..."; TIDEMARK_INGEST_TOKENS lists those that are good.',
  headers: { 'www-authenticate': 'Bearer realm="tidemark"' },
};

const NOT_READY: Failure = {
  status: 503,
  message: 'No points are taken here now: the actuator is starting, or another one leads. Send again later.',
  headers: { 'retry-after': String(RETRY_AFTER_SECONDS) },
};

const TOO_MANY_VALUES: Failure = {
  status: 413,
  message: 'The JSON has too many values for one request; send smaller batches, or protobuf.',
};

const UNKNOWN_TYPE: Failure = {
  status: 415,
  message: 'The content type must be application/x-protobuf or application/json.',
  headers: { 'accept-post': 'application/x-protobuf, application/json' },
};
