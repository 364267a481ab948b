import { describe, expect, it } from 'vitest';
import { readAnswer } from './senders/otlp-answer-reader.ts';
import { encodeJson, encodeProtobuf, type ResourceSpec } from './senders/otlp-encoder.ts';
import { bearer, JSON_TYPE, PROTOBUF, rssAt, type Sent, send, source, T0, WHOLE } from './senders/requests.ts';

describe('without tokens', () => {
  it.each(['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1'])(
    'takes points from this machine: %s',
    async (from) => {
      expect((await send(source().otlp, { from })).status).toBe(200);
    },
  );

  it.each<[string, Sent]>([
    ['another machine', { from: '10.1.2.3' }],
    ['a machine that looks like it', { from: '127.0.0.1.example' }],
    ['an IPv6 neighbour', { from: 'fe80::1' }],
    ['an unknown address', { from: undefined }],
    ['a router on this machine', { headers: { 'x-forwarded-for': '127.0.0.1' } }],
    ['a router that speaks RFC 7239', { headers: { forwarded: 'for=127.0.0.1' } }],
    ['a router that gives the port alone', { headers: { 'X-Forwarded-Port': '443' } }],
    ['a page in a browser', { headers: { origin: 'http://127.0.0.1:4318' } }],
    ['another machine with a token', { from: '10.1.2.3', headers: bearer('secret') }],
  ])('refuses %s, and says which setting helps', async (_name, sent) => {
    const { otlp, accepted } = source();
    const response = await send(otlp, sent);
    expect(response.status).toBe(403);
    expect((await readAnswer(response)).message).toContain('TIDEMARK_INGEST_TOKENS');
    expect(accepted).toEqual([]);
  });
});

describe('with tokens', () => {
  const tokens = [
    { app: 'shop', token: 'shop-secret' },
    { app: 'mail', token: 'both-secret' },
    { app: 'shop', token: 'both-secret' },
    { app: 'shop-pr-*', token: 'review-secret' },
    { app: '*', token: 'all-secret' },
  ];

  it.each<[string, Record<string, string>]>([
    ['none', {}],
    ['a wrong one', bearer('shop-secret2')],
    ['the beginning of one', bearer('shop')],
    ['an empty one', bearer('')],
    ['the name of an app', bearer('shop')],
    ['one by another scheme', { authorization: `Basic ${Buffer.from('x:shop-secret').toString('base64')}` }],
    ['one without a scheme', { authorization: 'shop-secret' }],
    ['two', { authorization: 'Bearer wrong shop-secret' }],
  ])('refuses %s, also from this machine', async (_name, headers) => {
    const { otlp, accepted } = source({ tokens });
    const response = await send(otlp, { headers });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
    const { message } = await readAnswer(response);
    expect(message).toContain('TIDEMARK_INGEST_TOKENS');
    expect(message).not.toContain('secret');
    expect(accepted).toEqual([]);
  });

  const APPS = ['shop', 'mail', 'shop-pr-7', undefined];
  it.each([
    ['shop-secret', ['shop']],
    ['both-secret', ['shop', 'mail']],
    ['review-secret', ['shop-pr-7']],
    ['all-secret', ['shop', 'mail', 'shop-pr-7', null]],
  ])('%s delivers for %j and nothing else', async (token, expected) => {
    const { otlp, accepted } = source({ tokens });
    const resources = APPS.map((app): ResourceSpec => {
      const { attributes, scopes } = rssAt([T0], { 'heroku.dyno.id': `boot-of-${app}` });
      const { 'heroku.app.name': _, ...others } = attributes;
      return { attributes: app === undefined ? others : { ...others, 'heroku.app.name': app }, scopes };
    });
    const response = await send(otlp, {
      from: '10.1.2.3',
      headers: { authorization: `bearer ${token}`, 'x-forwarded-for': '10.9.9.9' },
      body: encodeProtobuf(resources),
    });
    expect(response.status).toBe(200);
    expect(accepted.map(({ boot }) => boot.app)).toEqual(expected);
    const rejected = APPS.length - expected.length;
    expect((await readAnswer(response)).rejectedDataPoints).toBe(rejected);
    expect(otlp.counts()).toMatchObject({ accepted: expected.length, 'wrong-app': rejected });
  });

  it.each([
    [PROTOBUF, encodeProtobuf([WHOLE])],
    [JSON_TYPE, encodeJson([WHOLE])],
  ])('reports in %s what was rejected and why', async (contentType, body) => {
    const { otlp } = source({ tokens: [{ app: 'mail', token: 't' }] });
    const response = await send(otlp, { headers: { ...bearer('t'), 'content-type': contentType }, body });
    expect(response.status).toBe(200);
    const { rejectedDataPoints, message } = await readAnswer(response);
    expect(rejectedDataPoints).toBe(13);
    expect(message).toBe('Rejected: 13 of app "shop", which this token does not cover.');
  });

  it('does not let one app silence a process of another', async () => {
    const { otlp, accepted } = source({ tokens });
    const later = rssAt([T0 + 50_000], { 'heroku.app.name': 'shop-pr-7' });
    expect((await send(otlp, { headers: bearer('review-secret'), body: encodeProtobuf([later]) })).status).toBe(200);
    await send(otlp, { headers: bearer('shop-secret') });
    expect(accepted.map(({ boot }) => boot.app)).toEqual(['shop-pr-7', 'shop']);
  });
});
