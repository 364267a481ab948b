import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { BodiesInFlight } from '../../../src/sources/bodies-in-flight.ts';
import { BOOT_ID, basic, framed, OTHER_ID, sample, source, syslog, T0 } from './drain-requests.ts';

const MIB = 2 ** 20;
const LINE = syslog('heroku worker.1', sample('79.40'));

describe('a line of log-runtime-metrics', () => {
  it('is a measurement of the whole dyno, under the id of its boot', async () => {
    const { send, accepted } = source();
    const response = await send({ body: framed(syslog('heroku worker.1', sample('600.50', { swap: '10.00' }))) });
    expect(response.status).toBe(204);
    expect(accepted).toHaveLength(1);
    expect(accepted[0]).toMatchObject({
      boot: {
        app: 'shop',
        dyno: 'worker.1',
        processType: 'worker',
        bootId: BOOT_ID,
        bootIdSource: 'platform',
        startTimeMs: null,
        release: null,
      },
      timeMs: T0,
      rssBytes: null,
      treeResidentBytes: 600.5 * MIB,
      treeSwapBytes: 10 * MIB,
      limitBytes: 512 * MIB,
      activeJobs: null,
    });
  });

  it('leaves the page cache out, also where only the total is given', async () => {
    const { send, accepted } = source();
    const message =
      `source=web.1 dyno=heroku.1.${BOOT_ID} sample#memory_total=100.00MB sample#memory_cache=20.00MB ` +
      'sample#memory_swap=10.00MB';
    await send({ body: framed(syslog('heroku web.1', message)) });
    expect(accepted[0]).toMatchObject({ treeResidentBytes: 70 * MIB, treeSwapBytes: 10 * MIB, limitBytes: null });
  });

  it('is believed from Heroku alone: an app can print the same words', async () => {
    const { send, accepted } = source();
    const response = await send({ body: framed(syslog('app worker.1', sample('79.40'))) });
    expect(response.status).toBe(204);
    expect(accepted).toEqual([]);
  });

  it('is found between lines of any other kind, with lengths in bytes', async () => {
    const { send, accepted } = source();
    const body = framed(
      syslog('app web.1', 'größer ☃ than ascii'),
      syslog('heroku router', 'at=info method=GET path="/" status=200'),
      syslog('heroku worker.1', `source=worker.1 dyno=heroku.1.${BOOT_ID} sample#load_avg_1m=2.46`),
      'no syslog at all',
      LINE,
      syslog('heroku worker.1', 'x'.repeat(9_000)),
    );
    expect((await send({ body })).status).toBe(204);
    expect(accepted).toHaveLength(1);
  });

  it('knows start and release of a boot from the lines before it', async () => {
    const { send, accepted } = source();
    const at = (seconds: number) => T0 - 30_000 + seconds * 1000;
    const old = { bootId: OTHER_ID };
    await send({ body: framed(syslog('heroku worker.1', sample('90.00', old), at(1))) });
    const body = framed(
      syslog('app api', 'Deploy 1a2b3c4d by user dev@example.com', at(2)),
      syslog('app api', 'Release v12 created by user dev@example.com', at(2)),
      syslog('heroku worker.1', sample('91.00', old), at(3)),
      syslog('heroku worker.1', 'State changed from up to starting', at(4)),
      syslog('heroku worker.1', sample('92.00', old), at(5)),
      syslog('heroku worker.1', 'State changed from starting to up', at(10)),
      syslog('heroku worker.1', sample('40.00'), at(20)),
    );
    await send({ body });
    const boots = new Map(accepted.map(({ boot }) => [boot.bootId, boot]));
    expect(boots.get(OTHER_ID)).toMatchObject({ release: null, startTimeMs: null });
    expect(boots.get(BOOT_ID)).toMatchObject({ release: 'v12', startTimeMs: at(4) });
  });
});

describe('R14 and R15', () => {
  it('are passed on with their dyno and time', async () => {
    const { send, errors } = source();
    await send({
      body: framed(
        syslog('heroku worker.1', 'Process running mem=736M(143.8%)'),
        syslog('heroku worker.1', 'Error R14 (Memory quota exceeded)'),
        syslog('heroku worker.2', 'Error R15 (Memory quota vastly exceeded)'),
        syslog('app worker.3', 'Error R14 (Memory quota exceeded)'),
      ),
    });
    expect(errors).toEqual([
      { app: 'shop', dyno: 'worker.1', code: 'R14', timeMs: T0 },
      { app: 'shop', dyno: 'worker.2', code: 'R15', timeMs: T0 },
    ]);
  });

  it('count once where Logplex repeats a frame whose answer it did not see', async () => {
    const { send, errors, accepted, counts } = source();
    const body = framed(syslog('heroku worker.1', 'Error R14 (Memory quota exceeded)'), LINE);
    const headers = { 'logplex-frame-id': '09C557EAFCFB6CF2740EE62F62971098', 'logplex-msg-count': '2' };
    expect((await send({ body, headers })).status).toBe(204);
    expect((await send({ body, headers })).status).toBe(204);
    expect(errors).toHaveLength(1);
    expect(accepted).toHaveLength(1);
    expect(counts().duplicate).toBe(0);
    await send({ body, headers: { 'logplex-frame-id': '09C557EAFCFB6CF2740EE62F62971099' } });
    expect(errors).toHaveLength(2);
    expect(counts().duplicate).toBe(3);
  });

  it('are not lost where the first try of a frame was refused', async () => {
    let isReady = false;
    const { send, errors } = source({ ready: () => isReady });
    const sent = {
      body: framed(syslog('heroku worker.1', 'Error R14 (Memory quota exceeded)')),
      headers: { 'logplex-frame-id': 'one' },
    };
    const refused = await send(sent);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    isReady = true;
    expect((await send(sent)).status).toBe(204);
    expect(errors).toHaveLength(1);
  });
});

