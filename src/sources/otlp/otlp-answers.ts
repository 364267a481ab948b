import type { Rejection } from '../intake.ts';
import type { Failure } from '../request-body.ts';

/** The two encodings of OTLP over HTTP; an answer is in that of its request. */
export type OtlpEncoding = 'protobuf' | 'json';

const CONTENT_TYPES: Readonly<Record<OtlpEncoding, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};

/** The encoding that a `Content-Type` names, whatever its parameters; null for another one. */
export function encodingOf(contentType: string | null): OtlpEncoding | null {
  const mediaType = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  if (mediaType === CONTENT_TYPES.protobuf) return 'protobuf';
  return mediaType === CONTENT_TYPES.json ? 'json' : null;
}

/**
 * 200 with an `ExportMetricsServiceResponse`: empty, or with what was rejected, which the sender must not send again.
 */
export function success(encoding: OtlpEncoding, rejection: Rejection | null): Response {
  const headers = { 'content-type': CONTENT_TYPES[encoding] };
  if (encoding === 'protobuf') {
    return new Response(rejection === null ? new Uint8Array(0) : protobufRejection(rejection), { headers });
  }
  if (rejection === null) return new Response('{}', { headers });
  const partialSuccess = { rejectedDataPoints: String(rejection.dataPoints), errorMessage: rejection.message };
  return new Response(JSON.stringify({ partialSuccess }), { headers });
}

/** A 4xx or 5xx with a `google.rpc.Status` that carries the message. JSON where the request's encoding is neither. */
export function failure(encoding: OtlpEncoding | null, { status, message, headers = {} }: Failure): Response {
  const body = encoding === 'protobuf' ? textField(2, message) : JSON.stringify({ message });
  return new Response(body, { status, headers: { ...headers, 'content-type': CONTENT_TYPES[encoding ?? 'json'] } });
}

/** `partial_success` (1) with `rejected_data_points` (1) and `error_message` (2). */
function protobufRejection({ dataPoints, message }: Rejection): Uint8Array<ArrayBuffer> {
  return field(1, concat([Uint8Array.of(0x08), varint(dataPoints), textField(2, message)]));
}

function textField(number: number, text: string): Uint8Array<ArrayBuffer> {
  return field(number, new TextEncoder().encode(text));
}

function field(number: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  return concat([Uint8Array.of((number << 3) | 2), varint(content.length), content]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Uint8Array.from([...bytes, rest]);
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
