import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { RunningActuator, runCli } from '../integration/actuator/running-actuator.ts';
import { PATIENCE } from '../patience.ts';
import { redisDatabase } from '../redis-databases.ts';

/** An actuator without any token, as a person starts it first. */
let actuator: RunningActuator;
let startToken: string;

beforeAll(async () => {
  actuator = await RunningActuator.start({
    REDIS_URL: redisDatabase('the admin door'),
    TIDEMARK_DRY_RUN: 'true',
    TIDEMARK_ADMIN_TOKEN: '',
    TIDEMARK_INGEST_TOKENS: '',
  });
  startToken = await vi.waitFor(() => {
    const line = actuator.lines.map((text) => JSON.parse(text)).find((entry) => 'startToken' in entry);
    expect(line).toBeDefined();
    return line.startToken;
  }, PATIENCE);
});

afterAll(() => actuator.stop());

/** `fetch` sets Host by itself. */
async function answerTo(method: string, path: string, headers: Record<string, string>): Promise<number | undefined> {
  const sent = request(`${actuator.url}${path}`, { method, headers });
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}

describe('without an admin token', () => {
  it.each(['GET', 'HEAD', 'POST', 'OPTIONS', 'PUT', 'DELETE'])(
    '%s by a name that resolves here is refused',
    async (method) => {
      const headers = { host: 'evil.example', authorization: `Bearer ${startToken}` };
      for (const path of ['/api/dynos', '/api/status', '/api/pause'])
        expect(await answerTo(method, path, headers)).toBe(403);
    },
  );

  it('a command through a proxy that adds no header is refused', async () => {
    const proxy = createServer((incoming, outgoing) => {
      const onward = request(`${actuator.url}${incoming.url}`, { method: incoming.method ?? 'GET' }, (response) => {
        outgoing.writeHead(response.statusCode ?? 500);
        response.pipe(outgoing);
      });
      incoming.pipe(onward);
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const response = await fetch(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}/api/pause`, {
      method: 'POST',
    });
    expect(response.status).toBe(401);
    proxy.close();
    proxy.closeAllConnections();
  });

  it('an unknown path is answered in the form of the API', async () => {
    const response = await fetch(`${actuator.url}/nowhere`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { code: 'not-found' } });
  });

  it('the commands of this machine say which token they need, and work with it', async () => {
    const without = await runCli(['pause', '--url', actuator.url]);
    expect(without).toMatchObject({ code: 2, stderr: expect.stringContaining('the startToken in its log') });
    const env = { TIDEMARK_ADMIN_TOKEN: startToken };
    for (const command of ['pause', 'resume']) {
      expect(await runCli([command, 'shop:worker', '--url', actuator.url], env)).toMatchObject({ code: 0, stderr: '' });
    }
    expect((await runCli(['status', '--url', actuator.url])).code).toBe(0);
  });
});

it('the password of Redis is not in what DEBUG=* prints', { timeout: 60_000 }, async () => {
  const url = new URL(redisDatabase('a password of Redis'));
  url.username = 'tidemark';
  url.password = 'pa55-of-redis';
  const loud = await RunningActuator.start({ REDIS_URL: url.href, DEBUG: '*', TIDEMARK_DRY_RUN: 'true' });
  await vi.waitFor(
    () => {
      expect(loud.stderr).toContain('ioredis:');
      expect(loud.lines.join()).toMatch(/Redis at .* is not reachable|connected to Redis/);
    },
    { timeout: 30_000, interval: 100 },
  );
  await loud.stop();
  expect(`${loud.lines.join()}${loud.stderr}`).not.toContain('pa55');
});

it('the token of Heroku is not in what DEBUG=* prints, even if the platform answers with it', async () => {
  const asked: string[] = [];
  const platform = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(403, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ id: 'forbidden', message: `refused: ${request.headers.authorization}` }));
  }).listen(0, '127.0.0.1');
  await once(platform, 'listening');
  const url = `http://127.0.0.1:${(platform.address() as AddressInfo).port}`;
  const env = { HEROKU_API_URL: url, HEROKU_API_TOKEN: 'HRKU-7e11', TIDEMARK_TARGETS: 'shop:worker', DEBUG: '*' };
  const { stdout, stderr } = await runCli(['doctor'], env);
  platform.close();
  expect(asked).not.toEqual([]);
  expect(stdout + stderr).not.toContain('HRKU-7e11');
});