describe('the app of a drain', () => {
  const tokens = [
    { app: 'shop', token: 'good' },
    { app: 'blog', token: 'blog-token' },
    { app: 'shop-pr-*', token: 'review' },
    { app: '*', token: 'all' },
  ];
  it.each([
    ['is that of its token', 'good', null, 204, 'shop', []],
    ['may be named by the path too', 'good', 'shop', 204, 'shop', []],
    ['is named by the path where a token covers several', 'all', 'blog', 204, 'blog', []],
    ['may be a review app', 'review', 'shop-pr-7', 204, 'shop-pr-7', []],
    ['must be known', 'all', null, 404, null, ['log-app-unknown']],
    ['must be known for review apps too', 'review', null, 404, null, ['log-app-unknown']],
    ['must be covered by the token', 'good', 'blog', 403, null, ['wrong-app']],
    ['must have the name of an app', 'all', 'No App', 404, null, ['log-app-unknown']],
  ])('%s', async (_, token, app, status, known, refusals) => {
    const { send, accepted, refused } = source({ tokens });
    expect((await send({ body: framed(LINE), headers: basic(token), app })).status).toBe(status);
    expect(accepted[0]?.boot.app ?? null).toBe(known);
    expect(refused).toEqual(refusals);
  });

  it.each([
    ['the user', basic('good')],
    ['the password', basic('drain', 'good')],
    ['a Bearer token', { authorization: 'Bearer good' }],
  ])('comes with a token as %s', async (_, headers) => {
    expect((await source().send({ body: framed(LINE), headers })).status).toBe(204);
  });

  it('is refused without a good token, and nothing says which are', async () => {
    const { send, refused } = source();
    const response = await send({ body: framed(LINE), headers: basic('bad') });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Basic realm="tidemark"');
    expect(await response.text()).not.toContain('good');
    expect(refused).toEqual(['no-token']);
  });

  it('is taken from this machine alone where no token is set', async () => {
    const { send, refused } = source({ tokens: [] });
    expect((await send({ body: framed(LINE), app: 'shop', from: '127.0.0.1' })).status).toBe(204);
    expect((await send({ body: framed(LINE), app: 'shop' })).status).toBe(403);
    expect(refused).toEqual(['only-this-machine']);
  });
});

/** 3.6 MB in 1.8 MB. */
const LARGE_GZIP = gzipSync(framed(...Array.from({ length: 400 }, () => randomBytes(4_500).toString('hex'))));
const GZIP = { 'content-encoding': 'gzip' };

describe('what is no drain', () => {
  it.each([
    ['another method', { method: 'GET' }, 405, []],
    ['another type', { headers: { 'content-type': 'application/json' } }, 415, ['log-unreadable']],
    ['a body without frames', { body: LINE }, 400, ['log-unreadable']],
    ['a frame that is cut off', { body: framed(LINE).slice(0, -1) }, 400, ['log-unreadable']],
    ['a length that is no number', { body: `1x ${LINE}` }, 400, ['log-unreadable']],
    ['an endless length', { body: '9'.repeat(1000) }, 400, ['log-unreadable']],
    ['a large body', { body: new Uint8Array(3 * MIB) }, 413, ['too-large']],
    ['a body that is large after decompression', { body: LARGE_GZIP, headers: GZIP }, 413, ['too-large']],
    ['too many lines', { body: '0 '.repeat(100_001) }, 413, ['too-large']],
  ])('%s is refused', async (_, sent, status, refusals) => {
    const { send, refused, accepted } = source();
    expect((await send(sent)).status).toBe(status);
    expect(refused).toEqual(refusals);
    expect(accepted).toEqual([]);
  });

  it('waits with the same budget as OTLP, so that both together hold no more than one may', async () => {
    const inFlight = new BodiesInFlight({ maxBytes: 1000, maxBodies: 10, maxSenderFraction: 1 });
    const held = inFlight.begin('an OTLP sender', 900);
    const { send } = source({ inFlight });
    const sent = { body: framed(LINE), headers: { 'content-length': String(framed(LINE).length) } };
    const response = await send(sent);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5']);
    held?.end();
    expect((await send(sent)).status).toBe(204);
  });

  it('an empty body is what a drain sends when it is added, and is taken', async () => {
    expect((await source().send()).status).toBe(204);
  });
});
