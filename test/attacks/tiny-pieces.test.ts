import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { RunningActuator } from '../integration/actuator/running-actuator.ts';
import { redisDatabase } from '../redis-databases.ts';

/*
 * Bodies in chunks of one byte: six bytes on the wire become an object of some 300 in the heap, and are worth one to
 * whoever counts bytes.
 */

const CONNECTIONS = 100;
const CHUNKS = Buffer.from('1\r\nx\r\n'.repeat(5_000));
/** In each connection, with no end of the body: so much once ended an actuator with a heap of 256 MiB. */
const CHUNKS_EACH = 65_000;

let actuator: RunningActuator | undefined;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await actuator?.stop();
});

/** Sends as fast as the other end takes it; resolves when all is sent, or the connection closed. */
function drip(port: number, head: string): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.write(head);
  return new Promise((resolve) => {
    let sent = 0;
    const go = () => {
      while (sent < CHUNKS_EACH && !socket.destroyed) {
        sent += 5_000;
        if (!socket.write(CHUNKS)) return;
      }
      resolve();
    };
    socket.on('error', () => resolve());
    socket.on('close', () => resolve());
    socket.on('drain', go);
    go();
  });
}

describe('bodies in chunks of one byte', () => {
  it.each([
    ['a webhook, without any secret', '/webhooks/heroku', `Heroku-Webhook-Hmac-SHA256: ${'A'.repeat(43)}=`],
    ['measurements', '/v1/metrics', 'Authorization: Bearer ingest-t0ken\r\nContent-Type: application/json'],
  ])('do not end the actuator: %s', { timeout: 120_000 }, async (_what, path, headers) => {
    actuator = await RunningActuator.start({
      REDIS_URL: redisDatabase('bodies in tiny pieces'),
      HEROKU_API_URL: 'http://127.0.0.1:9',
      HEROKU_API_TOKEN: 'HRKU-0',
      TIDEMARK_WEBHOOK_SECRET: 'webhook-s3cret',
      NODE_OPTIONS: '--max-old-space-size=80 --max-semi-space-size=8',
    });
    const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const { url } = actuator;
    await Promise.all(Array.from({ length: CONNECTIONS }, () => drip(Number(new URL(url).port), head)));
    const health = await fetch(`${url}/healthz`).catch(() => null);
    expect(actuator.stderr).not.toContain('heap out of memory');
    expect(health?.status).toBe(200);
  });
});
