import { expect, it, vi } from 'vitest';
import { WorkerInstrumentation } from '../../src/instrument/worker-instrumentation.ts';

function watching() {
  const watch = new WorkerInstrumentation({ maxJobNames: 10, env: {} });
  const flush = vi.spyOn(watch.telemetry, 'flush').mockResolvedValue();
  return { watch, flush };
}

it('flushes when the last worker has closed, whatever is run after its close', async () => {
  const { watch, flush } = watching();
  const worker = { name: 'mails' };
  watch.workerRuns(worker);
  watch.workerRuns({ name: 'mails', closing: Promise.resolve() });
  await watch.workerClosed(worker);
  expect(flush).toHaveBeenCalledTimes(1);
});

it('flushes over the connection of the last worker that ran, whichever others close', async () => {
  const { watch, flush } = watching();
  watch.flushBeforeClosing();
  const worker = { name: 'mails' };
  watch.workerRuns(worker);
  await watch.workerCloses({ name: 'never run' });
  expect(flush).not.toHaveBeenCalled();
  await watch.workerCloses(worker);
  expect(flush).toHaveBeenCalledTimes(1);
});
