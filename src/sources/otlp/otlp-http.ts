import type { MetricMap } from '../../settings/metric-map.ts';
import { BodiesInFlight } from '../bodies-in-flight.ts';
import { DecodeQueue } from '../decode-queue.ts';
import { createGate, type DoorOptions, NOT_READY, receive } from '../ingest-door.ts';
import type { IngestToken } from '../ingest-tokens.ts';
import type { Intake } from '../intake.ts';
import { hasTooManyValues } from '../json-size.ts';
import {
  BODY_LIMITS,
  type BodyLimits,
  DECODE_LIMITS,
  type DecodeLimits,
  FLIGHT_LIMITS,
  type FlightLimits,
  OverLimitError,
} from '../limits.ts';
import type { DecodedRequest } from '../points/request-fold.ts';
import type { Failure } from '../request-body.ts';
import { encodingOf, failure, type OtlpEncoding, success } from './otlp-answers.ts';
import { decodeJson } from './otlp-json.ts';
import { ProtobufDecoder } from './otlp-protobuf.ts';
import { vocabularyOf } from './vocabulary.ts';

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
  const { tokens, intake, ready } = options;
  const credentialsOf = (authorization: string | null) => [authorization];
  const senderOf = createGate({ tokens, credentialsOf, onlyThisMachine: ONLY_THIS_MACHINE, noToken: NO_TOKEN });
  const decode = createDecoder(options.metricMap ?? null);
  const limits = options.limits ?? BODY_LIMITS;
  const door: DoorOptions = {
    ready,
    inFlight: options.inFlight ?? new BodiesInFlight(options.flightLimits ?? FLIGHT_LIMITS),
    queue: options.queue ?? new DecodeQueue(options.decodeLimits ?? DECODE_LIMITS),
  };

  async function handle(request: Request, remoteAddress: string | undefined): Promise<Response> {
    const encoding = encodingOf(request.headers.get('content-type'));
    if (request.method !== 'POST') return failure(encoding, NOT_A_POST);
    const sender = senderOf(request.headers, remoteAddress);
    if ('status' in sender) return failure(encoding, sender);
    if (!ready()) return failure(encoding, NOT_READY);
    if (encoding === null) return failure(null, UNKNOWN_TYPE);
    const { maxBodyBytes } = limits;
    const maxDecodedBytes = encoding === 'json' ? limits.maxJsonBytes : limits.maxDecodedBytes;
    const delivery = { ...door, senderId: sender.id, maxBodyBytes, maxDecodedBytes };
    const taken = await receive(request, delivery, (bytes) =>
      success(encoding, intake.take(decode(encoding, bytes), sender)),
    );
    return taken instanceof Response ? taken : failure(encoding, taken);
  }

  return { handle };
}

function createDecoder(metricMap: MetricMap | null): (encoding: OtlpEncoding, bytes: Buffer) => DecodedRequest {
  const vocabulary = vocabularyOf(metricMap);
  const protobuf = new ProtobufDecoder(vocabulary);
  return (encoding, bytes) => {
    if (encoding === 'protobuf' || bytes.length === 0) return protobuf.decode(bytes);
    if (hasTooManyValues(bytes))
      throw new OverLimitError('The JSON has too many values for one request; send smaller batches, or protobuf.');
    return decodeJson(bytes.toString('utf8'), vocabulary);
  };
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

const UNKNOWN_TYPE: Failure = {
  status: 415,
  message: 'The content type must be application/x-protobuf or application/json.',
  headers: { 'accept-post': 'application/x-protobuf, application/json' },
};
