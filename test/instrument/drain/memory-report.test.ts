import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { drainOfProcess } from '../../../src/instrument/drain/drain-of-process.ts';
import { MemoryReporter } from '../../../src/instrument/memory-report/memory-reporter.ts';
import { memoryReportKeyNames } from '../../../src/shared/memory-report-messages.ts';
import { FakeRedis, makeWorkerClass } from '../fake-worker.ts';
import { A_LOOK_MS, aProcess, pass, promise } from './drained-process.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A reporter that always samples. */
function aReporter() {
  const keys = memoryReportKeyNames({ app: 'shop', bootId: 'boot-1' });
  if (keys === null) throw new Error('no keys');
  const callFrame = { functionName: 'leak', url: '/app/a.js', lineNumber: 0, columnNumber: 0 };
  const reporter = new MemoryReporter({
    keys,
    processId: 'process-1',
    threadId: 0,
    root: '/app',
    nowMs: () => Date.now(),
    hasHeadroom: () => true,
    startSampling: async () => ({ take: async () => ({ callFrame, selfSize: 1, children: [] }), drop: () => {} }),
  });
  reporter.see(2 ** 40);
  return reporter;
}

it('is written when the drain begins, and with the samples before the process says that it is idle', async () => {
  const reporter = aReporter();
  const { redis, running, answer } = aProcess({ reporter });
  const job = promise();
  const worker = running();
  worker.add('long', job.promise);
  await pass(0);
  // The first look has found nobody who asks for samples.
  reporter.see(2 ** 40);
  redis.attemptId = 'first';
  await pass(A_LOOK_MS);
  expect(answer()).toMatchObject({ idle: false });
  expect(redis.writes.filter((name) => name === 'tidemark:report')).toHaveLength(1);
  redis.writes.length = 0;
  job.resolve();
  await pass(A_LOOK_MS);
  expect(answer()).toMatchObject({ idle: true });
  expect(redis.writes.filter((name) => name === 'tidemark:report')).toHaveLength(1);
  // What precedes it are answers that say "not idle".
  expect(redis.writes.indexOf('tidemark:report')).toBeLessThan(redis.writes.lastIndexOf('tidemark:answer'));
});

it('that cannot be written does not keep the process from saying that it is idle', async () => {
  const { redis, running, answer } = aProcess({ reporter: aReporter() });
  running();
  const write = redis.runCommand.bind(redis);
  redis.runCommand = (name, args) =>
    name === 'tidemark:report' ? Promise.reject(new Error('OOM command not allowed')) : write(name, args);
  redis.attemptId = 'first';
  await pass(A_LOOK_MS);
  expect(answer()).toMatchObject({ idle: true });
});

it.each([
  ['true', true],
  ['false', false],
  ['perhaps', true],
])('is written with TIDEMARK_MEMORY_REPORT=%s: %s', async (setting, isWritten) => {
  const env = { DYNO: 'worker.1', HEROKU_APP_NAME: 'shop', HEROKU_DYNO_ID: 'boot-1', TIDEMARK_MEMORY_REPORT: setting };
  const drain = drainOfProcess(env, () => Date.now());
  if (drain === null) throw new Error('no drain');
  const redis = new FakeRedis();
  const { FakeWorker } = makeWorkerClass(drain, redis);
  void new FakeWorker().run();
  redis.attemptId = 'first';
  await pass(A_LOOK_MS);
  drain.stop();
  expect(redis.writes.includes('tidemark:report')).toBe(isWritten);
});
