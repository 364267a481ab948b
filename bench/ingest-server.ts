import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { Intake } from '../src/sources/intake.ts';
import { createOtlpSource } from '../src/sources/otlp/otlp-http.ts';

/*
 * The actuator's ingest alone, in its own process. It reports its port to its parent, and answers each message with the
 * points accepted since the last one and the CPU time that took. Each time it uses a new source, which has seen none of
 * the points.
 */
let points = 0;
let source = freshSource();
let cpu = process.cpuUsage();

function freshSource() {
  const intake = new Intake({
    maxPointAgeMs: Number.MAX_SAFE_INTEGER,
    clock: { now: () => Date.now() },
    accept: (accepted) => {
      points += accepted.length;
    },
  });
  const { handle } = createOtlpSource({ tokens: [{ app: '*', token: 'bench' }], intake, ready: () => true });
  return { handle, counts: () => intake.counts() };
}

const app = new Hono<{ Bindings: HttpBindings }>();
app.all('/v1/metrics', (context) => source.handle(context.req.raw, context.env.incoming.socket.remoteAddress));
const server = createServer(getRequestListener(app.fetch)).listen(0, '127.0.0.1');
await once(server, 'listening');
process.on('message', () => {
  const { user, system } = process.cpuUsage(cpu);
  process.send?.({
    cpuMs: (user + system) / 1000,
    points,
    counts: source.counts(),
    rssBytes: process.memoryUsage.rss(),
  });
  points = 0;
  source = freshSource();
  cpu = process.cpuUsage();
});
process.on('disconnect', () => process.exit());
process.send?.({ port: (server.address() as AddressInfo).port });
