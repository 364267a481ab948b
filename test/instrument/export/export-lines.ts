import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';
import { vi } from 'vitest';
import { privateProvider } from '../../../src/instrument/export/private-provider.ts';
import { listen } from '../said-lines.ts';

/** Shorter than the first wait before a retry, so that an export fails at once. */
const INTERVAL_MS = '500';
export const SECRET = 'c0ffee-secret-token';

const undo: (() => unknown)[] = [];
/** Stops the receivers of a test, and takes back its environment. */
export async function cleanUp(): Promise<void> {
  for (const one of undo.splice(0).reverse()) await one();
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
}

export async function portOf(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  undo.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return (server.address() as AddressInfo).port;
}

export const http = async (listener: RequestListener) => `http://127.0.0.1:${await portOf(createServer(listener))}`;

export const answering =
  (status: number, body = '', headers: Record<string, string> = {}) =>
  () =>
    http((request, response: ServerResponse) => {
      request.resume();
      response.writeHead(status, headers).end(body);
    });

/**
 * What a worker of `my-app worker.1` with this environment prints for one export; the receiver's address is `RECEIVER`
 * in it.
 */
export async function said(
  env: Readonly<Record<string, string>>,
  start?: () => Promise<string>,
): Promise<readonly string[]> {
  const address = await start?.();
  const { voice, lines } = listen();
  const base = { DYNO: 'worker.1', HEROKU_APP_NAME: 'my-app', OTEL_METRIC_EXPORT_INTERVAL: INTERVAL_MS };
  const given = { ...base, ...(address === undefined ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: address }), ...env };
  for (const [name, value] of Object.entries(given)) vi.stubEnv(name, value.replace('RECEIVER', address ?? ''));
  const own = await privateProvider({ transports: ['otlp'], workerRedis: () => null, say: (line) => voice.say(line) });
  own?.provider.getMeter('test').createCounter('jobs').add(1);
  await own?.provider.forceFlush?.();
  await own?.provider.shutdown?.();
  const named = (line: string) => line.replace(/127\.0\.0\.1:\d+/g, 'RECEIVER').replace(/^tidemark: /, '');
  return lines().map(named);
}

export const TOKEN = { OTEL_EXPORTER_OTLP_HEADERS: `Authorization=Bearer%20${SECRET}` };
