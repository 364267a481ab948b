import { readFileSync } from 'node:fs';
import type http from 'node:http';
import type https from 'node:https';
import type { Duplex } from 'node:stream';

/** Added to a status that the exporter would wait and retry for; `BackgroundExporter` does that itself, by timers that hold nothing. */
export const RETRY_MARK = 1000;

const RETRYABLE_STATUS: ReadonlySet<number> = new Set([429, 502, 503, 504]);

interface AgentInternals {
  addRequest(request: http.ClientRequest, options: object): void;
  createConnection(
    options: object,
    callback?: (error: Error | null, socket: Duplex) => void,
  ): Duplex | null | undefined;
  reuseSocket(socket: Duplex, request: http.ClientRequest): void;
}

/**
 * Makes an agent for the OTLP exporter that never keeps a process alive: its sockets are unref'd, and no answer makes the exporter
 * wait for a retry, because its timer would hold the process (up to the export's timeout) and cannot be reached from outside.
 */
export function quietAgent(
  protocol: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): http.Agent {
  // An `import` of node:http reads all of its exports, and so loads undici for the WebSocket among them: 1.5 MB. The OTLP exporter does so at its
  // first export; workers that export by other ways need not.
  const agent =
    protocol === 'http:'
      ? new (process.getBuiltinModule('node:http').Agent)({ keepAlive: true })
      : new (process.getBuiltinModule('node:https').Agent)({ keepAlive: true, ...tlsFiles(env) });
  hush(agent as unknown as AgentInternals);
  return agent;
}

/** Node documents `createConnection` and `reuseSocket` as the methods to override; `addRequest` is how every request comes in. */
function hush(agent: AgentInternals): void {
  const { addRequest, createConnection, reuseSocket } = agent;
  agent.createConnection = (options, callback) => {
    const socket = createConnection.call(agent, options, callback);
    unref(socket);
    return socket;
  };
  agent.reuseSocket = (socket, request) => {
    reuseSocket.call(agent, socket, request);
    unref(socket);
  };
  agent.addRequest = (request, options) => {
    request.prependListener('response', markRetryable);
    request.prependListener('error', hideCode);
    addRequest.call(agent, request, options);
  };
}

function markRetryable(response: http.IncomingMessage): void {
  if (RETRYABLE_STATUS.has(response.statusCode ?? 0)) response.statusCode = (response.statusCode ?? 0) + RETRY_MARK;
}

/** The exporter retries by the error's code. */
function hideCode(error: NodeJS.ErrnoException): void {
  delete error.code;
}

function unref(socket: Duplex | null | undefined): void {
  (socket as { unref?: () => void } | null | undefined)?.unref?.();
}

/** With an agent of one's own the exporter reads none of the standard variables for certificates. Unreadable files throw. */
function tlsFiles(env: Readonly<Record<string, string | undefined>>): https.AgentOptions {
  const file = (name: string): Buffer | null => {
    const path = env[`OTEL_EXPORTER_OTLP_METRICS_${name}`] || env[`OTEL_EXPORTER_OTLP_${name}`];
    return path ? readFileSync(path) : null;
  };
  const [ca, key, cert] = [file('CERTIFICATE'), file('CLIENT_KEY'), file('CLIENT_CERTIFICATE')];
  return { ...(ca && { ca }), ...(key && { key }), ...(cert && { cert }) };
}
