import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { afterEach, expect, it, vi } from 'vitest';
import { OtlpPost } from '../../src/instrument/export/otlp/otlp-post.ts';
import { afterLoopTime } from '../../src/instrument/patience.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const one of undo.splice(0).reverse()) await one();
});

/** Of the cells that both threads see. */
const ANSWERED = 0;
const WAITING = 1;

/** A receiver in a thread of its own, which goes on while this one stands still. */
const RECEIVER = `
const { workerData: cells, parentPort } = require('node:worker_threads');
const server = require('node:http').createServer((request, response) => {
  request.resume();
  response.end('{}', () => Atomics.store(cells, ${ANSWERED}, 1));
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

it('takes an answer that has come in while a job blocked the event loop for longer than the time-out', async () => {
  const cells = new Int32Array(new SharedArrayBuffer(8));
  const receiver = new Worker(RECEIVER, { eval: true, workerData: cells });
  undo.push(() => receiver.terminate());
  const [port] = await once(receiver, 'message');
  const timeoutMs = 100;
  const url = `http://127.0.0.1:${port}/v1/metrics`;
  const post = new OtlpPost({ url, headers: () => ({}), compression: 'none', timeoutMs, env: {} });
  undo.push(() => post.close());
  const answered = post.post(new TextEncoder().encode('{}'));
  // The request is on its way once the socket is connected; from then on this thread does not look at it.
  let isOver = false;
  const end = () => {
    isOver = true;
  };
  void answered.then(end, end);
  while (!isOver && Atomics.load(cells, ANSWERED) === 0) {
    await turn();
    Atomics.wait(cells, WAITING, 0, 3 * timeoutMs);
  }
  expect((await answered).toString()).toBe('{}');
});

it('passes after its time when the loop runs, and never when it was cancelled', async () => {
  vi.useFakeTimers();
  const [passed, cancelled] = [vi.fn(), vi.fn()];
  afterLoopTime(1000, passed);
  afterLoopTime(1000, cancelled)();
  await vi.advanceTimersByTimeAsync(999);
  expect(passed).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(passed).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(passed).toHaveBeenCalledTimes(1);
  expect(cancelled).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});
