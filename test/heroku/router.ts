import { randomInt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface RouterOptions {
  /** The ports of the web dynos that are up. */
  readonly ports: () => readonly number[];
  /** Until the first byte of an answer; then the router answers instead (H12). Default 30 s, as on Heroku. */
  readonly firstByteMs?: number;
  /** Default: any free port. */
  readonly port?: number;
}

export interface Router {
  readonly url: string;
  /** The codes of the errors that the router answered itself: `H10`, `H12`, `H13`. */
  readonly errors: readonly string[];
  stop(): Promise<void>;
}

const FIRST_BYTE_MS = 30_000;
/** Once an answer has begun, each of its bytes may take this long (H15). */
const IDLE_MS = 55_000;
const UNAVAILABLE = 503;

/**
 * What stands before an app's web dynos on Heroku: each request goes to any one of them, with headers that say where it
 * came from (devcenter.heroku.com/articles/http-routing).
 */
export async function startRouter(options: RouterOptions): Promise<Router> {
  const errors: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const ports = options.ports();
    const port = ports[ports.length < 2 ? 0 : randomInt(ports.length)];
    const fail = (code: string) => {
      errors.push(code);
      if (outgoing.headersSent) outgoing.destroy();
      else outgoing.writeHead(UNAVAILABLE, { 'Content-Type': 'text/html' }).end('<h1>Application error</h1>');
    };
    if (port === undefined) fail('H10');
    else forward({ incoming, outgoing, port, fail, firstByteMs: options.firstByteMs ?? FIRST_BYTE_MS });
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    errors,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

interface Forwarded {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly port: number;
  readonly fail: (code: string) => void;
  readonly firstByteMs: number;
}

function forward({ incoming, outgoing, port, fail, firstByteMs }: Forwarded): void {
  const { method, url, headers } = incoming;
  let isOver = false;
  const failOnce = (code: string) => {
    if (!isOver) fail(code);
    isOver = true;
    inner.destroy();
  };
  const options = { host: '127.0.0.1', port, method, path: url, headers: { ...headers, ...routerHeaders(incoming) } };
  const inner = request(options, (answer) => {
    clearTimeout(timer);
    outgoing.writeHead(answer.statusCode ?? UNAVAILABLE, { ...answer.headers, Via: '1.1 heroku-router' });
    outgoing.flushHeaders();
    answer.on('error', () => failOnce('H13'));
    answer.pipe(outgoing);
    outgoing.setTimeout(IDLE_MS, () => failOnce('H15'));
  });
  const timer = setTimeout(() => failOnce('H12'), firstByteMs);
  inner.on('error', () => failOnce('H13'));
  outgoing.on('close', () => {
    clearTimeout(timer);
    isOver = true;
    inner.destroy();
  });
  incoming.pipe(inner);
}

function routerHeaders({ socket, headers }: IncomingMessage): Readonly<Record<string, string>> {
  const before = headers['x-forwarded-for'];
  const from = socket.remoteAddress ?? '';
  return {
    'X-Request-Id': String(headers['x-request-id'] ?? randomUUID()),
    'X-Forwarded-For': before === undefined ? from : `${before}, ${from}`,
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-Port': '443',
    'X-Request-Start': String(Date.now()),
    'Connect-Time': '0',
    'Total-Route-Time': '0',
    Via: '1.1 heroku-router',
  };
}
