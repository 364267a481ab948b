import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { DrainableWorker } from '../../../src/instrument/drain/drainable-worker.ts';
import { HeldWorker } from '../../../src/instrument/drain/held-worker.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function aWorker(changes: Partial<Record<'running' | 'paused' | 'closing' | 'waiting', boolean>> = {}) {
  const { running = true, paused = false, closing = false, waiting = false } = changes;
  const methods = { _getNextJob: () => {}, moveToActive: () => {}, processJob: () => {} };
  const worker: DrainableWorker = { isRunning: () => running, isPaused: () => paused, closing, waiting, ...methods };
  return new HeldWorker(worker);
}

it.each([
  ['runs, and may fetch a job', {}, false],
  ['is paused by the application', { paused: true }, true],
  ['closes', { closing: true }, true],
  ['never ran, or has ended', { running: false }, true],
])('a worker without jobs that %s, idle: %s', (_what, state, idle) => {
  expect(aWorker(state).isIdle()).toBe(idle);
});

it.each([
  ['runs', {}],
  ['is paused', { paused: true }],
  ['closes, its loop over', { closing: true, running: false }],
])('a worker with a job that %s is not idle', (_what, state) => {
  const held = aWorker(state);
  held.processingBegins();
  held.hold();
  expect(held.isIdle()).toBe(false);
  held.processingEnded();
  expect(held.isIdle()).toBe(true);
});

it('counts a fetch that waits for the end of a pause (before BullMQ 5.40) as no job, one in Redis as possible', () => {
  for (const waiting of [false, true]) {
    const held = aWorker({ paused: true, waiting });
    held.fetchBegins();
    expect(held.isIdle()).toBe(!waiting);
  }
});

it('a version without the methods that a hold needs is idle only when its loop has ended', () => {
  const methods = { isPaused: () => false };
  for (const running of [true, false]) {
    const held = new HeldWorker({ ...methods, isRunning: () => running });
    held.hold();
    expect(held.isIdle()).toBe(!running);
  }
});

it('a fetched job is in hand once, from its fetch to the end of its processing, and so is the next one', () => {
  const held = aWorker();
  held.hold();
  held.fetchBegins();
  held.fetchEnded({});
  expect(held.isIdle()).toBe(false);
  held.processingBegins();
  held.processingEnded({});
  held.processingBegins();
  expect(held.isIdle()).toBe(false);
  held.processingEnded();
  expect(held.isIdle()).toBe(true);
});

it('a job that is processed again after its processing failed is in hand again', () => {
  const held = aWorker();
  held.hold();
  held.processingBegins();
  held.processingFailed();
  held.processingBegins();
  expect(held.isIdle()).toBe(false);
});

it('a parked fetch lets an earlier fetched job run first, but not in the same turn of the event loop', async () => {
  const held = aWorker();
  held.fetchBegins();
  held.fetchEnded({});
  held.hold();
  const answered = vi.fn();
  void held.park().then(answered);
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  expect(answered).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(10);
  expect(answered).toHaveBeenCalledExactlyOnceWith(false);
});
