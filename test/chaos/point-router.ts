import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One address for the points of all workers: passes each request on to the actuators in turn until one takes it. */
export async function startPointRouter(targets: () => readonly string[]): Promise<{ url: string; stop(): void }> {
  const server = createServer((request, response) => void pass(request, response, targets())).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

const PATIENCE_MS = 1_000;

async function pass(request: IncomingMessage, response: ServerResponse, targets: readonly string[]): Promise<void> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    // The worker was killed while it sent.
    return;
  }
  const headers = { 'content-type': 'application/json', authorization: request.headers.authorization ?? '' };
  for (const target of targets) {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const body = Buffer.concat(chunks);
    const answer = await fetch(`${target}${request.url}`, { method: 'POST', headers, body, signal }).catch(() => null);
    await answer?.body?.cancel();
    if (answer?.ok) {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      return;
    }
  }
  response.writeHead(503).end();
}
