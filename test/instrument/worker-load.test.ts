import { expect, it } from 'vitest';
import type { DrainableWorker } from '../../src/instrument/drain/drainable-worker.ts';
import { JobsInHand, WorkerLoad } from '../../src/instrument/drain/worker-load.ts';

it.each([
  ['runs and has a job', { running: true, paused: false, closing: false, jobs: 1 }, false],
  ['runs, and may fetch one', { running: true, paused: false, closing: false, jobs: 0 }, false],
  ['is paused and has a job', { running: true, paused: true, closing: false, jobs: 1 }, false],
  ['is paused and has none', { running: true, paused: true, closing: false, jobs: 0 }, true],
  ['never ran, or has ended', { running: false, paused: false, closing: false, jobs: 0 }, true],
  ['closes and has a job, its loop over', { running: false, paused: true, closing: true, jobs: 1 }, false],
  ['closes and has none', { running: false, paused: true, closing: true, jobs: 0 }, true],
])('a worker that %s: %j, idle: %s', (_what, { running, paused, closing, jobs }, idle) => {
  const worker: DrainableWorker = {
    isRunning: () => running,
    isPaused: () => paused,
    pause: async () => {},
    resume: () => {},
    closing,
  };
  const load = new WorkerLoad();
  for (let job = 0; job < jobs; job++) load.of(worker).processingBegins();
  expect(load.isIdle(worker)).toBe(idle);
});

it.each([
  ['runs', true, false],
  ['has ended', false, true],
])('a worker whose loop ends with its jobs and %s, idle: %s', (_what, running, idle) => {
  const worker: DrainableWorker = {
    isRunning: () => running,
    isPaused: () => true,
    pause: async () => {},
    resume: () => {},
    waitForRateLimit: async () => {},
  };
  expect(new WorkerLoad().isIdle(worker)).toBe(idle);
});

it('a job that was fetched is in hand once, from its fetch to the end of its processing', () => {
  const inHand = new JobsInHand();
  inHand.fetchBegins();
  inHand.ended({});
  expect(inHand.isEmpty).toBe(false);
  inHand.processingBegins();
  // Its end fetched the next one, which is in hand from here.
  inHand.ended({});
  inHand.processingBegins();
  expect(inHand.isEmpty).toBe(false);
  inHand.ended(undefined);
  expect(inHand.isEmpty).toBe(true);
});

it('a job that is processed again after its processing failed is in hand again', () => {
  const inHand = new JobsInHand();
  inHand.processingBegins();
  inHand.failed();
  expect(inHand.isEmpty).toBe(true);
  inHand.processingBegins();
  expect(inHand.isEmpty).toBe(false);
});
