import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * Takes OTLP over HTTP and keeps the newest export of each sender, unread: what it does must not take the time of who
 * is measured.
 */
export class Receiver {
  readonly #server = createServer((request, response) => {
    const sender = request.url?.split('/')[1] ?? '';
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.#newest.set(sender, Buffer.concat(chunks));
      this.#counts.set(sender, this.exportsOf(sender) + 1);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  readonly #newest = new Map<string, Buffer>();
  readonly #counts = new Map<string, number>();

  static async start(): Promise<Receiver> {
    const receiver = new Receiver();
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  /** The value of `OTEL_EXPORTER_OTLP_ENDPOINT` for a sender. */
  endpointFor(sender: string): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${sender}`;
  }

  exportsOf(sender: string): number {
    return this.#counts.get(sender) ?? 0;
  }

  /** Whether the sender's newest export has the metric. */
  has(sender: string, metric: string): boolean {
    return this.#newest.get(sender)?.includes(`"name":"${metric}"`) === true;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
