import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import type { PushMetricExporter, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { BackgroundExporter } from '../../src/instrument/background-exporter.ts';
import { quietAgent } from '../../src/instrument/quiet-agent.ts';

const METRICS: ResourceMetrics = {
  resource: { attributes: {}, merge: () => METRICS.resource, getRawAttributes: () => [] },
  scopeMetrics: [],
};

const undo: (() => void)[] = [];
afterEach(() => {
  vi.useRealTimers();
  for (const one of undo.splice(0)) one();
});

async function receiver(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  undo.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/metrics`;
}

/** The exporter with the agent, and what it tells. */
function quietExport(url: string) {
  const exporter = new OTLPMetricExporter({ url, httpAgentOptions: (protocol: string) => quietAgent(protocol, {}) });
  return () =>
    new Promise<{ code: number; error?: Error & { code?: unknown } }>((resolve) => exporter.export(METRICS, resolve));
}

describe('the exporter with the quiet agent', () => {
  it.each([429, 502, 503, 504])('does not wait and retry at a %i, which it marks instead', async (status) => {
    let requests = 0;
    const url = await receiver((request, response) => {
      requests++;
      request.resume();
      response.writeHead(status).end();
    });
    const result = await quietExport(url)();
    expect(result.error?.code).toBe(1000 + status);
    expect(requests).toBe(1);
  });

  it('does not wait and retry where nobody listens', async () => {
    const url = await receiver(() => {});
    for (const one of undo.splice(0)) one();
    const result = await quietExport(url)();
    expect(result.error?.code).toBeUndefined();
    expect(result.error?.message).toContain('ECONNREFUSED');
  });

  it('delivers, over one connection, with a socket that does not hold the process', async () => {
    const sockets = new Set<IncomingMessage['socket']>();
    const url = await receiver((request, response) => {
      sockets.add(request.socket);
      request.resume();
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
    const exportOnce = quietExport(url);
    expect((await exportOnce()).code).toBe(0);
    expect((await exportOnce()).code).toBe(0);
    expect(sockets.size).toBe(1);
  });
});

/** Answers what it is told, in turn. */
function scripted(...results: { code: number; error?: Error }[]) {
  const sent = vi.fn<PushMetricExporter['export']>((_metrics, done) => done(results.shift() ?? { code: 0 }));
  const exporter: PushMetricExporter = { export: sent, forceFlush: async () => {}, shutdown: async () => {} };
  return { sent, exporter };
}

const failure = (code?: number) => ({
  code: 1,
  error: Object.assign(new Error('no'), code === undefined ? {} : { code }),
});

describe('export in the background', () => {
  it('lets the reader go at once, though the receiver hangs', () => {
    const exporter: PushMetricExporter = { export: () => {}, forceFlush: async () => {}, shutdown: async () => {} };
    const done = vi.fn();
    new BackgroundExporter({ exporter, retryForMs: 10_000 }).export(METRICS, done);
    expect(done).toHaveBeenCalledWith({ code: 0 });
  });

  it.each([
    ['a marked status', 1503],
    ['an error of the network', undefined],
  ])('tries again after %s', async (_what, code) => {
    vi.useFakeTimers();
    const { sent, exporter } = scripted(failure(code), failure(code), { code: 0 });
    const background = new BackgroundExporter({ exporter, retryForMs: 10_000 });
    background.export(METRICS, () => {});
    await vi.runAllTimersAsync();
    await background.forceFlush();
    expect(sent).toHaveBeenCalledTimes(3);
  });

  it('does not try again after a refusal', async () => {
    const { sent, exporter } = scripted(failure(400));
    const background = new BackgroundExporter({ exporter, retryForMs: 10_000 });
    background.export(METRICS, () => {});
    await background.forceFlush();
    expect(sent).toHaveBeenCalledTimes(1);
  });

  it('starts no retry later than its time', async () => {
    vi.useFakeTimers();
    const { sent, exporter } = scripted(...Array.from({ length: 50 }, () => failure(1503)));
    const background = new BackgroundExporter({ exporter, retryForMs: 3000 });
    background.export(METRICS, () => {});
    await vi.advanceTimersByTimeAsync(60_000);
    await background.forceFlush();
    expect(sent).toHaveBeenCalledTimes(3);
  });
});
