import { basicNamesOf } from '../../access/credentials.ts';
import { ownerOf } from '../../model/fair-shares.ts';
import { createGate, type DoorOptions, NOT_READY, receive } from '../ingest-door.ts';
import type { IngestToken, Sender } from '../ingest-tokens.ts';
import type { Intake } from '../intake.ts';
import { BODY_LIMITS } from '../limits.ts';
import type { Failure } from '../request-body.ts';
import { decodeLog, type QuotaError } from './decode-log.ts';
import { LogMemory } from './log-memory.ts';
import { SeenFrames } from './seen-frames.ts';

export interface LogplexSourceOptions extends DoorOptions {
  /** Shared with the other ways in. */
  readonly intake: Intake;
  /** Empty: only programs on this machine may deliver. */
  readonly tokens: readonly IngestToken[];
  /** Heroku logged these. Must not throw. */
  readonly onQuotaErrors: (errors: readonly QuotaError[]) => void;
  /** Called for each request that only a person can make acceptable. Must not throw. */
  readonly onRefused: (kind: LogRefusalKind, app: string | null) => void;
}

/** Why log lines were refused. 503 passes by itself and is none. */
type LogRefusalKind =
  | 'no-token'
  | 'only-this-machine'
  | 'wrong-app'
  | 'too-large'
  | 'log-unreadable'
  | 'log-app-unknown';

export interface LogplexSource {
  /**
   * Answers a request to `/v1/logplex` or `/v1/logplex/{app}`, any method. Rejects only for a fault of the program.
   *
   * @param app as the path names it; null where it does not
   */
  handle(request: Request, app: string | null, remoteAddress: string | undefined): Promise<Response>;
}

const CONTENT_TYPE = 'application/logplex-1';
/** A drain's request has 4 KiB, and up to some lines of 10,000 bytes. Samples of 2 MiB take 100 ms. */
const MAX_BYTES = BODY_LIMITS.maxBodyBytes / 4;
const LIMITS = { maxBodyBytes: MAX_BYTES, maxDecodedBytes: MAX_BYTES };
const APP_NAME = /^[a-z][a-z0-9-]{0,62}$/;

/**
 * The receiving end of a Heroku log drain (https://devcenter.heroku.com/articles/log-drains). Logplex sends a frame
 * once more after a 5xx or no answer, drops it after a 4xx, and gives both times the same `Logplex-Frame-Id`.
 */
export function createLogplexSource(options: LogplexSourceOptions): LogplexSource {
  const { tokens, intake } = options;
  const senderOf = createGate({ tokens, credentialsOf, onlyThisMachine: ONLY_THIS_MACHINE, noToken: NO_TOKEN });
  const memory = new LogMemory();
  const seen = new SeenFrames();

  async function handle(request: Request, path: string | null, remoteAddress: string | undefined): Promise<Response> {
    if (request.method !== 'POST') return failed(NOT_A_POST);
    const sender = senderOf(request.headers, remoteAddress);
    if ('status' in sender) return refuse(sender);
    const app = appOf(sender, path);
    if (typeof app !== 'string') return refuse(app, app === OTHER_APP ? path : null);
    if (!options.ready()) return refuse(NOT_READY);
    if (!isLog(request.headers.get('content-type'))) return refuse(UNKNOWN_TYPE);
    const frame = request.headers.get('logplex-frame-id');
    const delivery = { ...options, ...LIMITS, senderId: sender.id };
    const taken = await receive(request, delivery, (bytes) =>
      take(bytes, { app, sender, frame: frame === null ? null : `${app} ${frame}` }),
    );
    return taken === 'taken' ? new Response(null, { status: 204 }) : refuse(taken);
  }

  function take(
    bytes: Buffer,
    { app, sender, frame }: { readonly app: string; readonly sender: Sender; readonly frame: string | null },
  ): 'taken' {
    if (frame !== null && seen.has(frame)) return 'taken';
    const owner = ownerOf(app, sender);
    const log = decodeLog(bytes, { app, owner }, memory);
    intake.take(log.request, sender);
    if (log.quotaErrors.length > 0) options.onQuotaErrors(log.quotaErrors);
    if (frame !== null) seen.add(frame, owner);
    return 'taken';
  }

  function refuse(failure: Failure, app: string | null = null): Response {
    const kind = KINDS.get(failure) ?? KINDS_OF_BODIES[failure.status];
    if (kind !== undefined) options.onRefused(kind, app);
    return failed(failure);
  }

  return { handle };
}

/** Heroku makes Basic of the URL's user part: the token may be the user or the password. */
function credentialsOf(authorization: string | null): readonly (string | null)[] {
  return [...basicNamesOf(authorization).map((name) => `Bearer ${name}`), authorization];
}

/** Log lines do not name their app: the token does, or the path where the token covers several. */
function appOf(sender: Sender, path: string | null): string | Failure {
  const app = path ?? sender.onlyApp;
  if (app === null) return WHICH_APP;
  if (!APP_NAME.test(app)) return NO_APP_NAME;
  return sender.mayDeliver(app) ? app : OTHER_APP;
}

function isLog(contentType: string | null): boolean {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase() === CONTENT_TYPE;
}

function failed({ status, message, headers = {} }: Failure): Response {
  return new Response(`${message}\n`, { status, headers: { ...headers, 'content-type': 'text/plain; charset=utf-8' } });
}

const NOT_A_POST: Failure = { status: 405, message: 'Log lines are sent by POST.', headers: { allow: 'POST' } };

const ONLY_THIS_MACHINE: Failure = {
  status: 403,
  message:
    'Only programs on this machine may send log lines while TIDEMARK_INGEST_TOKENS is not set; ' +
    'set it to app=token, and give the drain the URL https://<token>@<this actuator>/v1/logplex.',
};

const NO_TOKEN: Failure = {
  status: 401,
  message:
    'An ingest token is needed: give the drain the URL https://<token>@<this actuator>/v1/logplex with a token of ' +
    'TIDEMARK_INGEST_TOKENS.',
  headers: { 'www-authenticate': 'Basic realm="tidemark"' },
};

const WHICH_APP: Failure = {
  status: 404,
  message: 'Log lines do not name their app, and this token covers several: give the drain the path /v1/logplex/<app>.',
};

const NO_APP_NAME: Failure = { status: 404, message: 'The path ends with something else than the name of an app.' };

const OTHER_APP: Failure = {
  status: 403,
  message: 'This ingest token does not cover the app in the path: use a token of that app in TIDEMARK_INGEST_TOKENS.',
};

const UNKNOWN_TYPE: Failure = {
  status: 415,
  message: `The content type must be ${CONTENT_TYPE}.`,
  headers: { 'accept-post': CONTENT_TYPE },
};

const KINDS: ReadonlyMap<Failure, LogRefusalKind> = new Map([
  [ONLY_THIS_MACHINE, 'only-this-machine'],
  [NO_TOKEN, 'no-token'],
  [WHICH_APP, 'log-app-unknown'],
  [NO_APP_NAME, 'log-app-unknown'],
  [OTHER_APP, 'wrong-app'],
]);

const KINDS_OF_BODIES: Readonly<Record<number, LogRefusalKind>> = {
  400: 'log-unreadable',
  413: 'too-large',
  415: 'log-unreadable',
};
