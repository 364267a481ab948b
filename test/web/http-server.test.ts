import { once } from 'node:events';
import { connect } from 'node:net';
import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { serveHttp } from '../../src/web/http-server.ts';

it('closes although a sender never ends its request', async () => {
  const app = new Hono();
  const arrived = Promise.withResolvers<void>();
  app.post('/', async (context) => {
    arrived.resolve();
    return context.text(await context.req.text().catch(() => ''));
  });
  const server = await serveHttp(app, 0);
  const sender = connect(server.port, '127.0.0.1');
  sender.on('error', () => {});
  sender.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf');
  await arrived.promise;
  const closed = once(sender, 'close');
  await server.close();
  await closed;
  expect(sender.destroyed).toBe(true);
});
