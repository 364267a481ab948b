import { expect, onTestFinished, test } from 'vitest';
import { createHerokuPlatform } from '../../../src/adapters/heroku/platform.ts';
import { reply, startRawApi } from './raw-api.ts';

/** Each page is a call of the account's budget, which Tidemark shares with every other tool. */
test.each([
  ['one after the other', (page: number) => `id ]${page}..; max=1000`],
  ['the same again and again', () => 'id ]a..; max=1000'],
])('a list with endlessly many small pages is given up: %s', async (_, nextRange) => {
  let pages = 0;
  const api = await startRawApi((socket, head) => {
    pages++;
    reply(206, [], { 'Next-Range': nextRange(pages) })(socket, head);
  });
  onTestFinished(() => api.stop());
  const platform = createHerokuPlatform({ token: 'HRKU-secret', apiUrl: api.url });
  await expect(platform.list('shop')).rejects.toMatchObject({
    code: 'platform-unavailable',
    message: expect.stringContaining('more than 20 pages'),
  });
  expect(pages).toBe(21);
});
