import { describe, expect, it } from 'vitest';
import { createApi } from '../../src/web/api.ts';
import { readPageFiles } from '../../src/web/page-files.ts';
import { ApiError } from '../../src/web/schema/errors.ts';
import { actuator } from './actuator.ts';

const app = createApi({
  control: actuator().control,
  admission: { adminToken: 's3cret', readToken: null, startToken: null, publicUrl: null, remoteAddress: () => '::1' },
  page: readPageFiles(null),
  events: async () => new Response(),
});
const headers = { authorization: 'Bearer s3cret' };

/** Not in the API's document, which lists the methods that there are. */
describe('a method that a path does not have', () => {
  it.each([
    ['PUT', '/api/dynos', 'GET, HEAD'],
    ['POST', '/api/dynos/shop/worker.1', 'GET, HEAD'],
    ['GET', '/api/dynos/shop/worker.1/restart', 'POST'],
    ['DELETE', '/api/pause', 'POST'],
    ['POST', '/api/events', 'GET, HEAD'],
    ['POST', '/', 'GET, HEAD'],
    ['POST', '/healthz', 'GET, HEAD'],
  ])('is answered with those that it has: %s %s, %s', async (method, path, allow) => {
    const response = await app.request(path, { method, headers });
    expect([response.status, response.headers.get('allow')]).toEqual([405, allow]);
    expect(ApiError.parse(await response.json()).error.code).toBe('method-not-allowed');
  });

  it('looks like a path that is not there, where the token is missing', async () => {
    for (const path of ['/api/pause', '/api/nowhere'])
      expect((await app.request(path, { method: 'PUT' })).status).toBe(401);
    expect((await app.request('/api/nowhere', { headers })).status).toBe(404);
  });
});
