import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

interface OtlpAttribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string };
}

interface OtlpDataPoints {
  readonly isMonotonic?: boolean;
  readonly dataPoints: readonly { readonly attributes?: readonly OtlpAttribute[] }[];
}

interface OtlpMetric {
  readonly name: string;
  readonly unit?: string;
  readonly sum?: OtlpDataPoints;
  readonly gauge?: OtlpDataPoints;
  readonly histogram?: OtlpDataPoints;
}

interface OtlpRequest {
  readonly resourceMetrics?: readonly {
    readonly resource?: { readonly attributes?: readonly OtlpAttribute[] };
    readonly scopeMetrics?: readonly { readonly metrics?: readonly OtlpMetric[] }[];
  }[];
}

/** A metric as it passed by, over all requests. */
export interface SeenMetric {
  readonly name: string;
  readonly unit: string;
  readonly kind: 'counter' | 'updown' | 'gauge' | 'histogram';
  /** Attribute names of its data points. */
  readonly attributes: Set<string>;
  readonly resource: Set<string>;
  dataPoints: number;
}

/** Stands between a sender and a receiver of OTLP as JSON: passes everything on unchanged, and keeps what it saw. */
export class Recorder {
  readonly metrics = new Map<string, SeenMetric>();
  /** Of requests that the receiver took. */
  dataPoints = 0;
  readonly url: string;
  readonly #server: ReturnType<typeof createServer>;
  readonly #to: string;

  private constructor(server: ReturnType<typeof createServer>, to: string) {
    this.#server = server;
    this.#to = to;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (request, response) => void this.#pass(request, response));
  }

  static async start(to: string): Promise<Recorder> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Recorder(server, to);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const headers: Record<string, string> = {};
    for (const name of ['content-type', 'content-encoding', 'authorization']) {
      const value = request.headers[name];
      if (typeof value === 'string') headers[name] = value;
    }
    try {
      const answer = await fetch(`${this.#to}${request.url}`, { method: 'POST', headers, body });
      if (answer.ok)
        this.#keep(JSON.parse((headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString()));
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'application/json' });
      response.end(Buffer.from(await answer.arrayBuffer()));
    } catch {
      // The receiver is away: the sender finds that out as it would without us.
      response.destroy();
    }
  }

  #keep({ resourceMetrics = [] }: OtlpRequest): void {
    for (const { resource, scopeMetrics = [] } of resourceMetrics) {
      for (const { metrics = [] } of scopeMetrics)
        for (const metric of metrics) this.#keepMetric(metric, resource?.attributes ?? []);
    }
  }

  #keepMetric(metric: OtlpMetric, resource: readonly OtlpAttribute[]): void {
    const { name, unit = '', sum, gauge, histogram } = metric;
    const points = (sum ?? gauge ?? histogram)?.dataPoints ?? [];
    this.dataPoints += points.length;
    const kind = histogram ? 'histogram' : gauge ? 'gauge' : sum?.isMonotonic ? 'counter' : 'updown';
    const seen = this.metrics.get(name) ?? {
      name,
      unit,
      kind,
      attributes: new Set(),
      resource: new Set(),
      dataPoints: 0,
    };
    this.metrics.set(name, seen);
    seen.dataPoints += points.length;
    for (const { key } of resource) seen.resource.add(key);
    for (const { attributes = [] } of points) for (const { key } of attributes) seen.attributes.add(key);
  }
}
