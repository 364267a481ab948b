import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the range of local ports for outgoing connections (from 32768 on Linux, 49152 elsewhere). In that range, a
 * client that keeps trying a port whose server is down can get the same port as its own. It is then connected to
 * itself, and the server can never bind the port again.
 */
const PORTS = { first: 15_000, last: 32_000 };
const TRIES = 100;

/** A TCP port of this machine on which nothing listens now. */
export async function freePort(): Promise<number> {
  for (let count = 0; count < TRIES; count += 1) {
    const port = randomInt(PORTS.first, PORTS.last);
    if (await canBind(port)) return port;
  }
  throw new Error(`none of ${TRIES} ports between ${PORTS.first} and ${PORTS.last} is free`);
}

async function canBind(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
}
