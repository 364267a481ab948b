import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isSigned, readNews } from '../../../src/adapters/heroku/webhook-news.ts';

/** As the Dev Center shows them ("Webhook Events", "Webhook Dyno Events"). */
const API_DYNO = {
  action: 'create',
  resource: 'dyno',
  created_at: '2026-08-03T17:40:49.504132Z',
  published_at: '2026-08-03T17:40:50Z',
  sequence: null,
  data: {
    id: 'd0eb9c96-0529-4f9d-bb4c-cc3382a55180',
    app: { id: 'b3e4c9d6-3d05-4f2d-98d1-458c358269df', name: 'shop' },
    name: 'worker.2',
    size: 'Standard-1X',
    type: 'worker',
    state: 'starting',
    release: { id: '9e67f453-d990-4c5f-89d3-c9ca2a70830f', version: 7636 },
    created_at: '2026-08-03T17:40:49Z',
  },
};
const { type: _type, created_at: _createdAt, ...lifecycleData } = API_DYNO.data;
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));

describe('an event of Heroku', () => {
  it('of api:dyno says all of the dyno', () => {
    expect(readNews(bytes(API_DYNO))).toEqual({
      app: 'shop',
      action: 'create',
      atMs: Date.parse('2026-08-03T17:40:49.504Z'),
      dyno: {
        id: API_DYNO.data.id,
        name: 'worker.2',
        processType: 'worker',
        state: 'starting',
        size: 'Standard-1X',
        createdAtMs: Date.parse('2026-08-03T17:40:49Z'),
        releaseVersion: 7636,
      },
    });
  });

  it.each([
    ['worker.2', 'worker'],
    ['worker-23z34x56y-w78k9', 'worker'],
    ['my.odd-type.12', 'my.odd-type'],
  ])('of dyno says the type by the name %s', (name, processType) => {
    const news = readNews(bytes({ ...API_DYNO, data: { ...lifecycleData, name } }));
    expect(news?.dyno).toMatchObject({ name, processType, createdAtMs: null });
  });

  it.each([
    ['another resource', { ...API_DYNO, resource: 'release' }],
    ['no name', { ...API_DYNO, data: { ...API_DYNO.data, name: '' } }],
    ['a name of 1 MB', { ...API_DYNO, data: { ...API_DYNO.data, name: 'x'.repeat(1_000_000) } }],
    ['no time', { ...API_DYNO, created_at: 'soon' }],
    ['no object', []],
  ])('with %s says nothing', (_what, event) => {
    expect(readNews(bytes(event))).toBeNull();
  });

  it('that is no JSON says nothing', () => {
    expect(readNews(Buffer.from('{"action":'))).toBeNull();
  });
});

describe('a signature', () => {
  const body = bytes(API_DYNO);
  const sign = (secret: string) => createHmac('sha256', secret).update(body).digest('base64');
  it.each([
    ['of the secret', sign('secret'), true],
    ['of another secret', sign('other'), false],
    ['that is cut', sign('secret').slice(0, 20), false],
    ['that is empty', '', false],
  ])('%s', (_what, signature, isOurs) => {
    expect(isSigned(body, signature, 'secret')).toBe(isOurs);
  });
});
