import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { PieceCount } from '../../access/piece-count.ts';
import { OneShotRequest } from './one-shot-request.ts';

/**
 * Characters of an answer over all its pages; longer ones are refused. A thousand dynos take 0.6 million, and
 * `JSON.parse` may make 20 bytes of each.
 */
const MAX_BODY_LENGTH = 4 * 1024 * 1024;
/** Of one answer, each a call of the account's 4,500 an hour. A page is asked to have 1,000 entries. */
const MAX_PAGES = 20;
/** Characters of a fault that are kept: it may repeat what the other end sent. */
const MAX_WHY_LENGTH = 500;

export interface Call {
  /** E.g. `https://api.heroku.com`. */
  readonly origin: string;
  readonly token: string;
  readonly method: 'GET' | 'DELETE';
  readonly path: string;
  /** One page of a list, instead of all of them: `id ..; max=1000`, or the `Next-Range` of the page before. */
  readonly range?: string | undefined;
  /** Another variant of the API than `ACCEPT`. */
  readonly accept?: string | undefined;
  /** From the start of the call, name look-up and TLS included, to the last byte of the answer. */
  readonly deadlineMs: number;
  /** Asked once the connection stands, right before the first byte. */
  readonly mayWrite?: () => boolean;
  readonly signal?: AbortSignal | undefined;
  /** Called with the head of each answer, also of those that fail later. */
  readonly onHead?: (status: number, headers: IncomingHttpHeaders) => void;
}

export type Exchange =
  /** A whole answer of any status. `body` is parsed where it is JSON, else the text; `{}` where it is empty. */
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly headers: IncomingHttpHeaders;
      readonly body: unknown;
    }
  /** No whole answer that can be read. `written` false proves that no byte of the request left. */
  | {
      readonly kind: 'failed';
      readonly written: boolean;
      readonly status: number | null;
      readonly why: string;
    };

/**
 * What Heroku's own CLI sends to list and to restart dynos on both of its generations; plain `version=3` is the older
 * Cedar form.
 */
const ACCEPT = 'application/vnd.heroku+json; version=3.sdk';

/** One call through heroku-client that always settles by its deadline and never repeats. */
export async function exchange(call: Call): Promise<Exchange> {
  const head = new AnswerHead(call.onHead);
  const ended = endOf(call);
  let request: OneShotRequest | null = null;
  try {
    ended.throwIfOver();
    // A rejection after this race is ignored on purpose: the call already has its result.
    request = new OneShotRequest(requestOptions(call, head), () => (call.mayWrite?.() ?? true) && !ended.over());
    head.onBroken = request.reject;
    const body = await Promise.race([request.request(), ended.promise]);
    return { kind: 'answered', status: head.status ?? 200, headers: head.headers, body };
  } catch (error) {
    if (isStatusError(error)) {
      return { kind: 'answered', status: error.statusCode, headers: head.headers, body: error.body };
    }
    return { kind: 'failed', written: request?.written ?? false, status: head.status, why: describe(error) };
  } finally {
    ended.release();
    request?.destroy();
  }
}

function requestOptions(call: Call, head: AnswerHead): ConstructorParameters<typeof OneShotRequest>[0] {
  return {
    host: call.origin,
    method: call.method,
    path: call.path,
    token: call.token,
    userAgent: 'tidemark',
    partial: call.method !== 'GET' || call.range !== undefined,
    headers: {
      Accept: call.accept ?? ACCEPT,
      Authorization: `Bearer ${call.token}`,
      ...(call.range === undefined ? {} : { Range: call.range }),
    },
    middleware: (response, next) => head.take(response, next),
  };
}

/**
 * Adds what the library hides (status, headers) or misses (an answer that breaks off, a 304, a body or a chain of pages
 * without an end).
 */
class AnswerHead {
  status: number | null = null;
  headers: IncomingHttpHeaders = {};
  onBroken: (error: Error) => void = () => {};
  /** Characters, of all pages: the library asks for the next one where an answer names it. */
  #received = 0;
  #pages = 0;
  readonly #onHead: Call['onHead'];

  constructor(onHead: Call['onHead']) {
    this.#onHead = onHead;
  }

  take(response: IncomingMessage, next: () => void): void {
    const status = response.statusCode ?? 0;
    this.status = status;
    this.headers = response.headers;
    this.#onHead?.(status, response.headers);
    // Chunks are joined as strings by the library: without this a character on a chunk's border is lost.
    response.setEncoding('utf8');
    response.on('error', () => {});
    response.once('close', () => {
      if (!response.complete) this.onBroken(new Error('the answer broke off'));
    });
    if (++this.#pages > MAX_PAGES) {
      response.resume();
      this.onBroken(new Error(`the answer has more than ${MAX_PAGES} pages`));
      return;
    }
    if (status === 304) {
      // The library would read from a cache that it does not have, and throw where nobody can catch it.
      response.resume();
      this.onBroken(new Error('the answer was 304, though nothing was asked conditionally'));
      return;
    }
    const pieces = new PieceCount();
    response.on('data', (chunk: string) => {
      this.#received += chunk.length;
      if (this.#received > MAX_BODY_LENGTH) response.destroy();
      if (!pieces.isTooMany(chunk.length)) return;
      this.onBroken(new Error('the answer comes in pieces of a few bytes'));
      response.destroy();
    });
    next();
  }
}

interface CallEnd {
  readonly promise: Promise<never>;
  over(): boolean;
  throwIfOver(): void;
  release(): void;
}

function endOf(call: Call): CallEnd {
  const late = new Error(`no whole answer within ${call.deadlineMs} ms`);
  const aborted = new Error('the call was cancelled');
  let reason: Error | null = call.signal?.aborted ? aborted : null;
  let fail: (error: Error) => void = () => {};
  const promise = new Promise<never>((_, reject) => {
    fail = (error) => {
      reason ??= error;
      reject(error);
    };
  });
  promise.catch(() => {});
  const onAbort = (): void => fail(aborted);
  const timer = setTimeout(() => fail(late), call.deadlineMs);
  call.signal?.addEventListener('abort', onAbort, { once: true });
  return {
    promise,
    over: () => reason !== null,
    throwIfOver: () => {
      if (reason !== null) throw reason;
    },
    release: () => {
      clearTimeout(timer);
      call.signal?.removeEventListener('abort', onAbort);
    },
  };
}

interface StatusError extends Error {
  readonly statusCode: number;
  readonly body: unknown;
}

function isStatusError(error: unknown): error is StatusError {
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number';
}

/** Only code and message: never the object, which may carry a request and its headers. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'an unknown fault';
  if (error instanceof SyntaxError) return 'the answer is not JSON';
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code}: ` : '';
  // A connection that is tried over several addresses fails with an empty message and one error for each.
  const message =
    error instanceof AggregateError && error.message === '' ? 'no address could be reached' : error.message;
  return `${code}${message}`.slice(0, MAX_WHY_LENGTH);
}
