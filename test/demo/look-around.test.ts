import { expect, it } from 'vitest';
import { lookAround } from '../../src/demo/look-around.ts';

it('says where to look once the loop has closed, and waits until it is stopped', async () => {
  const stop = new AbortController();
  const printed: string[] = [];
  const print = (text: string) => void printed.push(text);
  const looked = lookAround({ pageUrl: 'http://127.0.0.1:5000/', print, signal: stop.signal });
  expect(printed).toEqual([expect.stringContaining('http://127.0.0.1:5000/\nCtrl-C')]);
  stop.abort();
  await looked;
  expect(printed).toHaveLength(2);
});

it('ends at once where it was stopped before', async () => {
  await lookAround({ pageUrl: 'http://127.0.0.1:5000/', print: () => {}, signal: AbortSignal.abort() });
});
