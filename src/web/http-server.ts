import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Context, Hono } from 'hono';
import { PieceCount } from '../access/piece-count.ts';
import { ConfigError } from '../model/errors.ts';

export interface HttpServer {
  /** The port that was bound; it differs from the requested one where that was 0. */
  readonly port: number;
  /** Accepts no more connections. Closes idle ones at once, the others after their answer, or after 2 s. */
  close(): Promise<void>;
}

/** Longer than a sender's export interval, so that senders need not reconnect for every batch. */
const KEEP_ALIVE_MS = 75_000;
/** A sender that never ends its request must not keep the actuator from stopping. */
const CLOSE_LIMIT_MS = 2_000;

/** A slow sender holds its socket, and a body's part of the budget, for no longer than this. OTLP senders wait 10 s. */
const REQUEST_TIMEOUT_MS = 20_000;
const HEADERS_TIMEOUT_MS = 10_000;
/** How often both are enforced. */
const CHECK_CONNECTIONS_EVERY_MS = 2_000;
/** An idle connection takes about 10 kB. A fleet with more workers than this needs a Collector before the actuator. */
const MAX_CONNECTIONS = 5_000;

/** Of one connection, requests that wait for their answers. No sender or browser sends one before the last answer. */
const MAX_WAITING_REQUESTS = 4;

export interface HttpServerOptions {
  /** Called for each connection that speaks HTTP/2; it is answered with 400. */
  readonly onGrpc?: () => void;
  readonly maxConnections?: number;
}

/** How every HTTP/2 connection begins, and therefore every gRPC connection (RFC 9113, section 3.4). */
const HTTP2_PREFACE = 'PRI * HTTP/2.0';

/** Serves the app on all interfaces, IPv6 and IPv4: Heroku routes to `$PORT` on one or the other. */
export async function serveHttp(app: Hono, port: number, options: HttpServerOptions = {}): Promise<HttpServer> {
  const { onGrpc = () => {}, maxConnections = MAX_CONNECTIONS } = options;
  const timeouts = {
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: CHECK_CONNECTIONS_EVERY_MS,
  };
  const server = createServer(timeouts, getRequestListener(app.fetch));
  boundConnections(server, maxConnections);
  boundPipelining(server);
  boundPieces(server);
  server.on('clientError', (error: Error & { readonly code?: string; readonly rawPacket?: Buffer }, socket) => {
    if (error.rawPacket?.subarray(0, HTTP2_PREFACE.length).toString('latin1') === HTTP2_PREFACE) onGrpc();
    const status = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request';
    if (socket.writable) socket.end(lastAnswer(status));
    else socket.destroy();
  });
  await listen(server, port);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        const cutOff = setTimeout(() => server.closeAllConnections(), CLOSE_LIMIT_MS);
        server.close(() => {
          clearTimeout(cutOff);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

/**
 * When there are as many connections as there may be, a new one takes the place of the one that has been quiet for
 * longest: one that has sent no request yet, or got its last answer. So thousands that are opened and left alone shut
 * nobody out: a sender needs its connection only for as long as its request takes.
 */
function boundConnections(server: Server, maxConnections: number): void {
  const all = new Set<Socket>();
  const quiet = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    if (all.size >= maxConnections) {
      const [quietest = socket] = quiet;
      forget(quietest);
      quietest.destroy();
      if (quietest === socket) return;
    }
    all.add(socket);
    quiet.add(socket);
    socket.once('close', () => forget(socket));
  });
  const forget = (socket: Socket) => {
    all.delete(socket);
    quiet.delete(socket);
  };
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    quiet.delete(socket);
    response.once('close', () => {
      if (all.has(socket)) quiet.add(socket);
    });
  });
}

/** What Node reads with; undocumented, so that it may be absent. */
interface ParsingSocket extends Socket {
  readonly parser?: { onIncoming?: () => number } | null;
}
/** Of `onIncoming`: what follows is no HTTP. */
const NOT_HTTP = 2;

/**
 * Closes a connection that sends many requests without waiting for the answers. Node makes requests of all that it
 * has read before it answers the first one: of 64 KiB some 2,000, and with 500 connections more than the heap holds.
 * For the same reason the parser must stop too.
 */
function boundPipelining(server: Server): void {
  const waiting = new WeakMap<Socket, number>();
  server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    const count = (waiting.get(socket) ?? 0) + 1;
    waiting.set(socket, count);
    response.once('close', () => waiting.set(socket, (waiting.get(socket) ?? 1) - 1));
    if (count <= MAX_WAITING_REQUESTS) return;
    const { parser } = socket as ParsingSocket;
    if (parser) parser.onIncoming = () => NOT_HTTP;
    socket.destroy();
  });
}

/** Answers 400 to a body in pieces of a few bytes, if it was not answered yet, and closes the connection. */
function boundPieces(server: Server): void {
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    const push = request.push.bind(request);
    const pieces = new PieceCount();
    let isRefused = false;
    request.push = (piece: Uint8Array | null, encoding) => {
      if (isRefused) return false;
      isRefused = pieces.isTooMany(piece?.length ?? 0);
      if (!isRefused) return push(piece, encoding);
      socket.end(response.headersSent ? '' : lastAnswer('400 Bad Request'), () => socket.destroy());
      return false;
    };
  });
}

/** An answer after which the connection is closed. */
function lastAnswer(status: string): string {
  return `HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`;
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(portFault(port, error)));
    server.listen(port, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}

function portFault(port: number, error: NodeJS.ErrnoException): Error {
  if (error.code === 'EADDRINUSE')
    return new ConfigError([`PORT: ${port} is taken by another program; choose another`]);
  if (error.code === 'EACCES')
    return new ConfigError([`PORT: ${port} may not be opened by this user; choose one above 1023`]);
  return error;
}

/** Ends the request's connection at once, whatever was not sent yet. */
export function closeConnection(context: Context): void {
  (context.env as { outgoing?: { destroy(): void } } | undefined)?.outgoing?.destroy();
}

/** The other end of the request's socket. */
export function remoteAddress(context: Context): string | undefined {
  return (context.env as { incoming?: { socket?: { remoteAddress?: string } } } | undefined)?.incoming?.socket
    ?.remoteAddress;
}
