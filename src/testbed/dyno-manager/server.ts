import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Answer, failure } from './api/answer.ts';
import { type ApiParts, answerOf } from './api/api.ts';
import type { Fault, Faults } from './api/faults.ts';

/** One request that reached the manager, whether a fault followed or not. */
export interface RequestEntry {
  /** Unix ms. */
  readonly timeMs: number;
  readonly method: string;
  readonly path: string;
  /** Null if there was no answer. */
  readonly status: number | null;
  readonly fault: Fault['kind'] | null;
}

export interface ApiServerOptions {
  readonly parts: ApiParts;
  readonly faults: Faults;
  readonly requests: RequestEntry[];
  readonly restartDelayMs: number;
}

type ReadFault = Exclude<Fault, { kind: 'reset-before-read' }>;

/** The Platform API over HTTP. */
export class ApiServer {
  readonly #options: ApiServerOptions;
  readonly #server: Server;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(options: ApiServerOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      request.resume();
      request.once('end', () => this.#serve(request, response));
    });
  }

  async listen(port: number, host: string): Promise<number> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const { parts, faults, requests } = this.#options;
    const method = request.method ?? '';
    const path = (request.url ?? '/').replace(/\?.*$/, '');
    const fault = faults.take(method, path);
    if (fault?.kind === 'reset-before-read') {
      requests.push({ timeMs: Date.now(), method, path, status: null, fault: fault.kind });
      response.socket?.resetAndDestroy();
      return;
    }
    const usual = answerOf(parts, {
      method,
      path,
      authorization: request.headers.authorization,
      accept: request.headers.accept,
      range: request.headers.range,
    });
    const answer = fault?.kind === 'status' ? statusAnswer(fault, usual) : usual;
    requests.push({
      timeMs: Date.now(),
      method,
      path,
      status: isAnswered(fault) ? answer.status : null,
      fault: fault?.kind ?? null,
    });
    this.#deliver(response, answer, fault);
  }

  #deliver(response: ServerResponse, answer: Answer, fault: ReadFault | null): void {
    const socket = response.socket;
    switch (fault?.kind) {
      case undefined:
      case 'status':
      case 'accepted-without-effect':
      case 'late-effect':
        send(response, answer);
        break;
      case 'slow':
        this.#later(fault.delayMs, () => send(response, answer));
        break;
      case 'reset-after-read':
        socket?.resetAndDestroy();
        break;
      case 'cut-head':
        socket?.end(`HTTP/1.1 ${answer.status} Accepted\r\nContent-Ty`);
        break;
      case 'cut-body':
        socket?.end(
          `HTTP/1.1 ${answer.status} Accepted\r\nContent-Type: application/json\r\nContent-Length: 64\r\n\r\n{"id":`,
        );
        break;
      case 'silence':
        break;
    }
    const { effect } = answer;
    const delayMs = this.#effectDelayMs(fault);
    if (effect !== undefined && delayMs !== null) this.#later(delayMs, effect);
  }

  /** Null if nothing happens. */
  #effectDelayMs(fault: ReadFault | null): number | null {
    if (fault === null) return this.#options.restartDelayMs;
    if (fault.kind === 'late-effect') return fault.delayMs;
    return 'restarts' in fault && fault.restarts === true ? this.#options.restartDelayMs : null;
  }

  #later(delayMs: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, delayMs);
    this.#timers.add(timer);
  }
}

function statusAnswer(fault: Extract<Fault, { kind: 'status' }>, usual: Answer): Answer {
  const body = fault.body === undefined ? failure(fault.status).body : fault.body;
  const headers = { ...usual.headers, ...fault.headers };
  return { status: fault.status, body, headers, ...(usual.effect === undefined ? {} : { effect: usual.effect }) };
}

function isAnswered(fault: ReadFault | null): boolean {
  return fault === null || ['status', 'accepted-without-effect', 'late-effect', 'slow'].includes(fault.kind);
}

function send(response: ServerResponse, answer: Answer): void {
  const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
  response.writeHead(answer.status, {
    'Content-Type': typeof answer.body === 'string' ? 'text/html' : 'application/json',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'private, no-cache',
    'Request-Id': randomUUID(),
    ...answer.headers,
  });
  response.end(text);
}
