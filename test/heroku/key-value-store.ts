import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { createServer } from 'node:tls';
import { Redis } from 'ioredis';
import { startRedis } from '../../src/testbed/servers/redis-server.ts';

const TLS = new URL('../fixtures/tls/', import.meta.url);

export interface AddOn {
  readonly plan: string;
  /** The config vars that it sets, secrets included. */
  readonly config: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Heroku Key-Value Store: a Redis behind TLS with a certificate that nobody vouches for, on a host name of EC2. */
export async function startKeyValueStore(plan: string): Promise<AddOn> {
  const password = `p${randomBytes(24).toString('hex')}`;
  const redis = await startRedis();
  const admin = new Redis(redis.url);
  await admin.config('SET', 'requirepass', password);
  admin.disconnect();
  const sockets = new Set<Socket>();
  const options = { cert: readFileSync(new URL('certificate.pem', TLS)), key: readFileSync(new URL('key.pem', TLS)) };
  const server = createServer(options, (outer) => {
    const inner = connect(redis.port, '127.0.0.1');
    for (const [one, other] of [
      [outer, inner],
      [inner, outer],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => sockets.delete(one) && other.destroy());
      one.pipe(other);
    }
  });
  // A client that refuses the certificate is no fault of the server.
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    plan,
    config: { REDIS_URL: `rediss://:${password}@ec2-127-0-0-1.compute-1.amazonaws.com:${port}` },
    async stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await redis.stop();
    },
  };
}
