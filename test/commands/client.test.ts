import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { addressOf, ask } from '../../src/commands/remote/client.ts';
import { ROUTES } from '../../src/web/schema/routes.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** What a person reads where the actuator answers so. */
async function messageOf(status: number, body: string, adminToken: string | null = null): Promise<string> {
  const server = createServer((_, response) => response.writeHead(status).end(body)).listen(0, '127.0.0.1');
  cleanups.push(() => server.close());
  await once(server, 'listening');
  const base = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const refused = await ask({ base, adminToken }, ROUTES.status).catch((error: Error) => error.message);
  return String(refused).replace(base.origin, 'URL');
}

const error = (code: string, message: string) => JSON.stringify({ error: { code, message } });

describe('a command that the actuator refuses', () => {
  it('says which token is missing, or wrong', async () => {
    const text = error('unauthorized', 'no');
    expect(await messageOf(401, text)).toBe(
      'the actuator at URL requires its admin token: set TIDEMARK_ADMIN_TOKEN to the value that the actuator has, ' +
        'or, where none is set there, to the startToken in its log',
    );
    expect(await messageOf(401, text, 'wrong')).toMatch(/^the actuator at URL refuses the admin token: set TIDEMARK_/);
  });

  it('repeats the reason, with its code', async () => {
    expect(await messageOf(403, error('forbidden', 'Only this machine.'))).toBe(
      'the actuator at URL refuses (403 forbidden): Only this machine.',
    );
  });

  it('distinguishes a stranger and another version from an actuator', async () => {
    expect(await messageOf(502, '<html>')).toMatch(/^URL is not an actuator.*answered 502.*Check --url$/);
    expect(await messageOf(200, '{"restarts":7}')).toMatch(/use the same version of tidemark on both sides/);
  });
});

describe('an actuator that does not answer', () => {
  const failed = (code: string) => new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });
  const saidOf = (base: string, fault: unknown) =>
    ask({ base: new URL(base), adminToken: null, send: () => Promise.reject(fault) }, ROUTES.status).catch(
      (error: Error) => error.message,
    );

  it.each([
    ['ECONNREFUSED', 'nothing listens there'],
    ['ENOTFOUND', 'the host name is not known'],
    ['UND_ERR_CONNECT_TIMEOUT', 'no answer in time'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'its TLS certificate is not trusted'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'it speaks no TLS there: try http://'],
    ['ECONNRESET', 'the connection was cut off'],
  ])('%s: the message says why, and what to check', async (code, why) => {
    expect(await saidOf('https://shop.example', failed(code))).toBe(
      `no actuator answers at https://shop.example (${why}): check --url, and that the actuator runs`,
    );
  });

  it('is named without a reason where none is known, and a local one can be started', async () => {
    expect(await saidOf('http://localhost:4318', new Error('x'))).toBe(
      'no actuator answers at http://localhost:4318: start one with "tidemark actuator", or name it with --url',
    );
    const late = new DOMException('late', 'TimeoutError');
    expect(await saidOf('http://127.0.0.1:4318', late)).toContain('(no answer in time): start one with');
  });
});

describe('the address of the actuator', () => {
  it.each([
    [{}, {}, 'http://127.0.0.1:4318'],
    [{ PORT: '5000' }, {}, 'http://127.0.0.1:5000'],
    [{ PORT: '5000' }, { url: 'https://shop.example' }, 'https://shop.example'],
  ])('with the environment %j and the flags %j is %s', (env, own, origin) => {
    expect(addressOf({ env, own }).base.origin).toBe(origin);
  });

  it.each([
    [{ PORT: 'x' }, {}, 'PORT: "x"'],
    [{}, { url: 'shop.example' }, '--url: "shop.example"'],
    [{}, { url: 'https://me:s3cret@shop.example' }, /^(?!.*s3cret).*holds a user name or a password: leave them out/s],
    [{}, { url: 'me:s3cret@shop.example' }, /^(?!.*s3cret).*--url: this is not a URL/s],
  ])('is refused with the environment %j and the flags %j', (env, own, says) => {
    expect(() => addressOf({ env: env as Record<string, string>, own: own as Record<string, string> })).toThrow(says);
  });
});
