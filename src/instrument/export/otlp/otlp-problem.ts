import {
  decodedOrNull,
  type Environment,
  endpointVariable,
  headerEntries,
  headerSecrets,
} from '../../../shared/otel-environment.ts';
import { oneLine } from '../../voice.ts';
import type { ExportProblem } from './export-log.ts';
import { PostError, type Refusal } from './otlp-post.ts';

/** A longer text of a receiver is cut. */
const MAX_QUOTE_LENGTH = 240;

/** The type of the first frame of an HTTP/2 server, and so of gRPC: SETTINGS, or GOAWAY. */
const HTTP2_FIRST_FRAMES: ReadonlySet<number | undefined> = new Set([4, 7]);
const GRPC_PORT = '4317';
/** What HTTP/2-only servers answer to an HTTP/1.1 request. */
const HTTP2_STATUS: ReadonlySet<number> = new Set([403, 415, 426, 464, 505]);

/** Whose measurements are sent, and where. */
export interface ExportTarget {
  /** `my-app worker.1` */
  readonly subject: string;
  /** The address that is posted to. */
  readonly url: URL;
  readonly intervalMs: number;
  readonly env: Environment;
}

/** A receiver answered 200 and rejected some points: OTLP's `partial_success`. */
export class RejectedPoints extends Error {
  override readonly name = 'RejectedPoints';
  readonly count: number;

  /** @param message the receiver's own */
  constructor(count: number, message: string) {
    super(message);
    this.count = count;
  }
}

type Problem = readonly [kind: string, what: string, advice: string];

/** What a failed export means for a person. Repeats no header, user name, password or query of the environment. */
export function otlpProblem(error: unknown, target: ExportTarget): ExportProblem {
  const { subject, url } = target;
  if (error instanceof RejectedPoints) {
    const said = quote(error.message, target);
    const verb = error.count > 0 ? `rejected ${error.count} data points of` : 'took';
    return {
      kind: 'rejected',
      sentence: `${url.origin} ${verb} ${subject}${said === '' ? '.' : ` and said: ${said}`}`,
    };
  }
  const refusal = error instanceof PostError ? error.refusal : null;
  const cause = error instanceof PostError ? (error.cause ?? error) : error;
  const pauseMs = error instanceof PostError ? (error.retryAfterMs ?? 0) : 0;
  const [kind, what, advice] = refusal === null ? ofConnection(cause, target) : ofAnswer(refusal, pauseMs, target);
  return { kind, sentence: `${subject} is not reported: ${what}. ${advice}` };
}

function ofAnswer(refusal: Refusal, pauseMs: number, target: ExportTarget): Problem {
  const { url, env, intervalMs } = target;
  const { status, isHtml, location } = refusal;
  const said = quote(isHtml ? titleOf(refusal.text) : messageOf(refusal.text), target);
  const answer = `(${status}${said === '' ? '' : `: ${said}`})`;
  const at = `${url.origin}${url.pathname}`;
  if (HTTP2_STATUS.has(status) && /grpc|alpn|http\/2/i.test(refusal.text)) return ofGrpc(target);
  if (status === 401 || status === 403) return ofToken(answer, target);
  if (status >= 300 && status < 400) {
    const to = URL.parse(location ?? '', url.href)?.origin ?? 'another address';
    return [
      'redirect',
      `${url.origin} redirects to ${to} (${status})`,
      `Set ${variable(env)} to the address that accepts OTLP.`,
    ];
  }
  if (status < 300) {
    return [
      'web-page',
      `${at} answers with a web page ${answer} and is not an OTLP receiver`,
      `Correct ${variable(env)}.`,
    ];
  }
  if (status === 404 || status === 405) {
    return ['no-receiver', `${at} is not an OTLP receiver ${answer}`, pathAdvice(target, refusal.text)];
  }
  if (status === 413) return ['too-large', `${url.origin} refuses an export of this size ${answer}`, TOO_LARGE];
  if (status === 415) return ['no-json', `${url.origin} does not accept OTLP as JSON ${answer}`, NO_JSON];
  if ([429, 502, 503, 504].includes(status)) {
    const again =
      pauseMs > intervalMs
        ? `It asks for a pause of ${Math.round(pauseMs / 1000)} s, and Tidemark sends new measurements after it.`
        : `Tidemark keeps trying, with new measurements every ${intervalMs / 1000} s.`;
    return ['busy', `${url.origin} accepts no measurements now ${answer}`, again];
  }
  const advice = "Check the receiver's log.";
  if (status >= 500) return ['fault', `${url.origin} failed ${answer}`, advice];
  return ['refused', `${url.origin} refuses the measurements ${answer}`, advice];
}

const TOO_LARGE = 'Tidemark sends smaller requests from now on.';
const NO_JSON =
  'Send to a receiver that accepts it, such as the actuator or an OpenTelemetry Collector (OTLP/HTTP, port 4318).';
const TOKEN = 'OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20<token>"';

function ofToken(answer: string, { url, env }: ExportTarget): Problem {
  const hasToken = headerEntries(env).some(([, entry]) => /^authorization\s*=/i.test(entry));
  if (!hasToken) return ['token', `${url.origin} requires a token ${answer}, and none is set`, `Set ${TOKEN}.`];
  return [
    'token',
    `${url.origin} refuses the token ${answer}`,
    `Set ${TOKEN} to the token that the receiver expects from this app.`,
  ];
}

