import { expect, it } from 'vitest';
import type { DrainableWorker } from '../../src/instrument/drainable-worker.ts';
import { WorkerLoad } from '../../src/instrument/worker-load.ts';

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
  for (let job = 0; job < jobs; job++) load.processingBegins(worker, {});
  expect(load.isIdle(worker)).toBe(idle);
});
