import { readFileSync } from 'node:fs';
import type http from 'node:http';
import type https from 'node:https';
import { parseRetryAfter } from '../../../shared/retry-after.ts';
import { VERSION } from '../../../shared/version.ts';
import { afterLoopTime } from '../../patience.ts';
import { HostLookup, silence } from './host-lookup.ts';

/** Statuses after which OTLP lets a client retry. */
const RETRYABLE_STATUS: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** A receiver answers with a few bytes; a longer answer comes from something else. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** A connection that the receiver has closed: before the request was written, or while it was. */
const CLOSED: ReadonlySet<string | undefined> = new Set(['ECONNRESET', 'EPIPE']);
/** How much of a refusal is kept: enough for one sentence of the receiver. */
const KEPT_ANSWER_CHARACTERS = 2000;
/** A receiver that asks for a longer pause is called after this one. */
const MAX_RETRY_AFTER_MS = 5 * 60_000;

type Environment = Readonly<Record<string, string | undefined>>;

/** The answer of a receiver that did not accept the request. */
export interface Refusal {
  readonly status: number;
  /** The beginning of the answer. */
  readonly text: string;
  readonly isHtml: boolean;
  /** The target of a redirect; null for other answers. */
  readonly location: string | null;
}

/** Why a request failed. */
export class PostError extends Error {
  override readonly name = 'PostError';
  /** Whether the same request may succeed later: the receiver said so, or never answered. */
  readonly isRetryable: boolean;
  /** How long the receiver asked not to be called, ms, at most `MAX_RETRY_AFTER_MS`; null if it did not ask. */
  readonly retryAfterMs: number | null;
  /** Null if there was no answer, or not one of HTTP. */
  readonly refusal: Refusal | null;

  constructor(message: string, { isRetryable, retryAfterMs = null, refusal = null, cause }: PostFailure) {
    super(message, { cause });
    this.isRetryable = isRetryable;
    this.retryAfterMs = retryAfterMs;
    this.refusal = refusal;
  }
}

interface PostFailure {
  readonly isRetryable: boolean;
  readonly retryAfterMs?: number | null;
  readonly refusal?: Refusal | null;
  readonly cause?: unknown;
}

export interface OtlpPostOptions {
  readonly url: string;
  /** Called before each request. */
  readonly headers: () => Record<string, string> | Promise<Record<string, string>>;
  readonly compression: 'none' | 'gzip';
  /**
   * For one request, from its start to the end of the answer, ms. Time in which the application blocks the event loop
   * counts little.
   */
  readonly timeoutMs: number;
  /** Standard variables name the certificate files. */
  readonly env: Environment;
  readonly hosts?: HostLookup;
}

/**
 * Posts to an OTLP receiver, over a connection that stays open and never keeps the process alive.
 *
 * The exporter's own transport does `import('http')`, and an import of node:http reads all of its exports, including
 * the lazy ones of undici (WebSocket and others): 7 MB of RSS that the worker does not need. Its sockets and the timers
 * of its retries also keep the process alive.
 */
export class OtlpPost {
  readonly #options: OtlpPostOptions;
  readonly #url: URL;
  readonly #hosts: HostLookup;
  #client: { readonly request: typeof http.request; readonly agent: http.Agent } | null = null;

  constructor(options: OtlpPostOptions) {
    this.#options = options;
    this.#url = new URL(options.url);
    this.#hosts = options.hosts ?? new HostLookup();
  }

  /**
   * The body of the answer of a receiver that accepted the request.
   *
   * @throws {PostError} if it did not, or no receiver could be reached in time
   * @throws {Error} if a certificate file cannot be read
   */
  async post(json: Uint8Array): Promise<Buffer> {
    const { compression, headers, timeoutMs } = this.#options;
    const isZipped = compression === 'gzip';
    const body = isZipped ? await gzipped(json) : json;
    const allHeaders = {
      ...(await headers()),
      'User-Agent': `tidemark/${VERSION}`,
      'Content-Length': body.length,
      ...(isZipped ? { 'Content-Encoding': 'gzip' } : {}),
    };
    const timeout = new AbortController();
    const cancel = afterLoopTime(timeoutMs, () => timeout.abort());
    return this.#send(body, { method: 'POST', headers: allHeaders, signal: timeout.signal }).finally(cancel);
  }