function pathAdvice({ url, env }: ExportTarget, text: string): string {
  const name = variable(env);
  if (text.includes('TIDEMARK_SOURCE')) return 'Set TIDEMARK_SOURCE=otlp there, or TIDEMARK_TRANSPORT=redis here.';
  if (/\/v1\/metrics\/+v1\/metrics$/.test(url.pathname)) return `Leave /v1/metrics out of ${name}: it is appended.`;
  if (!url.pathname.endsWith('/v1/metrics')) return `${name} is used unchanged: end it with /v1/metrics.`;
  return `Set ${name} to the address of the actuator or a Collector.`;
}

function ofGrpc({ url }: ExportTarget): Problem {
  const advice = 'Set OTEL_EXPORTER_OTLP_METRICS_ENDPOINT to its HTTP port, like http://collector:4318/v1/metrics.';
  return ['grpc', `${url.origin} speaks gRPC, and Tidemark sends OTLP over HTTP`, advice];
}

interface ConnectionError {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly path?: string;
  /** The received bytes, if they are not HTTP. */
  readonly rawPacket?: Uint8Array;
}

function ofConnection(cause: unknown, target: ExportTarget): Problem {
  const { url, env } = target;
  const { name, code = '', message = String(cause), path, rawPacket } = (cause ?? {}) as ConnectionError;
  const { origin } = url;
  const reset = code === 'ECONNRESET' || code === 'EPIPE';
  if (HTTP2_FIRST_FRAMES.has(rawPacket?.[3]) || code.includes('NO_APPLICATION_PROTOCOL')) return ofGrpc(target);
  if (reset && url.port === GRPC_PORT) return ofGrpc(target);
  if (code.startsWith('HPE_')) return ['no-http', `${origin} does not speak HTTP`, `Correct ${variable(env)}.`];
  if (reset) {
    const advice = `Check the port in ${variable(env)}, and whether it is http or https.`;
    return ['hung-up', `${origin} closes the connection without an answer`, advice];
  }
  if (code === 'ECONNREFUSED') return ['not-listening', `nothing listens at ${origin}`, endpointAdvice(env)];
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return ['no-host', `the host of ${origin} cannot be found (${code})`, `Correct ${variable(env)}.`];
  }
  if (code === 'ETIMEOUT')
    return ['no-name-server', `the name server does not answer for the host of ${origin}`, AGAIN];
  if (path !== undefined)
    return [
      'file',
      `${oneLine(path, 120)} cannot be read (${code})`,
      'It is named by an OTEL_EXPORTER_OTLP_* variable.',
    ];
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) {
    return [
      'no-tls',
      `${origin} does not speak TLS as expected (${code})`,
      `If it speaks plain HTTP, write http:// in ${variable(env)}.`,
    ];
  }
  if (/CERT|_SIGNED_|UNABLE_TO_|SIGNATURE/.test(code)) {
    return ['certificate', `the TLS certificate of ${origin} is not trusted (${code})`, CERTIFICATE];
  }
  if (code === 'ERR_INVALID_CHAR')
    return ['header', 'a header holds a character that HTTP does not allow', `Correct OTEL_EXPORTER_OTLP_HEADERS.`];
  if (name === 'AbortError' || /^E(?:TIMEDOUT|HOSTUNREACH|NETUNREACH)$/.test(code)) {
    return ['no-answer', `${origin} does not answer in time`, endpointAdvice(env)];
  }
  return ['other', `an export to ${origin} failed (${quote(message, target)})`, AGAIN];
}

const AGAIN = 'Tidemark keeps trying.';
const CERTIFICATE = 'Name its certificate authority in OTEL_EXPORTER_OTLP_CERTIFICATE, or correct the address.';

function endpointAdvice(env: Environment): string {
  if (endpointVariable(env) !== null) return `Start the receiver, or correct ${variable(env)}.`;
  return 'OTEL_EXPORTER_OTLP_ENDPOINT is not set; set it to the address of the actuator or a Collector.';
}

function variable(env: Environment): string {
  return endpointVariable(env) ?? 'OTEL_EXPORTER_OTLP_ENDPOINT';
}

/** `message` of a `google.rpc.Status`, which OTLP receivers answer with; the whole text of other answers. */
function messageOf(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return typeof message === 'string' ? message : text;
  } catch {
    return text;
  }
}

function titleOf(html: string): string {
  return /<title[^>]*>([^<]*)/i.exec(html)?.[1] ?? '';
}

/** A receiver's text on one line, cut, in quotation marks, without secrets. Empty for an empty text. */
function quote(text: string, { env, url }: ExportTarget): string {
  const clean = secretsOf(env, url).reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
  const line = oneLine(clean, MAX_QUOTE_LENGTH);
  return line === '' ? '' : `"${line}"`;
}

/**
 * The values of headers, as written, as sent, and their last word (the token after `Bearer`); what an address has
 * before the `@` and after the `?`.
 */
function secretsOf(env: Environment, url: URL): readonly string[] {
  const query = [...url.searchParams.values()];
  const secrets = [
    ...headerSecrets(env),
    ...query,
    url.username,
    decodedOrNull(url.username) ?? '',
    url.password,
    decodedOrNull(url.password) ?? '',
  ];
  // The longest first, because another may be contained in it. Shorter texts are not secrets, and replacing them would
  // damage words.
  return [...new Set(secrets)].filter(({ length }) => length >= 4).sort((a, b) => b.length - a.length);
}
