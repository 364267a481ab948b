import { isSdkDisabled } from '../shared/otel-environment.ts';
import type { WorkerMethods } from './bullmq/bullmq-patch.ts';
import { logToConsole } from './console-logger.ts';
import { guarded } from './diagnostics.ts';
import { sayDisabled } from './disabled.ts';
import { followInThread } from './drain/thread-drain.ts';
import { announceBullmq } from './identity/threads.ts';
import { readWorkerSettings } from './settings.ts';
import { exportStandalone } from './standalone.ts';
import { processWatch, type WorkerInstrumentation } from './worker-instrumentation.ts';

let watch: WorkerInstrumentation | null = null;

/**
 * What `register` does each time it finds BullMQ: it starts to measure the first time, and follows the workers of every
 * class. Workers in other threads are followed in their thread; `threadHasWorker` reports the first one. Never throws.
 *
 * @public loaded by `register` at run time, so that no import shows it
 */
export function start(workerPrototype: WorkerMethods | null, threadHasWorker: boolean): void {
  guarded('starting', () => {
    if (isSdkDisabled(process.env)) return sayDisabled(workerPrototype);
    watch ??= begin();
    if (threadHasWorker) watch.voice.workerRuns();
    if (workerPrototype !== null) watch.follow(workerPrototype);
  });
}

/**
 * The same in a worker thread, where nothing is measured: its workers are held in a drain, and the main thread is
 * notified of them. Never throws.
 *
 * @public loaded by `register` at run time
 */
export function startInThread(workerPrototype: WorkerMethods | null): void {
  guarded('following the workers of a thread', () => {
    if (workerPrototype === null) announceBullmq(null);
    else followInThread(workerPrototype);
  });
}

function begin(): WorkerInstrumentation {
  logToConsole(process.env.OTEL_LOG_LEVEL);
  const settings = readWorkerSettings(process.env);
  const started = processWatch({ maxJobNames: settings.maxJobNames, env: process.env });
  for (const fault of settings.faults) started.voice.say(fault);
  exportStandalone(started);
  return started;
}
