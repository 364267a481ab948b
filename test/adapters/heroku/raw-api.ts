import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';

/** What the far end does with one request that it has read to its end. */
export type Script = (socket: Socket, request: string) => void;

/** A bare TCP server that counts HTTP requests by their heads: it sees what is really on the wire. */
export interface RawApi {
  readonly url: string;
  /** The heads of all requests, in order. */
  readonly requests: readonly string[];
  readonly connections: () => number;
  /** Resolves once that many requests have been read. */
  received(count: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startRawApi(script: Script, onConnection: (socket: Socket) => void = () => {}): Promise<RawApi> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  let connections = 0;
  const server: Server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    let buffered = '';
    socket.on('data', (chunk) => {
      buffered += chunk.toString('latin1');
      for (let end = buffered.indexOf('\r\n\r\n'); end >= 0; end = buffered.indexOf('\r\n\r\n')) {
        const head = buffered.slice(0, end);
        buffered = buffered.slice(end + 4);
        requests.push(head);
        script(socket, head);
        for (const waiter of waiting) if (requests.length >= waiter.count) waiter.resolve();
      }
    });
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    connections: () => connections,
    received: (count) =>
      requests.length >= count ? Promise.resolve() : new Promise((resolve) => waiting.push({ count, resolve })),
    stop: async () => {
      if (!server.listening) return;
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

/** A whole answer. */
export function reply(status: number, body: unknown = {}, headers: Record<string, string> = {}): Script {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return (socket) => {
    const head = Object.entries({ 'Content-Length': String(Buffer.byteLength(text)), ...headers });
    socket.end(`HTTP/1.1 ${status} X\r\n${head.map(([key, value]) => `${key}: ${value}\r\n`).join('')}\r\n${text}`);
  };
}
