import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../../src/testbed/dyno-manager/free-port.ts';
import type { RedisServer } from '../../src/testbed/servers/redis-server.ts';
import { TEST_CERTIFICATE, TEST_KEY } from '../adapters/heroku/test-certificate.ts';

/** Makes a Redis speak TLS too, with a self-signed certificate. Returns its `rediss://` URL. */
export async function serveTls({ url, dir }: RedisServer): Promise<string> {
  const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  await Promise.all([writeFile(cert, TEST_CERTIFICATE), writeFile(key, TEST_KEY)]);
  const port = String(await freePort());
  const files = ['tls-cert-file', cert, 'tls-key-file', key, 'tls-ca-cert-file', cert];
  const admin = new Redis(url);
  await admin.call('CONFIG', 'SET', ...files, 'tls-auth-clients', 'no', 'tls-port', port);
  admin.disconnect();
  return `rediss://127.0.0.1:${port}`;
}
