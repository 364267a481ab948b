import { afterEach, describe, expect, it } from 'vitest';
import { createHerokuPlatform } from '../../../src/adapters/heroku/platform.ts';
import { PlatformError } from '../../../src/model/errors.ts';
import { type RawApi, reply, type Script, startRawApi } from './raw-api.ts';

/** Answers that no platform gives: a proxy may, or whoever stands in the platform's place. */

let api: RawApi | null = null;
afterEach(async () => {
  await api?.stop();
  api = null;
});

async function platformOn(script: Script) {
  api = await startRawApi(script);
  return createHerokuPlatform({ token: 'HRKU-0', apiUrl: api.url });
}

const DEEP = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;

describe('a refusal', () => {
  it('nested deeper than the stack is one without an error body', async () => {
    const platform = await platformOn(reply(403, DEEP));
    await expect(platform.list('shop')).rejects.toThrow(PlatformError);
    const answer = await platform.restart('shop', 'worker.1', () => true);
    expect(answer).toMatchObject({ kind: 'unknown', why: expect.stringMatching(/without the platform's error body/) });
  });

  it('nested deeper than the stack behind its texts is read by its texts', async () => {
    const platform = await platformOn(reply(403, `{"id":"forbidden","message":"No HRKU-0.","params":${DEEP}}`));
    const answer = await platform.restart('shop', 'worker.1', () => true);
    expect(answer).toMatchObject({
      kind: 'refused',
      errorId: 'forbidden',
      message: expect.stringMatching(/^No \[redacted\]/),
    });
  });

  it('whose texts are none is no error body of the platform', async () => {
    const platform = await platformOn(reply(403, { id: 'forbidden', message: {}, resource: 7 }));
    expect(await platform.restart('shop', 'worker.1', () => true)).toMatchObject({ kind: 'unknown', status: 403 });
  });

  it('of 4 MB proves nothing about a restart, and keeps its status', async () => {
    const platform = await platformOn(
      reply(401, `{"id":"unauthorized","message":"No.","x":[${'{},'.repeat(1_000_000)}{}]}`),
    );
    expect(await platform.restart('shop', 'worker.1', () => true)).toMatchObject({ kind: 'unknown', status: 401 });
    await expect(platform.list('shop')).rejects.toMatchObject({ status: 401 });
  });
});

describe('an answer', () => {
  it('with more values than any list of dynos is refused before it is parsed', async () => {
    const platform = await platformOn(reply(200, `[${'{},'.repeat(1_000_000)}{}]`));
    await expect(platform.list('shop')).rejects.toThrow(/more than 500000 values/);
  });

  it('in pieces of one byte is ended', async () => {
    const platform = await platformOn((socket) => {
      socket.write('HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n');
      socket.write('1\r\n[\r\n'.repeat(100_000));
    });
    await expect(platform.list('shop')).rejects.toThrow(/pieces of a few/);
  });

  it('with more digits in RateLimit-Remaining than a count has does not say how many calls are left', async () => {
    const platform = await platformOn(reply(200, '[]', { 'ratelimit-remaining': '9'.repeat(400) }));
    await platform.list('shop');
    expect(platform.rateLimitRemaining()).toBeNull();
  });
});
