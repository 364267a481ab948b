import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createHerokuWebhooks } from '../../src/actuator/doors/heroku-webhooks.ts';
import type { DynoNews } from '../../src/ports.ts';
import { createApi } from '../../src/web/api.ts';
import { readPageFiles } from '../../src/web/page-files.ts';
import { actuator } from './actuator.ts';
import { expectDocumented } from './document.ts';

const SECRET = 'webhook-s3cret';
const EVENT = JSON.stringify({
  action: 'update',
  resource: 'dyno',
  created_at: '2026-08-03T17:40:49.504132Z',
  data: { id: 'd0eb9c96', app: { name: 'shop' }, name: 'worker.1', type: 'worker', state: 'up' },
});

const sign = (body: string | Uint8Array, secret = SECRET) => createHmac('sha256', secret).update(body).digest('base64');

function door({ secret = SECRET as string | null, leads = true } = {}) {
  const heard: DynoNews[] = [];
  const hear = (news: DynoNews) => {
    heard.push(news);
    return 'taken' as const;
  };
  const herokuWebhooks = createHerokuWebhooks({ secret, platform: { hear }, leads: () => leads, pass: null });
  const { control, calls } = actuator();
  const tokens = { adminToken: 'admin', readToken: null, startToken: 'start' };
  const admission = { ...tokens, publicUrl: null, remoteAddress: () => '203.0.113.7' };
  const api = createApi({
    control: { ...control, herokuWebhooks },
    admission,
    page: readPageFiles(null),
    events: null,
  });
  const post = async (body: string | ReadableStream, signature: string | null) => {
    const headers = signature === null ? {} : { 'Heroku-Webhook-Hmac-SHA256': signature };
    const init = { method: 'POST', headers, body, duplex: 'half' } as const;
    const response = await api.request('http://tidemark.example/webhooks/heroku', init);
    await expectDocumented('POST', '/webhooks/heroku', response);
    return response;
  };
  return { post, heard, calls };
}

describe('POST /webhooks/heroku', () => {
  it('takes what Heroku signed, from anywhere, and steers nothing', async () => {
    const { post, heard, calls } = door();
    const response = await post(EVENT, sign(EVENT));
    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({ heard: 'taken' });
    expect(heard).toMatchObject([{ app: 'shop', dyno: { name: 'worker.1', state: 'up' } }]);
    expect(calls).toMatchObject({ restarted: [], paused: [], resumed: [] });
  });

  it.each([
    ['without a signature', EVENT, null, 401],
    ['with something else as a signature', EVENT, 'Bearer webhook-s3cret', 401],
    ['signed with another secret', EVENT, sign(EVENT, 'other'), 403],
    ['changed after it was signed', EVENT.replace('up', 'down'), sign(EVENT), 403],
    ['formatted in another way', JSON.stringify(JSON.parse(EVENT), null, 1), sign(EVENT), 403],
    ['of 65 kB', 'x'.repeat(65 * 1024), sign('x'), 413],
  ])('refuses a body %s', async (_what, body, signature, status) => {
    const { post, heard } = door();
    expect((await post(body, signature)).status).toBe(status);
    expect(heard).toEqual([]);
  });

  it('reads no more of a body without a length than 64 kB', async () => {
    let sent = 0;
    const endless = new ReadableStream({
      pull: (controller) => {
        sent += 16 * 1024;
        controller.enqueue(new Uint8Array(16 * 1024));
      },
    });
    expect((await door().post(endless, sign('x'))).status).toBe(413);
    expect(sent).toBeLessThan(200 * 1024);
  });

  it('takes what Heroku signed while a hundred others send bodies that never end', async () => {
    const { post, heard } = door();
    const endless = Array.from({ length: 100 }, () => post(new ReadableStream(), sign('x')));
    expect((await post(EVENT, sign(EVENT))).status).toBe(202);
    expect(heard).toHaveLength(1);
    // The first of them gave way.
    expect((await endless[0])?.status).toBe(503);
  });

  it('answers 202 to what is signed and about something else: it would be sent again', async () => {
    const { post, heard } = door();
    const other = '{"resource":"release"}';
    expect((await post(other, sign(other))).status).toBe(202);
    expect(heard).toEqual([]);
  });

  it('is not there without a secret', async () => {
    expect((await door({ secret: null }).post(EVENT, sign(EVENT))).status).toBe(404);
  });

  it('is answered with 503 by a standby, so that Heroku sends it again to the one that leads', async () => {
    const { post, heard } = door({ leads: false });
    expect((await post(EVENT, sign(EVENT))).status).toBe(503);
    expect(heard).toEqual([]);
  });
});