  #send(body: Uint8Array, options: http.RequestOptions): Promise<Buffer> {
    this.#client ??= client(this.#url.protocol, this.#options.env);
    const { request, agent } = this.#client;
    const { lookup } = this.#hosts;
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => {
        if (error instanceof PostError) return reject(error);
        const isLate = error.name === 'AbortError';
        const cause = isLate && this.#hosts.isWaiting ? silence(this.#url.hostname) : error;
        const what = isLate ? `no answer within ${this.#options.timeoutMs} ms` : error.message;
        reject(new PostError(`${this.#url.origin}: ${what}`, { isRetryable: true, cause }));
      };
      const name = serverName(this.#url);
      const sent = request(this.#url, { ...options, agent, lookup, ...(name && { servername: name }) }, (response) => {
        read(response).then(({ answer, isWhole }) => {
          const refusal = refusalOf(response, answer) ?? (isWhole ? null : TOO_LONG);
          if (refusal === null) resolve(answer);
          else reject(refusal);
        }, fail);
      });
      sent.on('socket', (socket) => socket.unref());
      sent.on('error', (error: NodeJS.ErrnoException) => {
        // The receiver has closed the idle connection, and this process could not read that in time: a new one works.
        if (sent.reusedSocket && CLOSED.has(error.code)) resolve(this.#send(body, options));
        else fail(error);
      });
      sent.end(body);
    });
  }

  /** Ends what keeps the process alive: the lookup of a host whose name server is silent. */
  letGo(): void {
    this.#hosts.cancel();
  }

  /** Closes the connection. */
  close(): void {
    this.letGo();
    this.#client?.agent.destroy();
    this.#client = null;
  }
}

/**
 * The name for the TLS handshake where it differs from the host: without the dot at the end, which RFC 6066 forbids and
 * servers written in Go refuse. Null: the host itself.
 */
function serverName({ protocol, hostname }: URL): string | null {
  return protocol === 'https:' && hostname.endsWith('.') ? hostname.replace(/\.+$/, '') : null;
}

function client(protocol: string, env: Environment) {
  // Not imported: an import of node:http costs memory, see above.
  if (protocol === 'http:') {
    const { Agent, request } = process.getBuiltinModule('node:http');
    return { request, agent: new Agent({ keepAlive: true }) };
  }
  const { Agent, request } = process.getBuiltinModule('node:https');
  return { request, agent: new Agent({ keepAlive: true, ...tlsFiles(env) }) };
}

function gzipped(bytes: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    process.getBuiltinModule('node:zlib').gzip(bytes, (error, zipped) => (error ? reject(error) : resolve(zipped)));
  });
}

/**
 * The answer, or its beginning if it is longer than a receiver's or breaks off. Its status has come before: after one
 * that accepts the request, a retry would send the same points twice.
 */
async function read(response: http.IncomingMessage): Promise<{ answer: Buffer; isWhole: boolean }> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MAX_ANSWER_BYTES) break;
    }
  } catch (error) {
    // The time is over.
    if ((error as Error).name === 'AbortError') throw error;
  }
  return { answer: Buffer.concat(chunks), isWhole: bytes <= MAX_ANSWER_BYTES };
}

const TOO_LONG = new PostError(`the receiver's answer has more than ${MAX_ANSWER_BYTES} bytes`, {
  isRetryable: false,
});

function refusalOf({ statusCode = 0, statusMessage, headers }: http.IncomingMessage, answer: Buffer): PostError | null {
  const text = answer.toString('utf8', 0, KEPT_ANSWER_CHARACTERS);
  const isHtml = headers['content-type']?.includes('html') === true || /^\s*<(?:!doctype|html)/i.test(text);
  // Most addresses that belong to something else answer with a web page and status 200.
  if (statusCode >= 200 && statusCode < 300 && !isHtml) return null;
  const retryAfterMs = parseRetryAfter(headers['retry-after'], Date.now());
  return new PostError(`the receiver answered ${statusCode} ${statusMessage ?? ''}: ${text.slice(0, 500)}`, {
    isRetryable: RETRYABLE_STATUS.has(statusCode),
    retryAfterMs: retryAfterMs === null ? null : Math.min(retryAfterMs, MAX_RETRY_AFTER_MS),
    refusal: { status: statusCode, text, isHtml, location: headers.location ?? null },
  });
}

/** By the variables of OpenTelemetry's specification. Throws if a file cannot be read. */
function tlsFiles(env: Environment): https.AgentOptions {
  const file = (name: string): Buffer | null => {
    const path = env[`OTEL_EXPORTER_OTLP_METRICS_${name}`] || env[`OTEL_EXPORTER_OTLP_${name}`];
    return path ? readFileSync(path) : null;
  };
  const [ca, key, cert] = [file('CERTIFICATE'), file('CLIENT_KEY'), file('CLIENT_CERTIFICATE')];
  return { ...(ca && { ca }), ...(key && { key }), ...(cert && { cert }) };
}
