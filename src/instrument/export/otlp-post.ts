import { readFileSync } from 'node:fs';
import type http from 'node:http';
import type https from 'node:https';
import { afterReading } from '../patience.ts';
import { VERSION } from '../version.ts';

/** Answers after which OTLP has a client try again. */
const RETRYABLE_STATUS: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** A receiver answers with a few bytes; what is longer comes from something else. */
const MOST_ANSWER_BYTES = 64 * 1024;

type Environment = Readonly<Record<string, string | undefined>>;

/** Why a request was of no use. */
export class PostError extends Error {
  override readonly name = 'PostError';
  /** Whether the same request may succeed later: the receiver said so, or never answered. */
  readonly isRetryable: boolean;
  /** How long the receiver asked to be left alone; null where it did not. */
  readonly retryAfterMs: number | null;
  /** The HTTP status; null where there was no answer. */
  readonly status: number | null;

  constructor(message: string, { isRetryable, retryAfterMs = null, status = null, cause }: PostFailure) {
    super(message, { cause });
    this.status = status;
    this.isRetryable = isRetryable;
    this.retryAfterMs = retryAfterMs;
  }
}

interface PostFailure {
  readonly isRetryable: boolean;
  readonly retryAfterMs?: number | null;
  readonly status?: number | null;
  readonly cause?: unknown;
}

export interface OtlpPostOptions {
  readonly url: string;
  /** Asked before each request. */
  readonly headers: () => Record<string, string> | Promise<Record<string, string>>;
  readonly compression: 'none' | 'gzip';
  /** For one request, from its start to the end of the answer. */
  readonly timeoutMs: number;
  /** Where the standard variables name files with certificates. */
  readonly env: Environment;
}

/**
 * Posts to an OTLP receiver, over a connection that stays open and never keeps the process alive.
 *
 * The exporter's own transport does `import('http')`, and an import of node:http reads all of its exports, the lazy ones of undici
 * (WebSocket and others) included: 7 MB of RSS in a worker that has no use for it. It also holds the process by its sockets and by the timers
 * of its retries.
 */
export class OtlpPost {
  readonly #options: OtlpPostOptions;
  readonly #url: URL;
  #client: { readonly request: typeof http.request; readonly agent: http.Agent } | null = null;

  constructor(options: OtlpPostOptions) {
    this.#options = options;
    this.#url = new URL(options.url);
  }

  /**
   * The body of the answer, of a receiver that took it.
   *
   * @throws {PostError} where it did not, or none could be reached in time
   * @throws {Error} where a file with a certificate cannot be read
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
    const cancel = afterReading(timeoutMs, () => timeout.abort());
    try {
      return await this.#send(body, { method: 'POST', headers: allHeaders, signal: timeout.signal });
    } finally {
      cancel();
    }
  }

  #send(body: Uint8Array, options: http.RequestOptions): Promise<Buffer> {
    this.#client ??= client(this.#url.protocol, this.#options.env);
    const { request, agent } = this.#client;
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => {
        if (error instanceof PostError) return reject(error);
        const what = error.name === 'AbortError' ? `no answer within ${this.#options.timeoutMs} ms` : error.message;
        reject(new PostError(`${this.#url.origin}: ${what}`, { isRetryable: true, cause: error }));
      };
      const sent = request(this.#url, { ...options, agent }, (response) => {
        read(response).then((answer) => {
          const refusal = refusalOf(response, answer);
          if (refusal === null) resolve(answer);
          else reject(refusal);
        }, fail);
      });
      sent.on('socket', (socket) => socket.unref());
      sent.on('error', (error: NodeJS.ErrnoException) => {
        // The receiver has closed the idle connection in the same moment: on a new one it will do.
        if (sent.reusedSocket && error.code === 'ECONNRESET') resolve(this.#send(body, options));
        else fail(error);
      });
      sent.end(body);
    });
  }

  /** Closes the connection. */
  close(): void {
    this.#client?.agent.destroy();
    this.#client = null;
  }
}

function client(protocol: string, env: Environment) {
  // Not imported, for what an import of node:http brings along: see above.
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

async function read(response: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MOST_ANSWER_BYTES) {
      throw new PostError(`the receiver sent an answer of more than ${MOST_ANSWER_BYTES} bytes`, {
        isRetryable: false,
      });
    }
  }
  return Buffer.concat(chunks);
}

function refusalOf({ statusCode = 0, statusMessage, headers }: http.IncomingMessage, answer: Buffer): PostError | null {
  if (statusCode >= 200 && statusCode < 300) return null;
  return new PostError(
    `the receiver answered ${statusCode} ${statusMessage ?? ''}: ${answer.toString().slice(0, 500)}`,
    {
      isRetryable: RETRYABLE_STATUS.has(statusCode),
      status: statusCode,
      retryAfterMs: retryAfterMs(headers['retry-after']),
    },
  );
}

/** RFC 9110: seconds or a date. */
function retryAfterMs(text: string | undefined): number | null {
  if (text === undefined) return null;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}

/** By the variables of OpenTelemetry's specification. Unreadable files throw. */
function tlsFiles(env: Environment): https.AgentOptions {
  const file = (name: string): Buffer | null => {
    const path = env[`OTEL_EXPORTER_OTLP_METRICS_${name}`] || env[`OTEL_EXPORTER_OTLP_${name}`];
    return path ? readFileSync(path) : null;
  };
  const [ca, key, cert] = [file('CERTIFICATE'), file('CLIENT_KEY'), file('CLIENT_CERTIFICATE')];
  return { ...(ca && { ca }), ...(key && { key }), ...(cert && { cert }) };
}
